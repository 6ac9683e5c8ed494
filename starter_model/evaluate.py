"""Measuring a pair of files: every held-out case, answered greedily, counted by kind.

Owns running the cases and the figures. Does not own what is asked (cases) or how it is told (card).
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import torch

from starter_model.cases import Case
from starter_model.model import Starter
from starter_model.rows import pixels, prompt
from starter_model.tokenizer import Tokenizer

TOGETHER = 24
LONGEST = 120
"""Tokens of an answer; what is longer is wrong anyway."""


def answers(model: Starter, tokenizer: Tokenizer, cases: list[Case]) -> list[str]:
    """The model's answers, in the order of the cases."""
    given = [""] * len(cases)
    prompts = [prompt(tokenizer, case.turns, len(case.scenes)) for case in cases]
    order = sorted(range(len(cases)), key=lambda index: (not cases[index].scenes, len(prompts[index])))
    for start in range(0, len(order), TOGETHER):
        part = order[start : start + TOGETHER]
        images = [pixels(scene) for index in part for scene in cases[index].scenes]
        for index, tokens in zip(
            part, model.answer([prompts[i] for i in part], images, LONGEST, tokenizer.end), strict=True
        ):
            given[index] = tokenizer.decode(tokens)
    return given


def measure(model: Starter, tokenizer: Tokenizer, cases: list[Case], log: Path | None = None) -> dict[str, list[int]]:
    """Right answers and cases of each kind; the log gets every wrong answer."""
    figures: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong = []
    model.eval()
    with torch.no_grad():
        given = answers(model, tokenizer, cases)
    for case, answer in zip(cases, given, strict=True):
        right = case.right(answer)
        figures[case.kind][0] += right
        figures[case.kind][1] += 1
        if not right:
            wrong.append({"kind": case.kind, "asked": case.turns[-1][1], "expected": case.answer, "given": answer})
    if log:
        log.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in wrong))
    return dict(figures)
