"""Variants of the starter model for the server's overlay folder: endless, slow to read, slow to see, damaged.

Owns how the shipped files are changed; each variant comes with a card that states its true size and sha256, so that the
app treats it like any model. Does not own the file format (gguf.py).
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

from tests.e2e.gguf import FLOAT32, INT32, STRING, UINT16, Gguf, Tensor

STARTER = Path(__file__).resolve().parents[2] / "public" / "models" / "starter"
FOLDER = Path("models") / "starter"
WEIGHTS = "cloche-starter-q8_0.gguf"
PROJECTOR = "mmproj-cloche-starter-q8_0.gguf"
SPECIAL_TOKENS = 5
PATCH = 16


def original(name: str) -> bytes:
    return (STARTER / name).read_bytes()


def endless(weights: bytes, *, idle_blocks: int = 0) -> bytes:
    """Weights that never end an answer: no special token can win. Idle blocks cost time and change nothing."""
    model = Gguf(weights)
    embedding = model.tensors["token_embd.weight"]
    silenced = SPECIAL_TOKENS * embedding.row_bytes()
    embedding.data = bytes(silenced) + embedding.data[silenced:]
    _add_idle_blocks(model, "llama.block_count", "blk", ("attn_output.weight", "ffn_down.weight"), idle_blocks)
    return model.write()


def slow_to_see(projector: bytes, *, image_size: int, idle_blocks: int) -> bytes:
    """A projector that works on far more patches, so that one picture takes seconds."""
    model = Gguf(projector)
    positions = model.tensors["v.position_embd.weight"]
    before, after = positions.shape[1], (image_size // PATCH) ** 2
    assert after % before == 0, "the patches must be a multiple of the original's"
    model.set_uint32("clip.vision.image_size", image_size)
    positions.shape, positions.data = (positions.shape[0], after), positions.data * (after // before)
    silenced = ("attn_out.weight", "attn_out.bias", "ffn_down.weight", "ffn_down.bias")
    _add_idle_blocks(model, "clip.vision.block_count", "v.blk", silenced, idle_blocks)
    return model.write()


def damaged(data: bytes) -> bytes:
    """The same length, one byte in the middle turned over: only a checksum sees it."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def split(weights: bytes, stem: str) -> dict[str, bytes]:
    """The same weights in two parts, by name, as llama.cpp's own tool splits a model."""
    parts = {}
    for number in (0, 1):
        model = Gguf(weights)
        names = list(model.tensors)
        half = names[: len(names) // 2] if number == 0 else names[len(names) // 2 :]
        if number:
            model.keys = {}
        model.keys["split.no"] = (UINT16, struct.pack("<H", number))
        model.keys["split.count"] = (UINT16, struct.pack("<H", 2))
        model.keys["split.tensors.count"] = (INT32, struct.pack("<i", len(names)))
        model.tensors = {name: model.tensors[name] for name in half}
        parts[f"{stem}-{number + 1:05}-of-00002.gguf"] = model.write()
    return parts


def adapter(weights: bytes) -> bytes:
    """A LoRA adapter that turns the first layer's feed-forward output upside down: answers are no longer the same."""
    model = Gguf(weights)
    target = "blk.0.ffn_down.weight"
    wide, narrow = model.tensors[target].shape
    text = struct.pack("<Q", 7) + b"adapter"
    model.keys = {
        "general.architecture": model.keys["general.architecture"],
        "general.type": (STRING, text),
        "adapter.type": (STRING, struct.pack("<Q", 4) + b"lora"),
        "adapter.lora.alpha": (FLOAT32, struct.pack("<f", 8.0)),
    }
    ones = [struct.pack(f"<{count}f", *([1.0] * count)) for count in (wide * 8, 8 * narrow)]
    model.tensors = {
        f"{target}.lora_a": Tensor((wide, 8), 0, ones[0]),
        f"{target}.lora_b": Tensor((8, narrow), 0, ones[1]),
    }
    return model.write()


def install(overlay: Path, files: dict[str, bytes], **card_changes: object) -> None:
    """Put model files into a server's overlay with a card that tells the truth about them."""
    card = json.loads(original("card.json")) | card_changes
    for file in card["files"]:
        data = files.get(file["name"])
        if data is not None:
            file["size"], file["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    write(overlay, files | {"card.json": json.dumps(card).encode()})


def write(overlay: Path, files: dict[str, bytes]) -> None:
    """Put files into the overlay as they are; without a card of their own they need not match the shipped one."""
    folder = overlay / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _add_idle_blocks(model: Gguf, count_key: str, prefix: str, silenced: tuple[str, ...], count: int) -> None:
    """Copies of the first block whose outputs are zero: the residual stream passes them unchanged."""
    first = model.uint32(count_key)
    block: dict[str, Tensor] = {
        name.removeprefix(f"{prefix}.0."): tensor
        for name, tensor in model.tensors.items()
        if name.startswith(f"{prefix}.0.")
    }
    for number in range(first, first + count):
        for name, tensor in block.items():
            model.tensors[f"{prefix}.{number}.{name}"] = tensor.zeros() if name in silenced else tensor
    model.set_uint32(count_key, first + count)
