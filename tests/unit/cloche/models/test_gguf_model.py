"""From headers to a card, and the refusals of what is sound but no model."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.cloche.models.gguf_bytes import VALUES, gguf

from cloche.errors import BadModelFile
from cloche.models.gguf_header import read_header
from cloche.models.gguf_model import ModelPart, card_of


def part(name: str, values: dict[str, Any] | None = None, url: str = "") -> ModelPart:
    data = gguf(values)
    return ModelPart(name, len(data), read_header(name, data, len(data)), url)


def split(number: int, count: int, values: dict[str, Any] | None = None) -> ModelPart:
    own = {"split.no": ("I", number), "split.count": ("I", count)}
    return part(f"toy-{number + 1:05}-of-{count:05}.gguf", {**(values or {}), **own})


def test_context_quantisation_and_memory_come_from_the_header() -> None:
    card = card_of([part("toy.Q8_0.gguf", {**VALUES, "llama.context_length": ("I", 131_072)})])
    assert card.name == "Toy (Q8_0)"
    assert card.quantisation == "Q8_0"
    assert (card.context_window, card.trained_context) == (4096, 131_072)
    assert card.memory_bytes > 2 * 4096 * 2 * 4 * 32


def test_parts_of_a_split_model_are_put_in_order() -> None:
    card = card_of([split(1, 3), split(0, 3, VALUES), split(2, 3)])
    assert [file.name for file in card.files] == [f"toy-0000{n}-of-00003.gguf" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([part("mmproj.gguf", {"general.architecture": "clip"})], "only a picture encoder"),
        ([part("x.gguf", {"general.architecture": "llama", "general.type": "adapter"})], "only a LoRA adapter"),
        ([part("x.gguf", {"general.name": "nameless"})], "which kind"),
        ([part("x.gguf", {"general.architecture": "llama"})], "no vocabulary"),
        ([part("a.gguf"), part("b.gguf")], "more than one model"),
        ([split(0, 3, VALUES), split(2, 3)], "missing: 2"),
        ([split(0, 2, VALUES), split(0, 2, VALUES)], "not the parts"),
        ([split(0, 65_000, VALUES)], "missing: most"),
    ],
)
def test_what_is_no_whole_model_is_refused(parts: list[ModelPart], why: str) -> None:
    with pytest.raises(BadModelFile, match=why):
        card_of(parts)


@pytest.mark.parametrize(("pooling", "purpose"), [(0, "chat"), (1, "embedding"), (4, "rerank")])
def test_pooling_tells_what_a_model_is_for(pooling: int, purpose: str) -> None:
    assert card_of([part("x.gguf", {**VALUES, "llama.pooling_type": ("I", pooling)})]).purpose == purpose


def test_a_model_without_a_chat_template_says_so() -> None:
    values = {key: value for key, value in VALUES.items() if key != "tokenizer.chat_template"}
    assert "chat template" in card_of([part("x.gguf", values)]).limits[0]
