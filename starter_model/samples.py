"""Held-out cases as other programs ask them: fixed ones with PyTorch's answers for the tests, or as many as one wants.

Owns the file tests/data/starter_answers.json and its form. Does not own the cases, and needs no PyTorch.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starter_model import scenes
from starter_model.cases import Case, all_cases
from starter_model.tokenizer import CALL

EACH = 6


def chosen(each: int) -> list[Case]:
    """`each` cases of every kind, of those that ask the engine one thing."""
    return [case for case in all_cases(each) if not any(CALL in text for _, text in case.turns)]


def write(path: Path, answers: Callable[[list[Case]], list[str]]) -> None:
    """A few cases, and what PyTorch answers."""
    cases = chosen(EACH)
    answered = [asked(case) | {"answer": answer} for case, answer in zip(cases, answers(cases), strict=True)]
    path.write_text(json.dumps({"cases": answered}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def asked(case: Case) -> dict[str, Any]:
    """A case in JSON, its pictures as PNG in base64."""
    lines = [line for role, text in case.turns if role == "system" for line in text.splitlines()]
    return {
        "kind": case.kind,
        "messages": [{"role": role, "text": text} for role, text in case.turns if role != "system"],
        "tools": [json.loads(line) for line in lines if line.startswith("{")],
        "images": [_png(scene) for scene in case.scenes],
        "right": case.answer,
    }


def _png(scene: scenes.Scene) -> str:
    buffer = io.BytesIO()
    scenes.draw(scene).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
