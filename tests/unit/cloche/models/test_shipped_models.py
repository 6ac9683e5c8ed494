"""What the app ships: the catalogue and the starter's files pass the checks that it makes of others."""

from __future__ import annotations

import json
from pathlib import Path

from cloche.models.catalogue import CatalogueFile
from cloche.models.gguf_header import read_header
from cloche.models.gguf_model import ModelPart, card_of
from cloche.models.hub import PUBLIC_HUB
from cloche.models.webllm_models import cards_from

PUBLIC = Path(__file__).resolve().parents[4] / "public"
STARTER = PUBLIC / "models" / "starter"


def test_the_catalogue_is_whole() -> None:
    catalogue = CatalogueFile.model_validate_json((PUBLIC / "catalogue.json").read_text()).llamacpp
    ids = [card.id for card in catalogue]
    assert len(set(ids)) == len(ids) >= 15
    assert {"embedding", "rerank", "chat"} == {card.purpose for card in catalogue}
    for card in catalogue:
        assert card.repo, card.id
        assert card.parameter_count > 0, card.id
        assert card.memory_bytes > 0, card.id
        assert card.abilities, card.id
        assert card.quantisation, card.id
        assert ("projector" in {file.role for file in card.files}) == ("image" in card.modalities), card.id
        for file in card.files:
            assert file.url == f"hub:{card.repo}/resolve/main/{file.name}"
    raw = json.loads((PUBLIC / "catalogue.json").read_text())
    assert len({note["prefix"] for note in raw["webllm"]}) == len(raw["webllm"])


def test_a_webllm_model_that_sees_has_room_for_one_picture_beside_text() -> None:
    notes = CatalogueFile.model_validate_json((PUBLIC / "catalogue.json").read_text()).webllm
    entry = {
        "model_id": "Phi-3.5-vision-instruct-q4f32_1-MLC",
        "model": f"{PUBLIC_HUB}/mlc-ai/Phi-3.5-vision-instruct-q4f32_1-MLC",
        "model_lib": "https://raw.githubusercontent.com/libs/phi.wasm",
        "overrides": {"context_window_size": 4096},
        "model_type": 2,
    }
    [card] = cards_from([entry], notes)
    assert card.modalities == ["text", "image"]
    # WebLLM scales every picture up to at most 16 tiles of 12 x 12 tokens, each row of them with one to end it, beside
    # a view of the whole. By far the narrowest picture takes most: 16 tiles one above the other.
    assert card.image_tokens == 16 * 12 * (12 + 1) + 1 + 12 * (12 + 1)
    assert card.max_images == (card.context_window - 512) // card.image_tokens == 1


def test_the_starters_own_files_are_read() -> None:
    for name, architecture in (("cloche-starter-q8_0.gguf", "llama"), ("mmproj-cloche-starter-q8_0.gguf", "clip")):
        data = (STARTER / name).read_bytes()
        header = read_header(name, data[: 2**20], len(data))
        assert header.text("general.architecture") == architecture
        assert header.tensors > 10
        assert header.parameters > 1_000_000


def test_a_model_with_its_picture_encoder() -> None:
    parts = []
    for name in ("mmproj-cloche-starter-q8_0.gguf", "cloche-starter-q8_0.gguf"):
        data = (STARTER / name).read_bytes()
        parts.append(ModelPart(name, len(data), read_header(name, data, len(data))))
    card = card_of(parts)
    assert card.modalities == ["text", "image"]
    assert [file.role for file in card.files] == ["weights", "projector"]
    assert card.quantisation == "Q8_0"
    assert card.source == "added"
    assert 2_000_000 < card.parameter_count < 4_000_000
