"""From the headers of GGUF files to a model's card: for files on this machine and at plain addresses.

Owns what a sound header must say to be a model here, how the files of one model belong together (parts, projector, LoRA
adapter), and the figures that follow. Reading the bytes is gguf_header.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import BadModelFile
from ..model_shapes import ModelCard
from .fit import WORKING_MEMORY
from .gguf_header import GgufHeader
from .hub_models import DEFAULT_CONTEXT, SMALLEST_CONTEXT, card_id
from .quantisations import FILE_TYPES, quantisation_in

RANK_POOLING = 4


class ModelPart(NamedTuple):
    """A file with its checked header. `url` is where it comes from, "" when it lies on this machine."""

    name: str
    size: int
    header: GgufHeader
    url: str = ""


def card_of(parts: Sequence[ModelPart]) -> ModelCard:
    """The model that these files are together. Raises BadModelFile."""
    projectors = [part for part in parts if architecture_of(part) == "clip"]
    adapters = [part for part in parts if part.header.text("general.type") == "adapter"]
    weights = [part for part in parts if part not in projectors and part not in adapters]
    if not weights:
        what = "a picture encoder" if projectors else "a LoRA adapter"
        raise BadModelFile(
            f"{parts[0].name} is only {what}, no language model.", action="Choose the model's own file with it."
        )
    if len(projectors) > 1:
        raise BadModelFile("There is more than one picture encoder.", action="Choose one of them.")
    if adapters and len(weights) > 1:
        raise BadModelFile(
            "A LoRA adapter needs its model in one file.", action="Merge the model's parts, or leave the adapter out."
        )
    weights = _in_order(weights)
    first = weights[0].header
    architecture = architecture_of(weights[0])
    if not first.lengths.get("tokenizer.ggml.tokens"):
        raise BadModelFile(f"{weights[0].name} has no vocabulary, so nothing can be written or read with it.")
    trained = first.number(f"{architecture}.context_length")
    context = max(SMALLEST_CONTEXT, min(trained or DEFAULT_CONTEXT, DEFAULT_CONTEXT))
    parameters = sum(part.header.parameters for part in weights)
    quantisation = FILE_TYPES.get(first.number("general.file_type"), "") or quantisation_in(weights[0].name)
    stem = weights[0].name.removesuffix(".gguf").split("-00001-of-")[0]
    template = first.text("tokenizer.chat_template")
    roles = [*((part, "weights") for part in weights), *((part, "projector") for part in projectors)]
    roles += [(part, "adapter") for part in adapters]
    return ModelCard.model_validate(
        {
            "id": card_id(stem),
            "name": _called(first, stem, quantisation),
            "engine": "llamacpp",
            "source": "added",
            "purpose": _purpose(first, architecture),
            "modalities": ["text", "image"] if projectors else ["text"],
            "tools": "tools" in template,
            "context_window": context,
            "trained_context": trained or None,
            "licence": first.text("general.license")[:80] or "not stated",
            "summary": "Added by you.",
            "limits": [] if template else ["Has no chat template: it may not follow a conversation"],
            "architecture": architecture,
            "quantisation": quantisation,
            "parameter_count": parameters,
            "memory_bytes": sum(part.size for part in parts) + cache_bytes(first, context) + WORKING_MEMORY,
            "files": [{"role": role, "name": part.name, "url": part.url, "size": part.size} for part, role in roles],
        }
    )


def architecture_of(part: ModelPart) -> str:
    """The model family that the file names. Raises BadModelFile."""
    architecture = part.header.text("general.architecture")
    if not architecture or not architecture.isascii() or len(architecture) > 64:
        # The later parts of a split model may name none; what belongs to them is in the first.
        if part.header.number("split.count") > 1 and part.header.number("split.no") > 0:
            return ""
        raise BadModelFile(f"{part.name} does not say which kind of model it is.")
    return architecture


def cache_bytes(header: GgufHeader, context: int) -> int:
    """Size of the KV cache at 16 bits."""
    architecture = header.text("general.architecture")

    def of(key: str) -> int:
        return header.number(f"{architecture}.{key}")

    heads = of("attention.head_count") or 1
    width = of("embedding_length") // heads
    keys, values = of("attention.key_length") or width, of("attention.value_length") or width
    cache = 2 * context * of("block_count") * (of("attention.head_count_kv") or heads) * (keys + values)
    return min(cache, 2**40)


def _called(header: GgufHeader, stem: str, quantisation: str) -> str:
    """A name that tells two quantisations of the same model apart."""
    name = header.text("general.name").strip()[:120]
    return f"{name} ({quantisation})" if name and quantisation else name or stem


def _in_order(weights: list[ModelPart]) -> list[ModelPart]:
    """The parts of one model in their order. Raises BadModelFile where some are missing or strange."""
    count = max(part.header.number("split.count") for part in weights)
    if count <= 1:
        if len(weights) > 1:
            raise BadModelFile("These files are more than one model.", action="Add one model at a time.")
        return weights
    numbers = {part.header.number("split.no"): part for part in weights}
    if len(numbers) != len(weights) or set(numbers) - set(range(count)):
        raise BadModelFile("These files are not the parts of one model.", action="Choose all parts of one model.")
    missing = [str(number + 1) for number in range(count) if number not in numbers] if count <= 1000 else ["most"]
    if missing:
        raise BadModelFile(
            f"Of the model's {count} parts these are missing: {', '.join(missing[:10])}.",
            action="Choose all parts together.",
        )
    return [numbers[number] for number in range(count)]


def _purpose(header: GgufHeader, architecture: str) -> str:
    pooling = header.values.get(f"{architecture}.pooling_type")
    if pooling == RANK_POOLING:
        return "rerank"
    return "embedding" if isinstance(pooling, int) and pooling > 0 else "chat"
