"""Two optimisers in one: Muon for the matrices between layers, AdamW for everything else.

Owns the update rules; the training loop owns the rates.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor

from starter_model import team

EMBEDDING = 5.0
"""How much faster words move than norms and biases: their vectors are larger."""


def orthogonal(stack: Tensor) -> Tensor:
    """The nearest matrices with equal singular values (five steps of Newton-Schulz), for a stack of one shape."""
    x = stack.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    nearest: Tensor = x.mT if tall else x
    return nearest.float()


class Muon:
    """Matrices move by the orthogonal part of their momentum, so that rare directions learn as fast as common ones.

    Each process works out the moves of some shapes; together they have all.
    """

    def __init__(self, parameters: list[tuple[Tensor, float]], momentum: float = 0.95) -> None:
        self.groups: dict[tuple[torch.Size, float], list[Tensor]] = defaultdict(list)
        for parameter, share in parameters:
            self.groups[parameter.shape, share].append(parameter)
        self.momentum = momentum
        self.buffers = {
            key: torch.zeros(len(group), *key[0], device=group[0].device) for key, group in self.groups.items()
        }

    @torch.no_grad()
    def step(self, rate: float) -> None:
        moves = []
        for index, (key, group) in enumerate(self.groups.items()):
            gradient = torch.stack([parameter.grad for parameter in group if parameter.grad is not None])
            buffer = self.buffers[key].mul_(self.momentum).add_(gradient)
            mine = index % team.size() == team.rank()
            moves.append(orthogonal(gradient + self.momentum * buffer) if mine else torch.zeros_like(gradient))
        team.add_up(moves)
        for ((shape, share), group), move in zip(self.groups.items(), moves, strict=True):
            rows, columns = shape
            scale = rate * share * max(1.0, rows / columns) ** 0.5
            for parameter, change in zip(group, move, strict=True):
                parameter.sub_(scale * change)

    def state(self) -> list[Tensor]:
        return list(self.buffers.values())

    def load(self, state: list[Tensor]) -> None:
        for buffer, saved in zip(self.buffers.values(), state, strict=True):
            buffer.copy_(saved)


def optimisers(named: list[tuple[str, Tensor]], vision_share: float) -> tuple[Muon, torch.optim.AdamW]:
    """Muon for matrices inside layers, AdamW for embeddings, norms and biases; the encoder at a share of the rate."""
    inside: list[tuple[Tensor, float]] = []
    rest: list[dict[str, Any]] = []
    for name, parameter in named:
        share = vision_share if ".vision." in name and ".mm" not in name else 1.0
        if parameter.dim() == 2 and ".blk." in name:
            inside.append((parameter, share))
        else:
            rest.append({"params": [parameter], "share": EMBEDDING if "token_embd" in name else share})
    return Muon(inside), torch.optim.AdamW(rest, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)
