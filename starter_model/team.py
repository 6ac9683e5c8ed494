"""The processes that train together: who is who, shared gradients.

Owns what is said between processes. One process alone needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

PORTIONS = 2
"""Portions of examples in a step: a fixed number, so that one process and two take the same steps."""


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def say(text: str) -> None:
    """One line of progress, from one of the processes."""
    if rank() == 0:
        print(text, flush=True)


def add_up(tensors: Sequence[Tensor]) -> None:
    """Replaces every tensor by its sum over the processes, in one message."""
    if size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, part in zip(tensors, torch.split(flat, [one.numel() for one in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def portions(step: int) -> list[int]:
    """Numbers of the portions of a step that this process works on; a process alone does all of them."""
    return [step * PORTIONS + portion for portion in range(PORTIONS) if portion % size() == rank()]


def share_gradients(parameters: Sequence[Tensor]) -> None:
    """Replaces every gradient by the mean over the portions."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    add_up(gradients)
    for gradient in gradients:
        gradient.div_(PORTIONS)
