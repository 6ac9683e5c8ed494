"""Reads a GGUF file, lets tests change its keys and tensors, and writes it again.

Owns the container format (version 3, little endian) as far as the starter model uses it; knows nothing of llama.cpp.
Tests use it to make models that answer slowly or never end, so that there is time to press Stop.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

ALIGNMENT = 32
STRING, ARRAY = 8, 9
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
UINT16, UINT32, INT32, FLOAT32 = 2, 4, 5, 6
BLOCKS = {0: (1, 4), 1: (1, 2), 8: (32, 34)}  # F32, F16, Q8_0: values and bytes of one block


@dataclass
class Tensor:
    """Shape as GGUF has it (fastest dimension first), type and raw bytes."""

    shape: tuple[int, ...]
    type: int
    data: bytes

    def zeros(self) -> Tensor:
        """The same tensor, all zero (a zero scale makes a Q8_0 block zero)."""
        return Tensor(self.shape, self.type, bytes(len(self.data)))

    def row_bytes(self) -> int:
        values, size = BLOCKS[self.type]
        return self.shape[0] // values * size


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        length = self.take("Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def skip_value(self, kind: int) -> None:
        if kind == STRING:
            self.string()
        elif kind == ARRAY:
            inner, count = self.take("I"), self.take("Q")
            for _ in range(count):
                self.skip_value(inner)
        else:
            self.take(SCALARS[kind])


class Gguf:
    """Keys hold (type, raw bytes); tensors are in file order."""

    def __init__(self, data: bytes) -> None:
        reader = _Reader(data)
        magic, version = reader.take("I"), reader.take("I")
        assert (magic, version) == (0x46554747, 3), "not a GGUF v3 file"
        tensor_count, key_count = reader.take("Q"), reader.take("Q")
        self.keys: dict[str, tuple[int, bytes]] = {}
        for _ in range(key_count):
            name, kind = reader.string(), reader.take("I")
            start = reader.at
            reader.skip_value(kind)
            self.keys[name] = (kind, data[start : reader.at])
        infos = []
        for _ in range(tensor_count):
            name, dimensions = reader.string(), reader.take("I")
            shape = tuple(reader.take("Q") for _ in range(dimensions))
            infos.append((name, shape, reader.take("I"), reader.take("Q")))
        base = -(-reader.at // ALIGNMENT) * ALIGNMENT
        self.tensors = {
            name: Tensor(shape, kind, data[base + offset : base + offset + _size(shape, kind)])
            for name, shape, kind, offset in infos
        }

    def set_uint32(self, name: str, value: int) -> None:
        assert self.keys[name][0] == UINT32
        self.keys[name] = (UINT32, struct.pack("<I", value))

    def uint32(self, name: str) -> int:
        return int(struct.unpack("<I", self.keys[name][1])[0])

    def write(self) -> bytes:
        head = struct.pack("<IIQQ", 0x46554747, 3, len(self.tensors), len(self.keys))
        for name, (kind, raw) in self.keys.items():
            head += _string(name) + struct.pack("<I", kind) + raw
        offset, body = 0, []
        for name, tensor in self.tensors.items():
            dimensions = len(tensor.shape)
            head += _string(name) + struct.pack(f"<I{dimensions}QIQ", dimensions, *tensor.shape, tensor.type, offset)
            body.append(_padded(tensor.data))
            offset += len(body[-1])
        return _padded(head) + b"".join(body)


def _size(shape: tuple[int, ...], kind: int) -> int:
    values, size = BLOCKS[kind]
    count = 1
    for length in shape:
        count *= length
    return count // values * size


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)
