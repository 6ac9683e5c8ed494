"""Words, names and numbers that conversations are filled with, held-out ones apart.

Owns the supply: real words for sense, invented ones so that copying is learnt and not remembered.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

LISTS: dict[str, list[str]] = {
    kind: words.split() for kind, words in json.loads(Path(__file__).with_name("words.json").read_text("utf-8")).items()
}
ONSETS, VOWELS, REAL, ACCENTED = (LISTS[kind] for kind in ("onsets", "vowels", "real", "accented"))
CODAS = ["", "", "n", "r", "s", "t", "l", "m", "ck", "nd", "rt", "sh", "x"]
SMALL = ("the", "a", "my", "for", "to", "of", "at", "in", "our", "new")
"""Words within phrases that are easily lost when they are copied."""
NAMES = [one for one in REAL if one.islower() and not any(one in LISTS[kind] for kind in LISTS if "held_out" in kind)]
HELD_OUT_ONSETS = ("gl", "qu", "sn", "tw", "y")
"""Invented words of evaluation begin with these; no invented word of training does."""


def invented(rng: random.Random, held_out: bool) -> str:
    """A word nobody has seen: syllables. Held-out words never occur in training."""
    parts = [rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
    if held_out:
        parts[0] = rng.choice(HELD_OUT_ONSETS) + parts[0][1:]
    return "".join(parts)


def word(rng: random.Random, held_out: bool) -> str:
    pick = rng.random()
    if pick < 0.6:
        return rng.choice(REAL)
    if pick < 0.63:
        return rng.choice(ACCENTED)
    made = invented(rng, held_out)
    return made.capitalize() if rng.random() < 0.2 else made


def label(kind: str, rng: random.Random, held_out: bool) -> str:
    """A name of something made up: of the list of this kind, any other word, or one that nobody has seen."""
    pick = rng.random()
    if pick < (0.6 if held_out else 0.3):
        return rng.choice(LISTS[f"{kind}_held_out" if held_out else kind])
    return rng.choice(NAMES) if pick < 0.6 else invented(rng, held_out)


def phrase(rng: random.Random, held_out: bool, most: int = 5) -> str:
    """One to five words, sometimes with a number, a comma, an apostrophe or a mark."""
    parts = [word(rng, held_out) for _ in range(min(most, rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5))))]
    if len(parts) > 1 and rng.random() < 0.4:
        parts.insert(rng.randint(1, len(parts) - 1), rng.choice(SMALL))
    if rng.random() < 0.12:
        parts.insert(rng.randint(0, len(parts)), str(rng.randint(1, 999)))
    if len(parts) > 2 and rng.random() < 0.1:
        parts[0] += ","
    if rng.random() < 0.06:
        parts[-1] += rng.choice(("'s", " & co", "-2", "/b", ".txt", " 🙂"))
    return " ".join(parts)


def number(rng: random.Random) -> str:
    pick = rng.random()
    if pick < 0.75:
        return str(rng.randint(0, 10 ** rng.randint(1, 4)))
    return f"{rng.randint(0, 99)}.{rng.randint(1, 99)}" if pick < 0.9 else str(-rng.randint(1, 99))
