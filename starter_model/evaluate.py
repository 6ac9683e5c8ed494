"""Measuring a pair of files: every held-out case, answered greedily, counted by kind.

Owns running the cases and the figures. Does not own what is asked (cases) or how it is told (card).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from starter_model.cases import Case
from starter_model.model import Starter
from starter_model.rows import pixels, prompt
from starter_model.tokenizer import Tokenizer

TOGETHER = 24
LONGEST = 120
"""Tokens of an answer; what is longer is wrong anyway."""


def in_bytes(x: Tensor) -> Tensor:
    """Blocks of 32 values as whole numbers up to 127 times a half-precision scale: Q8_0, as ggml rounds to it."""
    blocks = x.unflatten(-1, (-1, 32))
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    return ((blocks / scale.clamp_min(1e-30)).round() * scale.half().float()).flatten(-2)


def gelu_of_half(x: Tensor) -> Tensor:
    """GELU as ggml looks it up: in a table of half floats, which ends at -10 and 10."""
    looked_up = F.gelu(x.half().float(), approximate="tanh").half().float()
    return torch.where(x.abs() < 10, looked_up, x.relu())


@contextmanager
def as_in_llama_cpp(model: Starter) -> Iterator[None]:
    """What goes into a matrix of 8 bits is rounded to 8 bits meanwhile, as llama.cpp does, and GELU to half floats.

    Two words can be so close that this decides between them.
    """
    exact = model.vision.patch_embd
    linear = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer is not exact]
    hooks = [
        *(layer.register_forward_pre_hook(lambda _, given: (in_bytes(given[0]),)) for layer in linear),
        model.text.output_norm.register_forward_hook(lambda _layer, _given, normed: in_bytes(normed)),
        *(
            layer.register_forward_hook(lambda _layer, given, _told: gelu_of_half(given[0]))
            for layer in model.modules()
            if isinstance(layer, nn.GELU)
        ),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def answers(model: Starter, tokenizer: Tokenizer, cases: list[Case]) -> list[str]:
    """The model's answers, in the order of the cases."""
    model.eval()
    given = [""] * len(cases)
    prompts = [prompt(tokenizer, case.turns, len(case.scenes)) for case in cases]
    order = sorted(range(len(cases)), key=lambda index: (not cases[index].scenes, len(prompts[index])))
    for start in range(0, len(order), TOGETHER):
        part = order[start : start + TOGETHER]
        images = [pixels(scene) for index in part for scene in cases[index].scenes]
        with as_in_llama_cpp(model):
            said = model.answer([prompts[i] for i in part], images, LONGEST, tokenizer.end)
        for index, tokens in zip(part, said, strict=True):
            given[index] = tokenizer.decode(tokens)
    return given


def measure(model: Starter, tokenizer: Tokenizer, cases: list[Case], log: Path | None = None) -> dict[str, list[int]]:
    """Right answers and cases of each kind; the log gets every wrong answer."""
    figures: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong = []
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
