"""Questions about a scene and their exact answers.

Owns what is asked and in which wordings. The last wording of each kind is kept for evaluation. Does not own drawing or
packing.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence

from starter_model.scenes import COLOURS, SHAPES, SIDE, Scene, Thing
from starter_model.wordings import json_wish, wording

Asked = tuple[str, str]
NUMBERS = ("no", "1", "2", "3", "4", "5", "6")


def a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def plural(shape: str) -> str:
    return shape + ("es" if shape.endswith("s") else "s")


def listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def zone(thing: Thing) -> str:
    """One of nine places."""
    column, row = (min(2, int(at * 3 / SIDE)) for at in (thing.x, thing.y))
    if column == row == 1:
        return "in the middle"
    if column == 1:
        return ("at the top", "", "at the bottom")[row]
    if row == 1:
        return ("on the left", "", "on the right")[column]
    return f"at the {('top', '', 'bottom')[row]} {('left', '', 'right')[column]}"


def describe(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    question = wording(rng, held_out, (
        "Describe what you see.", "What do you see?", "Describe the picture.", "What is in this picture?",
        "What's in the image?", "Describe the image.", "Tell me what you see.", "What can you see?", "Look at this.",
        "Say what you see.", "What is this?", "What does the picture show?", "What is on the picture?",
        "Describe it.", "Can you describe the picture?", "What is shown here?",
    ))  # fmt: skip
    return question, description(scene)


def description(scene: Scene) -> str:
    """Everything from left to right."""
    if scene.text:
        return f"I see the text {scene.text}."
    return f"I see {listed([a(thing.name) for thing in scene.things])}." if scene.things else "I see nothing."


def count_all(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    question = wording(rng, held_out, (
        "How many shapes are there?", "How many shapes do you see?", "How many objects are there?",
        "Count the shapes.", "How many things are in the picture?", "How many shapes are in the picture?",
        "Count everything.", "How many are there in all?", "What is the number of shapes?",
        "Count all shapes you see.", "How many things do you see?", "How many shapes can you count?",
    ))  # fmt: skip
    return question, _number(len(scene.things), "shape", "shapes")


def count_shape(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    shape = _shape_near(scene, rng)
    question = wording(rng, held_out, (
        "How many {} are there?", "How many {} do you see?", "Count the {}.", "How many {} are in the picture?",
        "How many {}?", "What is the number of {}?", "Count all {}.", "How many {} are here?", "Number of {}?",
        "How many {} can you see?",
    )).format(plural(shape))  # fmt: skip
    return question, _number(sum(thing.shape == shape for thing in scene.things), shape, plural(shape))


def count_colour(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    colour = _colour_near(scene, rng)
    question = wording(rng, held_out, (
        "How many {} shapes are there?", "How many {} shapes do you see?", "How many shapes are {}?",
        "Count the {} shapes.", "How many {} things do you see?", "How many {} objects are there?",
        "How many are {}?", "Count everything {}.", "What is the number of {} shapes?", "How many shapes are in {}?",
        "How many {} things are there?",
    )).format(colour)  # fmt: skip
    return question, _number(sum(t.colour == colour for t in scene.things), f"{colour} shape", f"{colour} shapes")


def which_colour(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    thing = _only(scene, rng, lambda one: one.shape)
    question = wording(rng, held_out, (
        "What color is the {}?", "What colour is the {}?", "Which color does the {} have?", "Which colour is the {}?",
        "What is the color of the {}?", "The color of the {}?", "Which color has the {}?",
        "Name the color of the {}.", "What color does the {} have?", "In which color is the {}?",
        "The {} is what color?",
    )).format(thing.shape)  # fmt: skip
    return question, f"The {thing.shape} is {thing.colour}."


def which_shape(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    thing = _only(scene, rng, lambda one: one.colour)
    question = wording(rng, held_out, (
        "Which shape is {}?", "What shape is {}?", "What is {}?", "What is the {} shape?", "Name the {} shape.",
        "What shape does the {} thing have?", "Which shape has the color {}?", "What is the {} thing?",
        "What shape is the {} one?", "Which thing is {}?",
    )).format(thing.colour)  # fmt: skip
    return question, f"The {thing.colour} shape is {a(thing.shape)}."


def is_there(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    name = f"{_colour_near(scene, rng)} {_shape_near(scene, rng)}"
    if scene.things and rng.random() < 0.45:
        name = rng.choice(scene.things).name
    if rng.random() < 0.35:
        name = name.split()[1]
    question = wording(rng, held_out, (
        "Is there {}?", "Do you see {}?", "Is there {} in the picture?", "Can you see {}?", "Is {} there?",
        "Can you find {}?", "Is {} in the picture?", "Do you find {}?", "Is there {} here?", "Is there {} or not?",
        "Does the picture show {}?",
    )).format(a(name))  # fmt: skip
    found = any(name in (thing.name, thing.shape) for thing in scene.things)
    return question, f"Yes, there is {a(name)}." if found else f"No, there is no {name}."


def which_side(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """The outermost thing at one of four sides."""
    where = rng.choice(("on the left", "on the right", "at the top", "at the bottom"))
    order = sorted(scene.things, key=lambda t: t.x if where.startswith("on") else t.y)
    thing = order[0] if where.endswith(("left", "top")) else order[-1]
    question = wording(rng, held_out, (
        "Which shape is {}?", "What is {}?", "What do you see {}?", "Which thing is {}?", "Which object is {}?",
        "What do you find {}?", "What is there {}?", "Name the shape {}.", "What can be seen {}?",
    )).format(where)  # fmt: skip
    return question, f"{where[0].upper()}{where[1:]} there is {a(thing.name)}."


def where_is(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    thing, name = _named(scene, rng)
    question = wording(rng, held_out, (
        "Where is the {}?", "Where can I find the {}?", "In which part of the picture is the {}?", "Where's the {}?",
        "Tell me where the {} is.", "In which corner is the {}?", "What is the place of the {}?", "Find the {}.",
        "Where in the picture is the {}?", "Whereabouts is the {}?", "Where do you see the {}?",
    )).format(name)  # fmt: skip
    return question, f"The {name} is {zone(thing)}."


def relation(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """Is A left of, right of, above or below B; only where the difference is plain."""
    one, other = rng.sample(scene.things, 2)
    across, down = other.x - one.x, other.y - one.y
    true = ("left of" if across > 0 else "right of") if abs(across) > abs(down) else "above" if down > 0 else "below"
    asked = true if rng.random() < 0.5 else _OPPOSITE[true]
    first, second = _call(scene, one), _call(scene, other)
    spoken = f"to the {asked}" if asked in {"left of", "right of"} and rng.random() < 0.5 else asked
    question = wording(
        rng,
        held_out,
        (
            "Is the {0} {2} the {1}?",
            "Can you see the {0} {2} the {1}?",
            "The {0} is {2} the {1}, right?",
            "Is it true that the {0} is {2} the {1}?",
            "Is the {0} {2} the {1} or not?",
            "Do you see the {0} {2} the {1}?",
        ),
    )
    answer = "Yes, the {0} is {2} the {1}." if asked == true else "No, the {0} is not {2} the {1}."
    return question.format(first, second, spoken), answer.format(first, second, asked)


_OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


def left_or_right(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """Which side of the picture a thing is on; asked only when it is clear."""
    thing, name = _named(scene, rng, lambda one: abs(one.x - SIDE / 2) > 12)
    question = wording(rng, held_out, (
        "Is the {} on the left or on the right?", "Which side is the {} on?", "On which side is the {}?",
        "Is the {} on the right or on the left?", "Left or right: where is the {}?", "On what side is the {}?",
        "Is the {} left or right?",
    )).format(name)  # fmt: skip
    return question, f"The {name} is on the {'left' if thing.x < SIDE / 2 else 'right'}."


def largest(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    order = sorted(scene.things, key=lambda thing: thing.radius)
    if len(order) < 2 or order[-1].radius < order[-2].radius * 1.15:
        raise LookupError
    question = wording(rng, held_out, (
        "Which shape is the largest?", "Which shape is the biggest?", "What is the largest shape?",
        "What is the biggest thing?", "What is the biggest shape?", "Which thing is the largest?",
        "Name the biggest shape.", "Which one is the largest?", "Which one is the biggest?",
        "Name the largest shape.",
    ))  # fmt: skip
    return question, f"The largest shape is {a(order[-1].name)}."


def nearest(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """The neighbour of a thing, where no other is almost as near."""
    thing, name = _named(scene, rng)
    order = sorted((one for one in scene.things if one is not thing), key=lambda one: _distance(one, thing))
    if not order or (len(order) > 1 and _distance(order[1], thing) < _distance(order[0], thing) * 1.25):
        raise LookupError
    question = wording(rng, held_out, (
        "What is nearest to the {}?", "Which shape is nearest to the {}?", "What is next to the {}?",
        "Which thing is nearest to the {}?", "What is closest to the {}?", "What stands next to the {}?",
        "Which shape is closest to the {}?",
    )).format(name)  # fmt: skip
    return question, f"Nearest to the {name} is {a(order[0].name)}."


def compare(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    one, other = rng.sample(SHAPES, 2)
    if scene.things:
        one = rng.choice(scene.things).shape
        other = rng.choice([shape for shape in SHAPES if shape != one])
    question = wording(rng, held_out, (
        "Are there more {} than {}?", "Do you see more {} than {}?", "More {} than {}?",
        "Can you see more {} than {}?", "Does the picture have more {} than {}?",
        "Is it true that there are more {} than {}?", "Are more {} than {} in the picture?",
        "Is the number of {} larger than that of {}?",
    )).format(plural(one), plural(other))  # fmt: skip
    first, second = (sum(thing.shape == shape for thing in scene.things) for shape in (one, other))
    return question, f"{'Yes' if first > second else 'No'}, {first} {plural(one)} and {second} {plural(other)}."


def background(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    question = wording(rng, held_out, (
        "Is the background light or dark?", "Is the picture's background dark or light?",
        "What is the background like?", "Light or dark: how is the background?", "Is the background dark?",
        "Is the background light?", "Describe the background.", "How bright is the background?",
        "How is the background, light or dark?",
    ))  # fmt: skip
    return question, f"The background is {'light' if scene.light else 'dark'}."


def read(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    question = wording(rng, held_out, (
        "What does the text say?", "Read the text.", "What is written there?", "What is written in the picture?",
        "Which word do you see?", "What does it say?", "What is written here?", "Which text do you see?", "Read it.",
        "What text is in the picture?", "Read the word.", "Read what it says.", "Which word is it?",
        "Which number do you see?", "Can you read the text?",
    ))  # fmt: skip
    return question, f"The text says {scene.text}." if scene.text else "There is no text."


def spell(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    question = wording(
        rng,
        held_out,
        (
            "Spell the text.",
            "Spell the word.",
            "Spell what is written.",
            "Spell what you see.",
            "Spell it.",
            "Can you spell the word?",
            "How is the word spelled?",
            "Letter by letter, what does it say?",
            "Spell it out.",
        ),
    )
    return question, f"{'-'.join(scene.text)}." if scene.text else "There is no text."


def says(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """Yes or no about the text; the wrong text differs in one place."""
    if not scene.text:
        raise LookupError
    asked = scene.text
    if rng.random() < 0.5:
        at = rng.randrange(len(asked))
        letters = "0123456789" if asked.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        asked = asked[:at] + rng.choice(letters.replace(asked[at], "")) + asked[at + 1 :]
    question = wording(
        rng,
        held_out,
        (
            "Does the text say {}?",
            "Is {} written there?",
            "Is the text {}?",
            "Does the picture say {}?",
            "Is it {}?",
            "Does the word read {}?",
            "Is {} what it says?",
            "Does it say {}?",
        ),
    )
    question = question.format(asked)
    return question, f"Yes, the text says {asked}." if asked == scene.text else f"No, the text says {scene.text}."


def absent(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """A question about a shape that is not there."""
    shape = rng.choice([one for one in SHAPES if all(thing.shape != one for thing in scene.things)])
    question = wording(rng, held_out, (
        "What color is the {}?", "Where is the {}?", "What colour is the {}?", "Which side is the {} on?",
        "What is the color of the {}?", "Is the {} on the left or on the right?", "What is nearest to the {}?",
        "Where in the picture is the {}?", "Find the {}.", "Where can I see the {}?",
    )).format(shape)  # fmt: skip
    return question, f"There is no {shape}."


def it(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """About the only thing there is."""
    (thing,) = scene.things
    wordings, answer = rng.choice((
        (("What color is it?", "What colour is it?", "Which color does it have?", "What is its color?",
          "Which colour is it?"), f"It is {thing.colour}."),
        (("What shape is it?", "Which shape is it?", "Which shape does it have?", "Which thing is it?",
        "What is it?"), f"It is {a(thing.shape)}."),
        (("Where is it?", "In which part of the picture is it?", "Where can I find it?", "Where's it?",
          "Where do you see it?"), f"It is {zone(thing)}."),
    ))  # fmt: skip
    return wording(rng, held_out, wordings), answer


def as_json(scene: Scene, rng: random.Random, held_out: bool) -> Asked:
    """Values from the picture for keys that are named."""
    thing = scene.things[0] if len(scene.things) == 1 else None
    values = {
        "count": len(scene.things), "background": "light" if scene.light else "dark",
        **({"colour": thing.colour, "shape": thing.shape} if thing else {}),
        **({"text": scene.text} if scene.text else {}),
    }  # fmt: skip
    keys = rng.sample(list(values), rng.randint(1, min(3, len(values))))
    return json_wish(keys, rng, held_out), json.dumps({key: values[key] for key in keys})


Question = Callable[[Scene, random.Random, bool], Asked]
ALWAYS: dict[str, Question] = {
    "describe": describe, "how many in all": count_all, "how many of a shape": count_shape,
    "how many of a colour": count_colour, "is there": is_there, "background": background, "read": read,
    "absent": absent, "as JSON": as_json,
}  # fmt: skip
THINGS: dict[str, Question] = {
    "which colour": which_colour, "which shape": which_shape, "which side": which_side, "where exactly": where_is,
    "relation": relation, "left or right": left_or_right, "largest": largest, "nearest": nearest, "compare": compare,
    "it": it,
}  # fmt: skip
TEXTS: dict[str, Question] = {"spell": spell, "does it say": says}


def ask(kind: str, scene: Scene, rng: random.Random, held_out: bool) -> Asked | None:
    """A question of a kind, or None where the scene allows none."""
    try:
        return {**ALWAYS, **THINGS, **TEXTS}[kind](scene, rng, held_out)
    except (LookupError, ValueError):
        return None


def kinds(scene: Scene) -> list[str]:
    """The kinds worth asking about a scene, repeated by weight."""
    if scene.things:
        often = ("describe", "which colour", "which side", "where exactly", "left or right")
        counts = ("how many in all", "how many of a shape", "how many of a colour", "is there")
        return [*ALWAYS, *THINGS, *often, *often, *counts, *counts, "describe", "relation"]
    return [*ALWAYS, *TEXTS, *(["read"] * 8)] if scene.text else list(ALWAYS)


def _number(count: int, one: str, many: str) -> str:
    return f"There {'is' if count == 1 else 'are'} {NUMBERS[count]} {one if count == 1 else many}."


def _shape_near(scene: Scene, rng: random.Random) -> str:
    return rng.choice(scene.things).shape if scene.things and rng.random() < 0.7 else rng.choice(SHAPES)


def _colour_near(scene: Scene, rng: random.Random) -> str:
    return rng.choice(scene.things).colour if scene.things and rng.random() < 0.7 else rng.choice(tuple(COLOURS))


def _only(scene: Scene, rng: random.Random, key: Callable[[Thing], str]) -> Thing:
    """A thing that alone has its shape or colour; IndexError where none has."""
    keys = [key(thing) for thing in scene.things]
    return rng.choice([thing for thing in scene.things if keys.count(key(thing)) == 1])


def _call(scene: Scene, thing: Thing) -> str:
    """The shortest name that means this thing only."""
    if sum(one.shape == thing.shape for one in scene.things) == 1:
        return thing.shape
    if sum(one.name == thing.name for one in scene.things) == 1:
        return thing.name
    raise LookupError


def _named(scene: Scene, rng: random.Random, fits: Callable[[Thing], bool] = lambda _: True) -> tuple[Thing, str]:
    thing = rng.choice([one for one in scene.things if fits(one)])
    name = _call(scene, thing)
    return thing, thing.name if rng.random() < 0.3 and sum(t.name == thing.name for t in scene.things) == 1 else name


def _distance(one: Thing, other: Thing) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)
