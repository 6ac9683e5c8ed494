""" "Does it run here?": an answer with its reason for every model, before anything is fetched.

Owns the arithmetic from a card and this device to a verdict, a speed and an alternative. The device's facts come from
the worker "device"; nothing is asked here. All figures about models that have not been fetched are estimates and say
so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..engine_contract import Device, Measured
from ..model_shapes import ModelCard
from .quantisations import bytes_a_weight, cpu_speed_of
from .shapes import Fit

GIB = 2**30
#: what llama.cpp's WebAssembly can address, less what it needs besides weights and cache
ENGINE_LIMIT = 4 * GIB
WORKING_MEMORY = 150 * 2**20
#: the most that a model's files may take in memory
MOST_HELD = 2 * GIB
#: browsers tell no more than this, so at this figure the true memory may be any
MEMORY_TOLD_AT_MOST_GB = 8
SHARE_OF_MEMORY = 0.7
#: Q8_0 decoding against the matmul of the measurement, a second of one core each: 8.1 GFLOP/s (135M) against 1.55
ENGINE_TO_PROBE = 5.0
#: the same for Cloche's own engine: 39 GFLOP/s with the newest processors' instructions, 25 to 30 without
FAST_ENGINE_TO_PROBE = 20.0
#: four-bit weights move an eighth of the bytes of the probe's matmul; half of that is reached
GPU_TO_PROBE = 4.0
TYPICAL_GFLOPS = 1.5
#: below these WebLLM 0.2.86 asks for no device at all (its source)
WEBLLM_WORKGROUP_BYTES = 32 * 2**10
WEBLLM_STAGE_BUFFERS = 10
COMFORTABLE_TOKENS = 8.0
SLOW_TOKENS = 3.0
#: the most that a model may need against one for which there was no memory
CLEARLY_SMALLER = 0.75


def fit_of(card: ModelCard, device: Device, measured: Measured | None, *, installed: bool = False) -> Fit:
    """The verdict about one model. `installed` models need no room on the disk."""
    size, estimated = size_of(card)
    memory = memory_of(card, size)
    speed = speed_of(card, device, measured) if measured else None
    why = _obstacle(card, device, size, memory, installed)
    verdict, reason = "cannot", why
    if not why:
        verdict, reason = _pace(card, device, speed)
    return Fit.model_validate(
        {
            "verdict": verdict,
            "reason": reason,
            "bytes": size,
            "memory_bytes": memory,
            "estimated": estimated,
            "tokens_per_second": None if why else speed,
        }
    )


def runs_from_memory(card: ModelCard, device: Device) -> bool:
    """Whether the model would run with its files in memory, too: held once by the browser and once by the engine."""
    size, _ = size_of(card)
    memory, told = memory_of(card, size), device.memory_gb
    if size > MOST_HELD or _obstacle(card, device, size, memory, installed=True):
        return False
    return told is None or told >= MEMORY_TOLD_AT_MOST_GB or memory + size <= SHARE_OF_MEMORY * told * GIB


def size_of(card: ModelCard) -> tuple[int, bool]:
    """Bytes of all files, and whether that is an estimate."""
    if card.files and all(file.size for file in card.files):
        return sum(file.size for file in card.files), False
    if card.engine == "webllm" and card.memory_bytes:
        return round(0.8 * card.memory_bytes), True
    return round(card.parameter_count * bytes_a_weight(card.quantisation)), True


def memory_of(card: ModelCard, size: int) -> int:
    """Bytes that the model needs while it runs at its default context."""
    if card.memory_bytes:
        return card.memory_bytes
    cache_a_token = max(8_192, 32_768 * card.parameter_count // 1_000_000_000)
    return size + cache_a_token * min(card.context_window, 4096) + WORKING_MEMORY


def speed_of(card: ModelCard, device: Device, measured: Measured) -> float | None:
    """Tokens a second to expect, None where nothing can be said."""
    if not card.parameter_count or card.purpose != "chat":
        return None
    weights = 2 * card.parameter_count / 1e9
    if card.engine == "webllm":
        return round(GPU_TO_PROBE * measured.gpu_gflops / weights, 1) if measured.gpu_gflops else None
    if runs_on_gpu(device) and measured.gpu_gflops:
        return round(GPU_TO_PROBE * measured.gpu_gflops / weights, 1)
    cores = max(1.0, measured.free_cores) if device.isolated and not device.fast_engine else 1.0
    ratio = FAST_ENGINE_TO_PROBE if device.fast_engine else ENGINE_TO_PROBE
    pace = cpu_speed_of(card.quantisation, device.fast_engine)
    return round(ratio * pace * measured.cpu_gflops * cores / weights, 1)


def runs_on_gpu(device: Device) -> bool:
    """Whether llama.cpp uses the graphics adapter here: its shaders need half floats."""
    return device.gpu and not device.gpu_software and "shader-f16" in device.gpu_features


def best_of(cards: Iterable[ModelCard], device: Device, measured: Measured | None) -> ModelCard | None:
    """The most able model that runs at a comfortable speed, apart from the one that comes with the app.

    An unmeasured device is taken for a typical one.
    """
    assumed = measured or Measured(cpu_gflops=TYPICAL_GFLOPS, free_cores=max(1, device.processors // 2))
    able: list[tuple[bool, int, int, ModelCard]] = []
    for card in cards:
        if card.purpose != "chat" or card.source == "builtin" or fit_of(card, device, measured).verdict == "cannot":
            continue
        speed = speed_of(card, device, assumed) or 0.0
        rate = (
            speed >= COMFORTABLE_TOKENS,
            card.parameter_count if speed >= COMFORTABLE_TOKENS else -card.parameter_count,
        )
        able.append((*rate, len(card.modalities), card))
    return max(able, key=lambda row: row[:3])[-1] if able else None


def smaller_than(
    card: ModelCard, cards: Iterable[ModelCard], device: Device, measured: Measured | None
) -> ModelCard | None:
    """The most able model in the place of one that found no memory: of its kind, and clearly smaller."""
    most = CLEARLY_SMALLER * memory_of(card, size_of(card)[0])
    return best_of(
        (
            other
            for other in cards
            if set(card.modalities) <= set(other.modalities) and memory_of(other, size_of(other)[0]) <= most
        ),
        device,
        measured,
    )


def with_alternatives(
    cards: Sequence[ModelCard], fits: dict[str, Fit], device: Device, measured: Measured | None
) -> None:
    """Name for every model that cannot run one that can: of its kind, seeing pictures where it does."""
    for card in cards:
        fit = fits[card.id]
        if fit.verdict != "cannot":
            continue
        kin = [
            other
            for other in cards
            if other.purpose == card.purpose
            and set(card.modalities) <= set(other.modalities)
            and fits[other.id].verdict != "cannot"
            and other.source != "builtin"
        ]
        best = best_of(kin, device, measured) if card.purpose == "chat" else next(iter(kin), None)
        if best is not None:
            fit.alternative = best.id


def _obstacle(card: ModelCard, device: Device, size: int, memory: int, installed: bool) -> str:
    """Why the model cannot run here, "" when it can."""
    if card.engine == "webllm":
        if card.purpose != "chat":
            return "Cloche makes embeddings with llama.cpp only."
        if not device.gpu:
            return "It runs on WebGPU, and this browser gives the page no graphics adapter."
        missing = [feature for feature in card.features if feature not in device.gpu_features]
        if missing:
            return f"The graphics adapter lacks {', '.join(missing)}, which this model's code needs."
        if 0 < device.gpu_workgroup_bytes < WEBLLM_WORKGROUP_BYTES:
            return "The graphics adapter is too small for WebLLM: its workgroups share too little memory."
        if 0 < device.gpu_stage_buffers < WEBLLM_STAGE_BUFFERS:
            return "The graphics adapter is too small for WebLLM: it reads from too few buffers at once."
        if card.buffer_bytes > device.gpu_buffer_bytes > 0:
            return (
                f"It needs a graphics buffer of {mega(card.buffer_bytes)}; "
                f"the adapter allows {mega(device.gpu_buffer_bytes)}."
            )
    elif memory > ENGINE_LIMIT and not runs_on_gpu(device):
        return f"It needs about {giga(memory)} of memory; llama.cpp in a browser can hold {giga(ENGINE_LIMIT)}."
    told = device.memory_gb
    if told is not None and told < MEMORY_TOLD_AT_MOST_GB and memory > SHARE_OF_MEMORY * told * GIB:
        return f"It needs about {giga(memory)} of memory; this device has {told:g} GB in all."
    free = device.quota_bytes - device.used_bytes
    if not installed and device.quota_bytes and size > free:
        return f"It takes {giga(size)} on the disk; the browser leaves this page {giga(max(free, 0))}."
    return ""


def _pace(card: ModelCard, device: Device, speed: float | None) -> tuple[str, str]:
    """Verdict and reason for a model that can run."""
    gpu = card.engine == "webllm" or runs_on_gpu(device)
    place = "the graphics adapter" if gpu else "the processor"
    if card.engine == "webllm" and device.gpu_software:
        return "slow", "The graphics adapter is imitated by the processor: expect little speed."
    if speed is None:
        return "runs", f"On {place}."
    if speed < SLOW_TOKENS:
        return "slow", f"On {place}, at about {speed:.2g} tokens a second: a short answer takes a minute."
    return "runs", f"On {place}, at about {speed:.2g} tokens a second."


def giga(count: int) -> str:
    """Bytes for people: 1.4 GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else mega(count)


def mega(count: int) -> str:
    """Bytes for people: 140 MB."""
    return f"{count / 1e6:.0f} MB"
