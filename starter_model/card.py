"""The model's card: what it can do, said from measured figures.

Owns the words of card.json and how kinds of cases become its figures. The figures come from `evaluate`, sizes
and hashes from the files. Does not own the card's shape, which is the app's contract.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

LABELS = {
    "Pictures: which colour": ("which colour",), "Pictures: which shape": ("which shape",),
    "Pictures: is something there?": ("is there",), "Pictures: light or dark background": ("background",),
    "Pictures: how many shapes in all": ("how many in all",),
    "Pictures: how many of one shape": ("how many of a shape",),
    "Pictures: how many of one colour": ("how many of a colour",), "Pictures: what is at one side": ("which side",),
    "Pictures: left or right": ("left or right",), "Pictures: where exactly": ("where exactly",),
    "Pictures: left of, right of, above, below": ("relation",), "Pictures: the largest": ("largest",),
    "Pictures: the nearest": ("nearest",), "Pictures: comparing numbers": ("compare",),
    "Pictures: saying that something is not there": ("absent",), "Pictures: questions about one thing": ("it",),
    "Pictures: describing one object": ("describe 1",), "Pictures: describing two objects": ("describe 2",),
    "Pictures: describing three objects": ("describe 3",), "Pictures: describing four objects": ("describe 4",),
    "Pictures: an empty picture, no text": ("nothing to see", "no text"),
    "Pictures: reading numbers": ("read number",), "Pictures: reading unseen words": ("read word",),
    "Pictures: spelling": ("spell",), "Pictures: does it say ...?": ("does it say",),
    "Pictures: a second question": ("follow-up question",), "Pictures: values as JSON": ("as JSON",),
    "Pictures: what changed between two": ("what changed",),
}  # fmt: skip
CHAT = {
    "Chat: greetings, thanks, goodbye": ("greeting", "how are you", "thanks", "bye"),
    "Chat: greetings in other languages": ("foreign greeting",),
    "Chat: who it is, what it can and cannot do": ("who are you", "what can you do", "what can't you do"),
    "Chat: saying that it does not know": ("outside", "sum"),
    "Chat: saying that there is no picture": ("no picture",),
    "Chat: values as JSON": ("as JSON",),
}
TOOLS = {
    "Tools: to-do list, clock, camera": ("todo_list", "clock", "camera_look"), "Tools: calculator": ("calculator",),
    "Tools: reading a note": ("note_get",), "Tools: adding a to-do": ("todo_add",),
    "Tools: saving a note": ("note_save",),
    "Tools: never seen before": ("unseen tool",), "Tools: the second of two calls": ("second of two calls",),
    "Tools: answering from the result": ("answer from the result",),
    "Tools: saying that a tool failed": ("say that it failed",),
    "Tools: none fits": ("none fits", "outside"),
}  # fmt: skip
GROUPS = (("picture", LABELS, "All questions about pictures"), ("chat", CHAT, "All chat replies"),
          ("tools", TOOLS, "All about tools"))  # fmt: skip
Figures = dict[str, list[int]]


def rows(figures: Figures) -> list[dict[str, object]]:
    """The card's figures: one a label, and one for each group."""
    out: list[dict[str, object]] = []
    for group, labels, together in GROUPS:
        for label, kinds in labels.items():
            out.append(_row(label, [figures[f"{group}: {kind}"] for kind in kinds]))
        out.append(_row(together, [count for kind, count in figures.items() if kind.startswith(f"{group}: ")]))
    return out


def _row(label: str, counts: list[list[int]]) -> dict[str, object]:
    right, cases = (sum(column) for column in zip(*counts, strict=True))
    return {"label": label, "value": round(right / cases, 3), "cases": cases}


def files(pair: tuple[Path, Path]) -> list[dict[str, object]]:
    """Sizes and hashes of the two files."""
    return [
        {
            "role": role,
            "name": path.name,
            "url": f"models/starter/{path.name}",
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for role, path in zip(("weights", "projector"), pair, strict=True)
    ]


def write(path: Path, figures: Figures, pair: tuple[Path, Path]) -> None:
    """Puts measured figures and the files' facts into the card at `path`; its words stay."""
    card = json.loads(path.read_text("utf-8"))
    card["figures"], card["files"] = rows(figures), files(pair)
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
