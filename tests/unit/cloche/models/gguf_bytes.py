"""Makes small GGUF files byte by byte. Exists only for tests."""

from __future__ import annotations

import struct
from typing import Any

VALUES: dict[str, Any] = {
    "general.architecture": "llama",
    "general.name": "Toy",
    "general.file_type": ("I", 7),
    "llama.context_length": ("I", 2048),
    "llama.block_count": ("I", 2),
    "llama.embedding_length": ("I", 64),
    "llama.attention.head_count": ("I", 4),
    "tokenizer.ggml.tokens": ["<s>", "a", "b"],
    "tokenizer.ggml.scores": [0.0, -1.0, -2.0],
    "tokenizer.chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}",
}
KINDS = {"I": 4, "i": 5, "f": 6, "?": 7, "Q": 10}
Q8_0 = 8


def text(value: str) -> bytes:
    """A string with its length."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def value_of(value: Any) -> bytes:
    """A value with its type."""
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, list):
        kind = 8 if isinstance(value[0], str) else 6
        items = b"".join(text(item) if isinstance(item, str) else struct.pack("<f", item) for item in value)
        return struct.pack("<IIQ", 9, kind, len(value)) + items
    code, number = value
    return struct.pack("<I", KINDS[code]) + struct.pack("<" + code, number)


def gguf(values: dict[str, Any] | None = None, *, tensors: int = 1, version: int = 3, cut: int = 0) -> bytes:
    """A whole file: so many tensors of 64 x 2 in Q8_0; `cut` bytes are missing at its end."""
    values = VALUES if values is None else values
    size = 64 * 2 // 32 * 34
    step = -(-size // 32) * 32
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, len(values))
    for key, value in values.items():
        head += text(key) + value_of(value)
    for number in range(tensors):
        head += text(f"blk.{number}.weight") + struct.pack("<IQQIQ", 2, 64, 2, Q8_0, number * step)
    data = bytes(-len(head) % 32) + bytes(tensors * step - (step - size) if tensors else 0)
    whole = head + data
    return whole[: len(whole) - cut]
