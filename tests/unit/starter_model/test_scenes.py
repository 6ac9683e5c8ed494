"""Scenes are made the same again, and what they say about themselves is in the picture."""

from itertools import combinations

import pytest
from PIL import ImageChops
from starter_model import scenes
from starter_model.questions import ALWAYS, TEXTS, THINGS, ask, kinds
from starter_model.scenes import APART, COLOURS, Scene, Thing, draw, generator


@pytest.mark.parametrize("number", range(8))
def test_a_seed_makes_one_picture(number: int) -> None:
    first, second = (draw(scenes.scene(generator(number, held_out=False))) for _ in range(2))
    assert ImageChops.difference(first, second).getbbox() is None


def test_training_and_evaluation_never_share_a_seed() -> None:
    seen = {generator(number, held_out=False).random() for number in range(2000)}
    assert not seen & {generator(number, held_out=True).random() for number in range(2000)}


@pytest.mark.parametrize("number", range(40))
def test_things_stand_apart_from_left_to_right(number: int) -> None:
    things = scenes.scene(generator(number, held_out=True)).things
    assert len(things) <= 6
    assert list(things) == sorted(things, key=lambda thing: thing.x)
    assert all(abs(one.x - other.x) >= APART for one, other in combinations(things, 2))


@pytest.mark.parametrize("colour", COLOURS)
def test_a_thing_is_where_and_what_it_says(colour: str) -> None:
    picture = draw(Scene(light=colour != "white", things=(Thing("square", colour, 40, 80, 20),)))
    pixel = picture.getpixel((40, 80))
    assert isinstance(pixel, tuple)
    assert all(abs(is_ - told) <= 13 for is_, told in zip(pixel, COLOURS[colour], strict=True))


def test_characters_are_told_in_reading_order() -> None:
    _, glyphs = scenes.drawn(Scene(light=True, text="AB12"))
    assert [glyph.character for glyph in glyphs] == list("AB12")
    assert [glyph.x for glyph in glyphs] == sorted(glyph.x for glyph in glyphs)


THREE = Scene(
    light=True,
    things=(
        Thing("circle", "red", 20, 20, 12),
        Thing("star", "red", 60, 64, 20),
        Thing("circle", "blue", 110, 110, 12),
    ),
)


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("describe", {"I see a red circle, a red star and a blue circle."}),
        ("how many in all", {"There are 3 shapes."}),
        ("which colour", {"The star is red."}),
        ("which shape", {"The blue shape is a circle."}),
        ("background", {"The background is light."}),
        ("read", {"There is no text."}),
        ("largest", {"The largest shape is a red star."}),
        ("which side", {
            "On the left there is a red circle.", "At the top there is a red circle.",
            "On the right there is a blue circle.", "At the bottom there is a blue circle.",
        }),
    ],
)  # fmt: skip
def test_answers_are_true(kind: str, answers: set[str]) -> None:
    given = {asked[1] for number in range(60) if (asked := ask(kind, THREE, generator(number, held_out=True), True))}
    assert given == answers


def test_every_kind_can_be_asked() -> None:
    asked = set()
    for number in range(300):
        rng = generator(number, held_out=False)
        scene = scenes.scene(rng)
        asked |= {kind for kind in kinds(scene) if ask(kind, scene, rng, False)}
    assert asked == {*ALWAYS, *THINGS, *TEXTS}
