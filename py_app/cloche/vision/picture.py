"""Whatever a program has of a picture, as the bytes of a file that the engine reads.

Owns the forms that are taken: an encoded file, base64 or a data URL, bare pixels, a picture of the page. What only the
browser can read, a camera or an object such as a canvas, becomes a file in vision.py. Decodes nothing and judges no
contents: the engine's worker does that and says what is no picture.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from typing import NamedTuple

from ..errors import BadImage
from ..shapes import NewImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: channels -> colour type of PNG
COLOUR_TYPES = {3: 2, 4: 6}


class Pixels(NamedTuple):
    """RGB or RGBA, one byte a channel, row by row from the top left."""

    data: bytes | bytearray | memoryview
    width: int
    height: int


class Camera(NamedTuple):
    """What a camera of this machine sees now; the browser asks the person.

    `device_index` counts from 0. `width` and `height` are wished for, in pixels.
    """

    device_index: int = 0
    width: int = 640
    height: int = 480


Picture = bytes | bytearray | memoryview | str | Pixels | NewImage | Camera


def file_of(picture: Picture) -> bytes:
    """The picture as an encoded file. Raises BadImage."""
    if isinstance(picture, NewImage):
        data = picture.bytes
    elif isinstance(picture, Pixels):
        data = png(picture)
    elif isinstance(picture, str):
        data = decoded(picture)
    elif isinstance(picture, bytes | bytearray | memoryview):
        data = bytes(picture)
    else:
        raise BadImage(
            f"A picture cannot be made of {type(picture).__name__}.",
            action="Give the bytes of a file, base64, Pixels(data, width, height), Camera() or a canvas.",
        )
    if not data:
        raise BadImage("The picture is empty.")
    return data


def decoded(text: str) -> bytes:
    """The bytes of base64, with or without the head of a data URL."""
    head, comma, body = text.partition(",")
    try:
        return base64.b64decode("".join((body if comma else head).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage("The picture's base64 cannot be decoded.", action="Check how it was encoded.") from error


def png(pixels: Pixels) -> bytes:
    """Pixels as a PNG file."""
    data, width, height = pixels
    if width < 1 or height < 1 or len(data) not in (3 * width * height, 4 * width * height):
        raise BadImage(
            f"{len(data)} bytes are not a picture of {width} x {height} pixels.",
            action="Give 3 (RGB) or 4 (RGBA) bytes a pixel.",
        )
    channels = len(data) // (width * height)
    stride = width * channels
    view = memoryview(data)
    rows = b"".join(b"\0" + bytes(view[top : top + stride]) for top in range(0, len(data), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 1)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
