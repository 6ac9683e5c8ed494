"""Pictures and the truth about them: coloured shapes or a printed word on backgrounds of many kinds.

Owns drawing and what is where. Does not own questions. A scene is a function of its random generator alone; training
takes even seeds, evaluation odd ones (`generator`).
"""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 128
OVERSAMPLING = 3
APART = 14
"""Centres are at least so many pixels apart in x, so that "from left to right" has one meaning."""
COLOURS = {
    "red": (220, 45, 45),
    "orange": (242, 138, 28),
    "yellow": (242, 210, 28),
    "green": (45, 160, 60),
    "blue": (45, 90, 220),
    "purple": (140, 60, 190),
    "black": (30, 30, 30),
    "white": (245, 245, 245),
}
SHAPES = ("circle", "square", "triangle", "star", "heart", "cross")
LIGHT, DARK = (230, 225, 215), (45, 50, 60)
WHITE, BLACK = (250, 250, 250), (18, 18, 18)
GREY = (127, 127, 127)
PACKAGES = Path(__file__).resolve().parent.parent / "node_modules"
DEJAVU = [f"dejavu-fonts-ttf/ttf/DejaVu{name}.ttf" for name in ("Sans-Bold", "Sans", "Serif", "SansMono-Bold")]
LIBERATION = ("arimo-latin-700", "arimo-latin-400", "tinos-latin-400", "cousine-latin-700")
"""The designs of Liberation Sans, Serif and Mono under the names that their package has."""
FONTS = [*DEJAVU, *(f"@fontsource/{name.split('-')[0]}/files/{name}-normal.woff" for name in LIBERATION)]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Thing:
    """One shape; centre and radius in pixels."""

    shape: str
    colour: str
    x: float
    y: float
    radius: float

    @property
    def name(self) -> str:
        return f"{self.colour} {self.shape}"


class Glyph(NamedTuple):
    """One printed character and the centre of its place, in pixels."""

    character: str
    x: float
    y: float


@dataclass(frozen=True)
class Scene:
    """What a picture shows. `things` go from left to right; `bars` are the grey margins."""

    light: bool
    things: tuple[Thing, ...] = ()
    text: str = ""
    style: str = "plain"
    bars: tuple[int, int] = (0, 0)
    seed: int = field(default=0, compare=False)


def generator(number: int, held_out: bool) -> random.Random:
    """The random numbers of example `number`; the two halves never share a seed."""
    return random.Random(2 * number + held_out)  # noqa: S311 - made to be repeated


def scene(rng: random.Random, texts: float = 0.14) -> Scene:
    """A random scene: mostly 1 to 6 shapes, sometimes (a share of `texts`) a printed text, rarely nothing."""
    light, style = (
        rng.random() < 0.5,
        rng.choice(("plain", "plain", "plain", "plain", "gradient", "noise", "blur", "photo")),
    )
    kind = rng.random()
    seed = rng.getrandbits(30)
    bars = rng.choice(((0, 0), (0, 0), (0, 0), (0, 16), (0, 16), (0, 28), (16, 0)))
    if kind < 0.03:
        return Scene(light, style=style, bars=bars, seed=seed)
    if kind < 0.03 + texts:
        return Scene(light, text=printed_text(rng), style=style, seed=seed)
    return Scene(light, _things(rng, light, bars), style=style, bars=bars, seed=seed)


def printed_text(rng: random.Random) -> str:
    """Up to eight letters or digits."""
    if rng.random() < 0.4:
        return "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 6)))
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice((2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8))))


def _things(rng: random.Random, light: bool, bars: tuple[int, int]) -> tuple[Thing, ...]:
    """Shapes that do not touch, with unlike colours against the ground."""
    count = rng.choice((1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 6))
    colours = [colour for colour in COLOURS if colour != ("white" if light else "black")]
    if rng.random() < 0.4:
        colours = rng.sample(colours, 2)
    shapes = rng.sample(SHAPES, 2) if rng.random() < 0.4 else SHAPES
    largest = 30 if count < 3 else 23 if count < 5 else 17
    placed: list[Thing] = []
    for _ in range(300):
        if len(placed) == count:
            break
        radius = rng.uniform(10, largest)
        x, y = (rng.uniform(radius + 1 + bar, SIDE - radius - 1 - bar) for bar in bars)
        free = all(
            math.hypot(x - old.x, y - old.y) > radius + old.radius + 3 and abs(x - old.x) >= APART for old in placed
        )
        if free:
            placed.append(Thing(rng.choice(shapes), rng.choice(colours), x, y, radius))
    return tuple(sorted(placed, key=lambda thing: thing.x))


def draw(scene: Scene) -> Image.Image:
    """The picture of a scene, 128 x 128."""
    return drawn(scene)[0]


def drawn(scene: Scene) -> tuple[Image.Image, list[Glyph]]:
    """The picture, and where each printed character is."""
    rng = random.Random(scene.seed)  # noqa: S311
    side = SIDE * OVERSAMPLING
    usual, extreme = (LIGHT, WHITE) if scene.light else (DARK, BLACK)
    ground = extreme if rng.random() < 0.3 else usual
    image = Image.new("RGB", (side, side), _near(rng, ground, 12))
    if scene.style in {"gradient", "photo"}:
        other = Image.new("RGB", (side, side), _near(rng, ground, 40))
        image.paste(other, mask=Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize((side, side)))
    pen = ImageDraw.Draw(image)
    for thing in scene.things:
        turn = rng.uniform(-0.35, 0.35) if rng.random() < 0.5 else 0.0
        points = _outline(thing.shape, turn)
        corners = [(thing.x + x * thing.radius, thing.y + y * thing.radius) for x, y in points]
        scaled = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in corners]
        pen.polygon(scaled, fill=_near(rng, COLOURS[thing.colour], 12))
    glyphs = _write(pen, scene, rng) if scene.text else []
    image = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    return _framed(_finish(image, scene.style, rng), scene.bars), glyphs


def _write(pen: ImageDraw.ImageDraw, scene: Scene, rng: random.Random) -> list[Glyph]:
    """The text in one line, as large as chance and the picture's width allow."""
    side = SIDE * OVERSAMPLING
    name = rng.choice(FONTS)
    size = rng.uniform(22, 44) * OVERSAMPLING
    for _ in range(2):
        left, top, right, bottom = _font(name, int(size)).getbbox(scene.text)
        size = min(size, size * (side - 12 * OVERSAMPLING) / (right - left))
    dark, pale = ((25, 25, 25), (30, 60, 160), (150, 30, 30)), ((245, 245, 245), (240, 220, 90))
    colour = rng.choice(dark if scene.light else pale)
    width, height = right - left, bottom - top
    x = side / 2 + rng.uniform(-1, 1) * max(0.0, side - width - 12 * OVERSAMPLING) / 2
    y = side / 2 + rng.uniform(-0.8, 0.8) * max(0.0, side - height - 12 * OVERSAMPLING) / 2
    font = _font(name, int(size))
    pen.text((x, y), scene.text, font=font, fill=colour, anchor="mm")
    ends = [x - font.getlength(scene.text) / 2 + font.getlength(scene.text[:at]) for at in range(len(scene.text) + 1)]
    return [
        Glyph(character, (ends[at] + ends[at + 1]) / 2 / OVERSAMPLING, y / OVERSAMPLING)
        for at, character in enumerate(scene.text)
    ]


def _finish(image: Image.Image, style: str, rng: random.Random) -> Image.Image:
    """What a lens, a sensor and a JPEG file do to a picture."""
    if style in {"blur", "photo"}:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    if style in {"noise", "photo"}:
        noise = Image.frombytes("RGB", (SIDE, SIDE), rng.randbytes(SIDE * SIDE * 3))
        image = Image.blend(image, noise, rng.uniform(0.02, 0.08))
    if style == "photo":
        corner = [rng.uniform(-5, 5) for _ in range(8)]
        right = (0.0, 0.0, 0.0, SIDE, SIDE, SIDE, SIDE, 0.0)
        corners = tuple(a + b for a, b in zip(right, corner, strict=True))
        image = image.transform((SIDE, SIDE), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=rng.randint(55, 92))
        image = Image.open(buffer).convert("RGB")
    return image


def _framed(image: Image.Image, bars: tuple[int, int]) -> Image.Image:
    """The margins that a picture that is not square gets."""
    across, down = bars
    framed = Image.new("RGB", (SIDE, SIDE), GREY)
    part = (across, down, SIDE - across, SIDE - down)
    framed.paste(image.crop(part), part)
    return framed


def fitted(image: Image.Image) -> Image.Image:
    """Any picture as the engine shows it to the model: whole, in the middle of grey."""
    scale = min(SIDE / image.width, SIDE / image.height)
    size = (min(SIDE, math.ceil(image.width * scale)), min(SIDE, math.ceil(image.height * scale)))
    out = Image.new("RGB", (SIDE, SIDE), GREY)
    small = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    out.paste(small, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return out


@lru_cache(maxsize=512)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(PACKAGES / name), size)


def _near(rng: random.Random, colour: tuple[int, int, int], most: int) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, part + rng.randint(-most, most))) for part in colour)
    return red, green, blue


def _outline(shape: str, turn: float) -> list[tuple[float, float]]:
    """Corners in a circle of radius 1, y downwards."""
    match shape:
        case "circle":
            points = [_polar(step / 60 * math.tau, 0.95) for step in range(60)]
        case "square":
            points = [(-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)]
        case "triangle":
            points = [(0, -1), (0.95, 0.8), (-0.95, 0.8)]
        case "star":
            points = [_polar((step / 10 - 0.25) * math.tau, 0.42 if step % 2 else 1) for step in range(10)]
        case "cross":
            arm = [(-0.3, -0.95), (0.3, -0.95), (0.3, -0.3), (0.95, -0.3), (0.95, 0.3), (0.3, 0.3)]
            points = [*arm, *((-x, -y) for x, y in arm)]
        case _:
            points = [_heart(step / 60 * math.tau) for step in range(60)]
    cosine, sine = math.cos(turn), math.sin(turn)
    return [(x * cosine - y * sine, x * sine + y * cosine) for x, y in points]


def _polar(angle: float, radius: float) -> tuple[float, float]:
    return radius * math.cos(angle), radius * math.sin(angle)


def _heart(angle: float) -> tuple[float, float]:
    y = (13 * math.cos(angle) - 5 * math.cos(2 * angle) - 2 * math.cos(3 * angle) - math.cos(4 * angle)) / 16
    return math.sin(angle) ** 3, -y
