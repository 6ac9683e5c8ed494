"""Which files of a repository make a model."""

from __future__ import annotations

import pytest

from cloche.errors import HubFailed
from cloche.models.hub import HubFile, Repo
from cloche.models.hub_models import cards_of, groups_of, projector_for
from cloche.models.quantisations import advice_on, quantisation_in

FACTS = {"architecture": "llama", "context_length": 131_072, "total": 1_000_000_000}


def files(*paths: str) -> list[HubFile]:
    return [HubFile(path, 100, "") for path in paths]


def repo(*paths: str, task: str = "", name: str = "someone/Toy-GGUF") -> Repo:
    return Repo(name, "c" * 40, files(*paths), "mit", task, [], FACTS)


def test_each_quantisation_is_a_variant_with_the_best_projector() -> None:
    cards = cards_of(
        repo("Toy-Q4_K_M.gguf", "Toy-Q8_0.gguf", "mmproj-Toy-f16.gguf", "mmproj-Toy-Q8_0.gguf", "README.md")
    )
    assert [card.quantisation for card in cards] == ["Q4_K_M", "Q8_0"]
    assert [card.id for card in cards] == ["someone-toy-q4_k_m", "someone-toy-q8_0"]
    for card in cards:
        assert card.files[1].name == "mmproj-Toy-Q8_0.gguf"
        assert card.modalities == ["text", "image"]
        assert (card.context_window, card.trained_context) == (4096, 131_072)
        assert card.licence == "mit"


def test_a_projector_goes_to_the_model_of_its_name() -> None:
    listed = files("mmproj-small-F16.gguf", "mmproj-large-F16.gguf", "small-Q8_0.gguf", "large-Q8_0.gguf")
    projector = projector_for(HubFile("large-Q8_0.gguf", 1, ""), listed)
    assert projector is not None
    assert projector.path == "mmproj-large-F16.gguf"


def test_split_models_are_one_and_incomplete_ones_none() -> None:
    groups = groups_of(
        files(
            "b/x-00002-of-00002.gguf", "b/x-00001-of-00002.gguf", "y-00001-of-00003.gguf", "lora-z.gguf", "mmproj.gguf"
        )
    )
    assert [[file.path for file in group] for group in groups] == [
        ["b/x-00001-of-00002.gguf", "b/x-00002-of-00002.gguf"]
    ]


def test_a_repository_without_gguf_says_what_to_look_for() -> None:
    with pytest.raises(HubFailed, match="safetensors") as failed:
        cards_of(repo("model.safetensors", "config.json"))
    assert "GGUF" in failed.value.action


@pytest.mark.parametrize(
    ("task", "name", "purpose"),
    [("", "a/chat-GGUF", "chat"), ("sentence-similarity", "a/b", "embedding"), ("", "a/bge-reranker-GGUF", "rerank")],
)
def test_what_a_model_is_for(task: str, name: str, purpose: str) -> None:
    assert cards_of(repo("x-Q8_0.gguf", task=task, name=name))[0].purpose == purpose


@pytest.mark.parametrize(
    ("name", "quantisation"),
    [
        ("SmolLM2-135M-Instruct-Q8_0.gguf", "Q8_0"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "Q4_K_M"),
        ("nomic-embed-text-v1.5.Q8_0.gguf", "Q8_0"),
        ("model-UD-IQ2_XXS.gguf", "UD-IQ2_XXS"),
        ("mmproj-model-f16.gguf", "F16"),
        ("gemma-3-1b-it-BF16.gguf", "BF16"),
        ("Qwen3-0.6B.gguf", ""),
        ("Llama-3.2-1B-Instruct-Q4_0_4_4.gguf", "Q4_0_4_4"),
    ],
)
def test_the_quantisation_is_in_the_name(name: str, quantisation: str) -> None:
    assert quantisation_in(name) == quantisation


def test_q8_is_recommended_without_a_gpu_and_q4_with_one() -> None:
    assert "Recommended" in advice_on("Q8_0", on_gpu=False)
    assert "Recommended" not in advice_on("Q4_K_M", on_gpu=False)
    assert "Recommended" in advice_on("Q4_K_M", on_gpu=True)
    assert "As fast as Q8_0" in advice_on("Q4_0", on_gpu=False, fast_engine=True)
