"""Variants of the starter model for the server's overlay folder: endless, slow to read, slow to see, damaged.

Owns how the shipped files are changed; each variant comes with a card that states its true size and sha256, so that the
app treats it like any model. Does not own the file format (gguf.py).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.e2e.gguf import Gguf, Tensor

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
