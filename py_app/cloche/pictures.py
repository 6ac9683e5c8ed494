"""Checks pictures before they are kept: that the bytes are what they claim to be.

Owns the limits on pictures and the look at their first bytes; it decodes nothing (the page has done that).
"""

from __future__ import annotations

from collections.abc import Iterable

from .errors import BadImage
from .shapes import NewImage

MAX_BYTES = 25 * 1024 * 1024
SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def check_images(images: Iterable[NewImage]) -> None:
    """Raise BadImage for a picture that cannot be one."""
    for image in images:
        name = f"“{image.name}”" if image.name else "The picture"
        if not image.bytes:
            raise BadImage(f"{name} is empty.")
        if len(image.bytes) > MAX_BYTES:
            raise BadImage(
                f"{name} is {len(image.bytes) / 1_048_576:.0f} MB; up to {MAX_BYTES // 1_048_576} MB are taken.",
                action="Scale the picture down and attach it again.",
            )
        if not image.bytes.startswith(SIGNATURES[image.mime]):
            kind = image.mime.removeprefix("image/").upper()
            raise BadImage(f"{name} is not a {kind} picture: its contents say otherwise.")
