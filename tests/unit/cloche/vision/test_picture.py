"""Pictures in every form that a program may have them."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from tests.unit.cloche.scripted import PICTURE, PNG

from cloche.errors import BadImage
from cloche.shapes import NewImage
from cloche.vision.picture import Pixels, file_of


@pytest.mark.parametrize(
    "picture",
    [
        PNG,
        bytearray(PNG),
        memoryview(PNG),
        base64.b64encode(PNG).decode(),
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        NewImage.model_validate(PICTURE),
    ],
)
def test_every_form_gives_the_file(picture: Any) -> None:
    assert file_of(picture) == PNG


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("RGBA", 4)])
def test_bare_pixels_become_a_file_with_these_pixels(mode: str, channels: int) -> None:
    image = pytest.importorskip("PIL.Image")
    data = bytes(range(2 * 3 * channels))
    made = image.open(io.BytesIO(file_of(Pixels(data, 2, 3))))
    assert (made.mode, made.size, made.tobytes()) == (mode, (2, 3), data)


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (b"", "empty"),
        ("not base64!", "base64"),
        (Pixels(b"12345", 1, 1), "not a picture of 1 x 1"),
        (Pixels(b"", 0, 0), "not a picture of 0 x 0"),
        (7, "int"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(picture: Any, says: str) -> None:
    with pytest.raises(BadImage, match=says):
        file_of(picture)
