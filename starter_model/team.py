"""The processes that train together: who is who, one clock, shared gradients.

Owns what is said between processes. One process alone needs none of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


class Clock:
    """Seconds since the start, the first process's for all, so that all slow down and stop at the same step."""

    def __init__(self, spent: float = 0.0) -> None:
        self._began = time.monotonic() - spent

    def seconds(self) -> float:
        spent = time.monotonic() - self._began
        if size() == 1:
            return spent
        told = torch.tensor([spent])
        dist.broadcast(told, 0)
        return told.item()


def add_up(tensors: Sequence[Tensor]) -> None:
    """Replaces every tensor by its sum over the processes, in one message."""
    if size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, part in zip(tensors, torch.split(flat, [one.numel() for one in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def share_gradients(parameters: Sequence[Tensor]) -> None:
    """Replaces every gradient by the mean over the processes."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    add_up(gradients)
    for gradient in gradients:
        gradient.div_(size())
