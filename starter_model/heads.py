"""A good start for copying: attention heads that continue a pattern seen before.

Owns the first weights of two layers. Copying into tool arguments needs an "induction" pair of heads: one that notes
which token came before, one that looks for the place where the present token came before and repeats what followed.
Small trainings find that pair late or never, so they get it at birth; every weight stays free to change. A space says
little about what comes next, so the match is of two tokens: the present one and the one before it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from starter_model.model import Block, Text

CONSTANT = 4.0
"""Every embedding gets this much, in standard deviations, along dimension 0: what a head without bias can lean on."""
FOCUS, MATCH, COPY, WRITE = 4.0, 4.0, 6.0, 2.0
FAST = 4
"""Pairs of a head that turn fast enough to tell neighbours apart."""


@torch.no_grad()
def plant(text: Text) -> None:
    """Writes the pair into layers 0 and 1."""
    width, size = text.shape.width, text.shape.width // text.shape.heads
    made = torch.Generator().manual_seed(7)
    deviation = text.token_embd.weight[:, 1:].std()
    text.token_embd.weight[:, 0] = CONSTANT * deviation
    first, second = (block for block in (text.blk[0], text.blk[1]) if isinstance(block, Block))
    present, before = (_slow_directions(width, size, made) for _ in range(2))
    keys, queries = torch.nn.init.orthogonal_(torch.empty(2 * size, width), generator=made).split(size)
    for head, (places, content, carrier) in enumerate(((1, present, keys), (2, before, keys), (1, before, queries))):
        part = slice(head * size, (head + 1) * size)
        _look_back(first.attn_q.weight[part], first.attn_k.weight[part], text.shape.rope_base, places)
        first.attn_v.weight[part] = content
        first.attn_output.weight[:, part] = WRITE * deviation * carrier.T
    second.attn_q.weight[:size] = MATCH * (present + _only(before, queries) / WRITE)
    second.attn_k.weight[:size] = MATCH * _only(present, keys)
    for head in range(1, text.shape.heads):
        part = slice(head * size, (head + 1) * size)
        second.attn_q.weight[part] = second.attn_q.weight[:size]
        second.attn_k.weight[part] = second.attn_k.weight[:size]
        identity = torch.eye(width)[1 + (head - 1) * size : 1 + head * size]
        second.attn_v.weight[part] = _padded(identity, size)
        second.attn_output.weight[:, part] = COPY * deviation * _padded(identity, size).T


def _padded(rows: Tensor, size: int) -> Tensor:
    return torch.cat((rows, torch.zeros(size - len(rows), rows.shape[1])))


def _only(content: Tensor, carrier: Tensor) -> Tensor:
    """Reads from the carrier what the first head wrote, in the order of the content's directions."""
    used = (content.abs().sum(1) > 0).float()
    return used[:, None] * carrier


def _slow_directions(width: int, size: int, made: torch.Generator) -> Tensor:
    """Random directions for the slowly turning pairs of a head, nothing for the fast ones: a match at any distance."""
    directions = torch.nn.init.orthogonal_(torch.empty(size, width), generator=made)
    directions[:, 0] = 0
    directions[: size // 2] = 0
    return directions


def _look_back(query: Tensor, key: Tensor, base: float, places: int) -> None:
    """Scores that are highest so many places back: the query is the key, turned by them.

    Only the fastest pairs take part. In the others neighbours hardly differ, and tokens of unlike length drown that.
    """
    query.zero_()
    key.zero_()
    rates = places * base ** (-torch.arange(0, len(query), 2).float() / len(query))
    for pair in range(FAST):
        key[2 * pair, 0] = query[2 * pair, 0] = FOCUS
        query[2 * pair, 0] *= torch.cos(rates[pair])
        query[2 * pair + 1, 0] = -FOCUS * torch.sin(rates[pair])
