"""A good start for copying and for looking things up: attention heads that do it from birth.

Owns the first weights of three layers. Copying into tool arguments needs an "induction" pair of heads: one that notes
which token came before, one that looks for the place where the present token came before and repeats what followed.
Asked where the red star is, another head has to look for the picture's vector that is made of "red" and of "star", and
fetch its place. Small trainings find such heads late or never, so they get them; every weight stays free to change. A
space says little about what comes next, so copying matches two tokens: the present one and the one before it. For the
same reason a name is read from two words: the present token and the one before the space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from starter_model.model import Block, Text

CONSTANT = 4.0
"""Every embedding gets this much, in standard deviations, along dimension 0: what a head without bias can lean on."""
FOCUS, MATCH, COPY, WRITE, LOOK, FETCH, TOPIC = 4.0, 4.0, 6.0, 2.0, 8.0, 3.0, 8.0
PLACE, NAME = 17, 15
"""Numbers that tell a place (x, y and size, sine and cosine of x and y at three scales, a 1 for a thing, a 1 for
any part of a picture), and that tell words and names apart."""
FAST = 4
"""Pairs of a head that turn fast enough to tell neighbours apart."""


@dataclass(frozen=True)
class Directions:
    """Where in a vector something is told, [numbers, width] each; all at right angles.

    `words` tells words apart. In the others words say nothing: vectors of pictures tell their `place` and their `name`
    there, and what was looked up is written there, with a `topic` that says so.
    """

    words: Tensor
    place: Tensor
    name: Tensor
    topic: Tensor


@cache
def directions(width: int) -> Directions:
    """The directions of vectors of this width; always the same."""
    made = torch.Generator().manual_seed(11)
    rows = torch.nn.init.orthogonal_(torch.empty(2 * NAME + PLACE + 1, width - 1), generator=made)
    return Directions(*torch.nn.functional.pad(rows, (1, 0)).split((NAME, PLACE, NAME, 1)))


@torch.no_grad()
def plant(text: Text) -> None:
    """Writes the heads into the first three layers."""
    width, size = text.shape.width, text.shape.width // text.shape.heads
    made = torch.Generator().manual_seed(7)
    deviation = text.token_embd.weight[:, 1:].std()
    told = directions(width)
    apart = torch.cat((told.place, told.name, told.topic))
    others = torch.eye(width) - apart.T @ apart
    text.token_embd.weight.copy_(text.token_embd.weight @ others)
    text.token_embd.weight[:, 0] = CONSTANT * deviation
    first, second, third = (block for block in text.blk[:3] if isinstance(block, Block))
    present, before = (_slow_directions(width, size, made) for _ in range(2))
    _even_out(text.token_embd.weight, told.words)
    asked = torch.cat((torch.zeros(size - NAME, width), told.words))
    carriers = torch.nn.init.orthogonal_(torch.empty(3 * size, width), generator=made) @ others
    keys, queries, words = carriers.split(size)
    noted = ((1, present, keys), (2, before, keys), (1, before, queries), (2, asked, words))
    for head, (back, content, carrier) in enumerate(noted):
        part = slice(head * size, (head + 1) * size)
        _look_back(first.attn_q.weight[part], first.attn_k.weight[part], text.shape.rope_base, back)
        first.attn_v.weight[part] = content
        first.attn_output.weight[:, part] = WRITE * deviation * carrier.T
    second.attn_q.weight[:size] = MATCH * (present + _only(before, queries) / WRITE)
    second.attn_k.weight[:size] = MATCH * _only(present, keys)
    for head in range(1, text.shape.heads):
        part = slice(head * size, (head + 1) * size)
        second.attn_q.weight[part] = second.attn_q.weight[:size]
        second.attn_k.weight[part] = second.attn_k.weight[:size]
        identity = others[1 + (head - 1) * size : 1 + head * size]
        second.attn_v.weight[part] = _padded(identity, size)
        second.attn_output.weight[:, part] = COPY * deviation * _padded(identity, size).T
    _look_up(second, third, told, MATCH * (asked + _only(asked, words) / WRITE), deviation)


def _look_up(second: Block, third: Block, told: Directions, query: Tensor, deviation: Tensor) -> None:
    """A word fetches place and name of the thing that it names; whatever comes later fetches those of such words."""
    size, width = query.shape
    last = torch.zeros(size - 1, width)
    fetched = torch.cat((told.place, told.name))
    second.attn_q.weight[:size] = query
    second.attn_k.weight[:size] = torch.cat((torch.zeros(size - NAME, width), LOOK * told.name))
    second.attn_v.weight[:size] = fetched
    written = torch.cat((told.place[:-2], told.topic, torch.zeros(1, width), told.name))
    second.attn_output.weight[:, :size] = FETCH * deviation * written.T
    third.attn_q.weight[:size] = torch.cat((last, TOPIC * torch.eye(width)[:1]))
    third.attn_k.weight[:size] = torch.cat((last, TOPIC * (told.topic - 4 * told.place[-1:])))
    third.attn_v.weight[:size] = fetched
    third.attn_output.weight[:, :size] = FETCH * deviation * fetched.T


def _even_out(words: Tensor, content: Tensor) -> None:
    """Makes all words equally long in what is looked up, so that no word matches better than another."""
    parts = words @ content.T
    words.add_((parts * (len(content) ** 0.5 / parts.norm(dim=1, keepdim=True)) - parts) @ content)


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


def _look_back(query: Tensor, key: Tensor, base: float, back: int) -> None:
    """Scores that are highest so many places back: the query is the key, turned by them.

    Only the fastest pairs take part. In the others neighbours hardly differ, and tokens of unlike length drown that.
    """
    query.zero_()
    key.zero_()
    rates = back * base ** (-torch.arange(0, len(query), 2).float() / len(query))
    for pair in range(FAST):
        key[2 * pair, 0] = query[2 * pair, 0] = FOCUS
        query[2 * pair, 0] *= torch.cos(rates[pair])
        query[2 * pair + 1, 0] = -FOCUS * torch.sin(rates[pair])
