"""How something is put: one of the wordings that it has, as people type it.

Owns the choice, and what people add or leave out. Does not own the wordings; the last of each is kept for evaluation.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

BEFORE = (
    "Please: ", "Tell me: ", "Can you tell me: ", "I want to know: ", "Hey, ", "OK, ", "So, ", "And now: ", "Well, ",
    "One question: ", "Next: ", "Look: ",
)  # fmt: skip
AFTER = (" please", ", please", " now", " here", " then")


def one_of(rng: random.Random, held_out: bool, wordings: Sequence[str]) -> str:
    """One of the wordings; the last only, and often, in evaluation."""
    if held_out and rng.random() < 0.3:
        return wordings[-1]
    return rng.choice(wordings[:-1])


def wording(rng: random.Random, held_out: bool, wordings: Sequence[str]) -> str:
    """One of the wordings, in training often with what people add or leave out."""
    chosen = one_of(rng, held_out, wordings)
    return chosen if held_out or rng.random() < 0.6 else loosely(chosen, rng)


def loosely(text: str, rng: random.Random) -> str:
    """As people type it: without the last mark, in small letters, with something before or after it."""
    if text[-1] in ".?!" and rng.random() < 0.6:
        text = text[:-1]
    if rng.random() < 0.5:
        text = text[0].lower() + text[1:]
    if text[-1] not in "}.?!:" and rng.random() < 0.3:
        text += rng.choice(AFTER)
    return rng.choice(BEFORE) + text if rng.random() < 0.3 else text


def json_wish(keys: Sequence[str], rng: random.Random, held_out: bool) -> str:
    """A wish for JSON with these keys."""
    return wording(rng, held_out, (
        "Answer in JSON with {}.", "Give me {} as JSON.", "As JSON: {}", "Write JSON with the keys {}.",
        "Return {} in JSON.", "Give {} as JSON", "Put {} into JSON.", "I want {} in JSON.", "JSON: {}",
        "Write {} as JSON.", "Fill in this JSON: {}", "JSON please, with {}.",
    )).format(", ".join(keys))  # fmt: skip
