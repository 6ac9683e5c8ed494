"""Draws the pictures of the tests: coloured shapes as the starter model knows them, odd files, a film for the camera.

Owns how a scene of tests/data/pictures.json becomes pixels. Does not own the questions and answers.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

SIZE = 256
OVERSAMPLING = 4
COLOURS = {
    "red": "#dc2d2d",
    "orange": "#f28a1c",
    "yellow": "#f2d21c",
    "green": "#2da03c",
    "blue": "#2d5adc",
    "purple": "#8c3cbe",
    "black": "#1e1e1e",
    "white": "#f5f5f5",
}
BACKGROUNDS = {"light": "#e6e1d7", "dark": "#2d323c"}


class Shape(NamedTuple):
    """Centre and radius are shares of the picture's side."""

    kind: str
    colour: str
    x: float
    y: float
    radius: float


def draw(background: str, shapes: Iterable[Shape], size: int = SIZE) -> Image.Image:
    """A square picture of the shapes."""
    side = size * OVERSAMPLING
    image = Image.new("RGB", (side, side), BACKGROUNDS[background])
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        corners = [(shape.x + x * shape.radius, shape.y + y * shape.radius) for x, y in _outline(shape.kind)]
        pen.polygon([(x * side, y * side) for x, y in corners], fill=COLOURS[shape.colour])
    return image.resize((size, size), Image.Resampling.LANCZOS)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def red_circle() -> Image.Image:
    """The picture of most tests."""
    return draw("light", [Shape("circle", "red", 0.5, 0.5, 0.25)])


def photograph(width: int, height: int) -> bytes:
    """A large JPEG of one blue square on a light ground."""
    image = Image.new("RGB", (width, height), BACKGROUNDS["light"])
    side = min(width, height) // 2
    left, top = (width - side) // 2, (height - side) // 2
    image.paste(COLOURS["blue"], (left, top, left + side, top + side))
    return encoded(image, "JPEG")


def film_frame(picture: Image.Image) -> Image.Image:
    """A 4:3 frame with the picture in its middle."""
    frame = Image.new("RGB", (640, 480), (127, 127, 127))
    frame.paste(picture.resize((480, 480), Image.Resampling.BICUBIC), (80, 0))
    return frame


def film(path: Path, image: Image.Image, frames: int = 4) -> Path:
    """A motion JPEG that Chromium's fake camera plays in a loop."""
    return film_of(path, [image], frames)


def film_of(path: Path, pictures: Iterable[Image.Image], frames: int) -> Path:
    """The same of several pictures, each for a number of frames (Chromium plays 30 a second)."""
    with path.open("wb") as file:
        for picture in pictures:
            buffer = io.BytesIO()
            film_frame(picture).save(buffer, "JPEG", quality=95, subsampling=0)
            file.write(buffer.getvalue() * frames)
    return path


def _outline(kind: str) -> list[tuple[float, float]]:
    """Corners in a circle of radius 1 around the origin, y downwards."""
    match kind:
        case "circle":
            return [_polar(step / 90 * math.tau, 1) for step in range(90)]
        case "square":
            return [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
        case "triangle":
            return [(0, -1), (0.95, 0.8), (-0.95, 0.8)]
        case "star":
            return [_polar((step / 10 - 0.25) * math.tau, 0.42 if step % 2 else 1) for step in range(10)]
        case "cross":
            return [
                *[(-0.3, -0.95), (0.3, -0.95), (0.3, -0.3), (0.95, -0.3), (0.95, 0.3), (0.3, 0.3)],
                *[(0.3, 0.95), (-0.3, 0.95), (-0.3, 0.3), (-0.95, 0.3), (-0.95, -0.3), (-0.3, -0.3)],
            ]
        case "heart":
            return [_heart(step / 90 * math.tau) for step in range(90)]
    raise ValueError(f"no shape {kind!r}")


def _polar(angle: float, radius: float) -> tuple[float, float]:
    return radius * math.cos(angle), radius * math.sin(angle)


def _heart(angle: float) -> tuple[float, float]:
    x = math.sin(angle) ** 3
    y = (13 * math.cos(angle) - 5 * math.cos(2 * angle) - 2 * math.cos(3 * angle) - math.cos(4 * angle)) / 16
    return x, -y
