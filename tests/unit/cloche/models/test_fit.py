"""Verdicts about models on devices of all kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloche.engine_contract import Device, Measured
from cloche.model_shapes import ModelCard
from cloche.models.catalogue import CatalogueFile
from cloche.models.fit import best_of, fit_of, memory_of, size_of, smaller_than, with_alternatives
from cloche.models.webllm_models import cards_from

PUBLIC = Path(__file__).resolve().parents[4] / "public"
LAPTOP = Device(isolated=True, processors=8, memory_gb=8, quota_bytes=100_000_000_000)
GPU = LAPTOP.model_copy(
    update={"gpu": True, "gpu_features": ["shader-f16"], "gpu_buffer_bytes": 2**31, "gpu_description": "test"}
)
MEASURED = Measured(cpu_gflops=1.5, free_cores=6.0)


def webllm(**more: Any) -> ModelCard:
    entry = {
        "model": "https://huggingface.co/mlc-ai/Toy-1B-q4f16_1-MLC",
        "model_id": "Toy-1B-q4f16_1-MLC",
        "model_lib": "https://raw.githubusercontent.com/x/toy.wasm",
        "vram_required_MB": 900,
        **more,
    }
    return cards_from([entry], [])[0]


@pytest.fixture(scope="module")
def catalogue() -> list[ModelCard]:
    return CatalogueFile.model_validate_json((PUBLIC / "catalogue.json").read_text()).llamacpp


def by_id(cards: list[ModelCard], model_id: str) -> ModelCard:
    return next(card for card in cards if card.id == model_id)


def test_a_small_model_runs_on_a_laptop_at_an_estimated_speed(catalogue: list[ModelCard]) -> None:
    fit = fit_of(by_id(catalogue, "smollm2-360m-instruct-q8_0"), LAPTOP, MEASURED)
    assert fit.verdict == "runs"
    assert fit.tokens_per_second is not None
    assert fit.tokens_per_second > 10
    assert fit.estimated
    assert "processor" in fit.reason


def test_without_a_measurement_there_is_a_verdict_but_no_speed(catalogue: list[ModelCard]) -> None:
    fit = fit_of(by_id(catalogue, "smollm2-360m-instruct-q8_0"), LAPTOP, None)
    assert (fit.verdict, fit.tokens_per_second) == ("runs", None)


def test_q4_is_about_half_as_fast_as_q8_without_a_gpu(catalogue: list[ModelCard]) -> None:
    q8, q4 = (
        fit_of(by_id(catalogue, f"lfm2-vl-450m-{name}"), LAPTOP, MEASURED).tokens_per_second
        for name in ("q8_0", "q4_0")
    )
    assert q8 is not None
    assert q4 is not None
    assert 1.8 < q8 / q4 < 2.2


def test_the_fast_engine_reads_both_equally_fast_on_one_thread(catalogue: list[ModelCard]) -> None:
    fast = LAPTOP.model_copy(update={"fast_engine": True})
    speeds = [
        fit_of(by_id(catalogue, f"lfm2-vl-450m-{name}"), fast, MEASURED).tokens_per_second for name in ("q8_0", "q4_0")
    ]
    assert speeds[0] == speeds[1]
    more_cores = MEASURED.model_copy(update={"free_cores": 12.0})
    assert fit_of(by_id(catalogue, "lfm2-vl-450m-q8_0"), fast, more_cores).tokens_per_second == speeds[0]


def test_one_thread_without_isolation(catalogue: list[ModelCard]) -> None:
    card = by_id(catalogue, "smollm2-360m-instruct-q8_0")
    alone = fit_of(card, LAPTOP.model_copy(update={"isolated": False}), MEASURED).tokens_per_second
    together = fit_of(card, LAPTOP, MEASURED).tokens_per_second
    assert alone is not None
    assert together is not None
    assert together / alone == pytest.approx(6, rel=0.05)


@pytest.mark.parametrize(
    ("change", "model_id", "why"),
    [
        ({}, "llava-v1.5-7b-q4_0", "can hold"),
        ({"memory_gb": 1}, "qwen3-1.7b-q8_0", "1 GB in all"),
        (
            {"quota_bytes": 2_000_000_000, "used_bytes": 1_800_000_000},
            "qwen2.5-0.5b-instruct-q8_0",
            "leaves this page 200 MB",
        ),
    ],
)
def test_what_does_not_run_here_says_why(
    catalogue: list[ModelCard], change: dict[str, Any], model_id: str, why: str
) -> None:
    fit = fit_of(by_id(catalogue, model_id), LAPTOP.model_copy(update=change), MEASURED)
    assert fit.verdict == "cannot"
    assert why in fit.reason
    assert fit.tokens_per_second is None


def test_an_installed_model_needs_no_more_room(catalogue: list[ModelCard]) -> None:
    full = LAPTOP.model_copy(update={"quota_bytes": 10, "used_bytes": 10})
    card = by_id(catalogue, "qwen2.5-0.5b-instruct-q8_0")
    assert fit_of(card, full, None, installed=True).verdict == "runs"


@pytest.mark.parametrize(
    ("device", "card", "verdict", "why"),
    [
        (LAPTOP, webllm(), "cannot", "no graphics adapter"),
        (GPU, webllm(), "runs", "graphics adapter"),
        (GPU.model_copy(update={"gpu_features": []}), webllm(), "cannot", "shader-f16"),
        (GPU, webllm(buffer_size_required_bytes=2**32), "cannot", "buffer"),
        (GPU.model_copy(update={"gpu_workgroup_bytes": 16_384}), webllm(), "cannot", "too small"),
        (GPU.model_copy(update={"gpu_stage_buffers": 8}), webllm(), "cannot", "too small"),
        (GPU.model_copy(update={"gpu_workgroup_bytes": 32_768, "gpu_stage_buffers": 10}), webllm(), "runs", "adapter"),
        (GPU, webllm(model_type=1), "cannot", "llama.cpp only"),
        (
            GPU.model_copy(update={"gpu_software": True, "gpu_features": []}),
            webllm(model_id="Toy-1B-q4f32_1-MLC"),
            "slow",
            "imitated",
        ),
    ],
)
def test_webllm_is_offered_only_where_the_adapter_allows_it(
    device: Device, card: ModelCard, verdict: str, why: str
) -> None:
    fit = fit_of(card, device, None)
    assert fit.verdict == verdict
    assert why in fit.reason


def test_a_model_that_cannot_run_comes_with_one_that_can(catalogue: list[ModelCard]) -> None:
    fits = {card.id: fit_of(card, LAPTOP, MEASURED) for card in catalogue}
    with_alternatives(catalogue, fits, LAPTOP, MEASURED)
    alternative = fits["llava-v1.5-7b-q4_0"].alternative
    assert alternative is not None
    assert "image" in by_id(catalogue, alternative).modalities
    assert fits[alternative].verdict != "cannot"
    assert all(fit.alternative is None for fit in fits.values() if fit.verdict != "cannot")


def test_an_embedding_model_that_nothing_here_can_use_leads_to_one_that_serves(catalogue: list[ModelCard]) -> None:
    other = webllm(model_type=1)
    cards = [other, *catalogue]
    fits = {card.id: fit_of(card, GPU, MEASURED) for card in cards}
    with_alternatives(cards, fits, GPU, MEASURED)
    alternative = fits[other.id].alternative
    assert alternative is not None
    assert by_id(catalogue, alternative).purpose == "embedding"


def test_a_faster_device_gets_a_larger_recommendation(catalogue: list[ModelCard]) -> None:
    slow = best_of(catalogue, LAPTOP, Measured(cpu_gflops=0.5, free_cores=2.0))
    fast = best_of(catalogue, LAPTOP, Measured(cpu_gflops=2.0, free_cores=8.0))
    assert slow is not None
    assert fast is not None
    assert slow.parameter_count < fast.parameter_count
    assert slow.purpose == fast.purpose == "chat"


def test_a_model_without_room_in_memory_is_followed_by_a_clearly_smaller_one_of_its_kind(
    catalogue: list[ModelCard],
) -> None:
    large = by_id(catalogue, "qwen2-vl-2b-instruct-q4_k_m")
    smaller = smaller_than(large, catalogue, LAPTOP, MEASURED)
    assert smaller is not None
    assert "image" in smaller.modalities
    assert memory_of(smaller, size_of(smaller)[0]) <= 0.75 * memory_of(large, size_of(large)[0])
    assert fit_of(smaller, LAPTOP, MEASURED).verdict != "cannot"
    assert smaller_than(webllm(vram_required_MB=1), catalogue, LAPTOP, MEASURED) is None
