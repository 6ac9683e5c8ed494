"""The header of a GGUF file, read and checked before anything of the file is copied or run.

Owns reading the beginning of a file that nobody vouches for: every length is checked against the file's size and
against limits before it is used, so that a hostile header costs neither memory nor time. Does not judge whether a
sound file is a useful model (gguf_model.py) and reads no tensors. Format: GGUF versions 2 and 3, little endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import prod

from ..errors import BadModelFile

#: a header beyond this is not read; the largest known are near 20 MiB
MAX_HEADER_BYTES = 64 * 2**20
FIRST_READ_BYTES = 2**20
MAX_ENTRIES = 65_536
MAX_ARRAY = 2**22
MAX_KEY_BYTES = 256
MAX_KEPT_CHARS = 2**20
MAX_TENSOR_NAME_BYTES = 256
SUPPORTED_VERSIONS = (2, 3)

STRING, ARRAY = 8, 9
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
#: values and bytes of one block, by ggml's number of the tensor type
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17), 40: (64, 36),
}  # fmt: skip
#: how other files begin that are taken for GGUF
OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or a PyTorch checkpoint"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"lmgg", "a GGML file of before 2023"),
    (b"fmgg", "a GGML file of before 2023"),
    (b"tjgg", "a GGML file of before 2023"),
    (b"FUGG", "a big-endian GGUF file"),
    (b"version https://git-lfs", "a pointer to a file, not the file itself"),
    (b"<", "a web page"),
    (b"{", "a JSON file"),
)

Scalar = str | int | float | bool


class HeaderIncomplete(Exception):  # noqa: N818 - no error: it asks for more bytes
    """The header goes on behind what was given; `needed` bytes from the start may do."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


@dataclass
class GgufHeader:
    """What a header says. `values` holds the scalars, `lengths` the lengths of the arrays; `parameters` counts."""

    version: int
    values: dict[str, Scalar] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    tensors: int = 0
    parameters: int = 0
    header_bytes: int = 0

    def text(self, key: str) -> str:
        """A value that must be a text, "" without it."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """A value that must be a whole number that is not negative, 0 without it."""
        value = self.values.get(key, 0)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def read_header(name: str, head: bytes, size: int) -> GgufHeader:
    """The header of a file of `size` bytes that begins with `head`.

    Raises HeaderIncomplete when more of the file has to be given, BadModelFile when it cannot be a model.
    """
    if not head.startswith(b"GGUF"):
        what = next((what for start, what in OTHERS if head.startswith(start)), "")
        if not what and head[8:9] == b"{":
            what = "a safetensors file"
        known = f": it is {what}" if what else ""
        raise BadModelFile(f"{name} is not a GGUF file{known}.")
    return _Reader(name, head, size).header()


class _Reader:
    def __init__(self, name: str, head: bytes, size: int) -> None:
        self._name = name
        self._head = head
        self._size = size
        self._at = 4

    def header(self) -> GgufHeader:
        version = self._number("<I")
        if version not in SUPPORTED_VERSIONS:
            raise self._bad(f"its version {version} is not supported")
        tensors, entries = self._count("<Q", 24, "tensors"), self._count("<Q", 13, "entries")
        found = GgufHeader(version, tensors=tensors)
        for _ in range(entries):
            self._entry(found)
        alignment = found.values.get("general.alignment", 32)
        if not isinstance(alignment, int) or isinstance(alignment, bool) or alignment not in (8, 16, 32, 64, 128, 256):
            raise self._bad("its alignment makes no sense")
        end = 0
        for _ in range(tensors):
            end = max(end, self._tensor(found, alignment))
        found.header_bytes = self._at
        start = -(-self._at // alignment) * alignment
        if tensors and start + end > self._size:
            raise self._bad(
                f"it is cut off: {start + end} bytes should be there, {self._size} are",
                action="Fetch or copy the file again.",
            )
        return found

    def _entry(self, found: GgufHeader) -> None:
        key = self._string(MAX_KEY_BYTES, "the name of an entry")
        kind = self._number("<I")
        if key in found.values or key in found.lengths:
            raise self._bad(f"it says {key!r} twice")
        if kind == ARRAY:
            found.lengths[key] = self._skip_array()
        elif kind == STRING:
            found.values[key] = self._string(MAX_KEPT_CHARS, key)
        elif kind in SCALARS:
            found.values[key] = self._number(SCALARS[kind])
        else:
            raise self._bad(f"the type {kind} of {key!r} does not exist")

    def _skip_array(self) -> int:
        kind, length = self._number("<I"), self._number("<Q")
        if length > MAX_ARRAY:
            raise self._bad(f"a list in it has {length} items")
        if kind == STRING:
            self._fits(8 * length)
            for _ in range(length):
                self._skip(self._number("<Q"))
        elif kind in SCALARS:
            self._skip(length * struct.calcsize(SCALARS[kind]))
        else:
            raise self._bad(f"a list of the type {kind} is not possible")
        return int(length)

    def _tensor(self, found: GgufHeader, alignment: int) -> int:
        """Where the tensor's data ends, from the start of all data."""
        name = self._string(MAX_TENSOR_NAME_BYTES, "the name of a tensor")
        dimensions = self._number("<I")
        if dimensions > 4:
            raise self._bad(f"the tensor {name!r} has {dimensions} dimensions")
        shape = [self._number("<Q") for _ in range(dimensions)]
        kind, offset = self._number("<I"), self._number("<Q")
        if kind not in BLOCKS:
            raise self._bad(
                f"the type {kind} of the tensor {name!r} is not known",
                action="It may be made for a newer engine; choose another quantisation.",
            )
        values, size = BLOCKS[kind]
        elements = prod(shape)
        if elements < 1 or elements % values or elements // values * size > self._size:
            raise self._bad(f"the tensor {name!r} has an impossible size")
        if offset % alignment:
            raise self._bad(f"the tensor {name!r} begins at an impossible place")
        found.parameters += elements
        return int(offset + elements // values * size)

    # ------------------------------------------------------------ bytes

    def _number(self, form: str) -> int:
        start = self._at
        self._skip(struct.calcsize(form))
        (value,) = struct.unpack_from(form, self._head, start)
        return value  # type: ignore[no-any-return]

    def _count(self, form: str, least_bytes: int, what: str) -> int:
        count = self._number(form)
        if count > MAX_ENTRIES or count * least_bytes > self._size:
            raise self._bad(f"it claims {count} {what}")
        return count

    def _string(self, limit: int, what: str) -> str:
        length = self._number("<Q")
        if length > limit:
            raise self._bad(f"{what} is {length} bytes long")
        start = self._at
        self._skip(length)
        try:
            return self._head[start : self._at].decode()
        except UnicodeDecodeError:
            raise self._bad(f"{what} is not text") from None

    def _skip(self, count: int) -> None:
        self._fits(count)
        self._at += count
        if self._at > len(self._head):
            needed = max(4 * len(self._head), self._at, FIRST_READ_BYTES)
            raise HeaderIncomplete(min(self._size, MAX_HEADER_BYTES, needed))

    def _fits(self, count: int) -> None:
        if self._at + count > self._size:
            raise self._bad("it is cut off within its header", action="Fetch or copy the file again.")
        if self._at + count > MAX_HEADER_BYTES:
            raise self._bad("its header does not end")

    def _bad(self, why: str, action: str | None = None) -> BadModelFile:
        return BadModelFile(f"{self._name} is not a sound model file: {why}.", action=action)
