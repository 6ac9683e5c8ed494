"""Two pictures, and what changed from the first to the second."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from starter_model import scenes
from starter_model.questions import Asked, a
from starter_model.scenes import COLOURS, SHAPES, Scene, Thing
from starter_model.wordings import wording


def changed(rng: random.Random, held_out: bool) -> tuple[Scene, Scene, Asked]:
    """Two pictures that differ in one thing, or not at all, and what changed from the first to the second."""
    scene = Scene(light=True)
    while not 1 <= len(scene.things) <= 4:
        scene = scenes.scene(rng)
    place = rng.randrange(len(scene.things))
    thing = scene.things[place]
    rest = [*scene.things[:place], *scene.things[place + 1 :]]
    kind = rng.choice(("nothing", "gone", "new", "colour", "shape"))
    first = second = scene
    if kind == "nothing":
        said = "Nothing changed."
    elif kind == "colour":
        free = [name for name in COLOURS if name not in {thing.colour, "white" if scene.light else "black"}]
        other = replace(thing, colour=rng.choice(free))
        second, said = _with(scene, [*rest, other]), f"The {thing.colour} {thing.shape} is now {other.colour}."
    elif kind == "shape":
        other = replace(thing, shape=rng.choice([name for name in SHAPES if name != thing.shape]))
        second, said = _with(scene, [*rest, other]), f"The {thing.name} is now {a(other.shape)}."
    elif kind == "gone":
        second, said = _with(scene, rest), f"The {thing.name} is gone."
    else:
        first, said = _with(scene, rest), f"There is a new {thing.name}."
    question = wording(rng, held_out, (
        "What changed?", "What is different?", "What is new?", "Which change do you see?", "Tell me what changed.",
        "What is not the same?", "What changed between the two pictures?", "Compare the two pictures.",
        "What is the difference?", "What has changed?",
    ))  # fmt: skip
    return first, second, (question, said)


def _with(scene: Scene, things: Sequence[Thing]) -> Scene:
    return replace(scene, things=tuple(sorted(things, key=lambda thing: thing.x)))
