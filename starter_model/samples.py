"""Fixed held-out cases with the answers PyTorch gives, for the tests of the engine in the browser.

Owns the file tests/data/starter_answers.json. Does not own the cases.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

from starter_model import scenes
from starter_model.cases import Case, all_cases
from starter_model.evaluate import answers
from starter_model.model import Starter
from starter_model.tokenizer import CALL, Tokenizer

EACH = 6


def write(path: Path, model: Starter, tokenizer: Tokenizer) -> None:
    """A few cases of every kind that ask the engine one thing, and what PyTorch answers."""
    chosen = [case for case in all_cases(EACH) if not any(CALL in text for _, text in case.turns)]
    told = [_told(case, answer) for case, answer in zip(chosen, answers(model, tokenizer, chosen), strict=True)]
    path.write_text(json.dumps({"cases": told}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _told(case: Case, answer: str) -> dict[str, object]:
    lines = [line for role, text in case.turns if role == "system" for line in text.splitlines()]
    return {
        "kind": case.kind,
        "messages": [{"role": role, "text": text} for role, text in case.turns if role != "system"],
        "tools": [json.loads(line) for line in lines if line.startswith("{")],
        "images": [_png(scene) for scene in case.scenes],
        "right": case.answer,
        "answer": answer,
    }


def _png(scene: scenes.Scene) -> str:
    buffer = io.BytesIO()
    scenes.draw(scene).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
