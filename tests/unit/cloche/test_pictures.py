"""The check of pictures before they are kept."""

from __future__ import annotations

import pytest
from tests.unit.cloche.scripted import PICTURE, PNG

from cloche.errors import BadImage
from cloche.pictures import MAX_BYTES, check_images
from cloche.shapes import NewImage


def picture(data: bytes, mime: str = "image/png") -> NewImage:
    """A picture of these bytes."""
    return NewImage.model_validate({**PICTURE, "bytes": data, "mime": mime})


def test_pictures_that_are_what_they_say_pass() -> None:
    check_images([picture(PNG), picture(b"\xff\xd8\xff\xe0rest", "image/jpeg")])


@pytest.mark.parametrize(
    ("data", "mime", "said"),
    [
        (b"", "image/png", "empty"),
        (b"plain text", "image/png", "not a PNG"),
        (PNG, "image/jpeg", "not a JPEG"),
        (PNG + bytes(MAX_BYTES), "image/png", "25 MB"),
    ],
)
def test_others_are_refused_with_the_reason(data: bytes, mime: str, said: str) -> None:
    with pytest.raises(BadImage, match=said):
        check_images([picture(data, mime)])
