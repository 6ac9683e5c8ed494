"""Training rows: conversations as numbers, several of them sharing one picture or one list of tools.

Owns packing. The branches of a row do not see each other, each goes on where the shared part ends, and only what the
assistant says is learnt. Does not own what is said.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from starter_model import changes, chat, questions, scenes, tool_talk
from starter_model.model import Span
from starter_model.tokenizer import END, START, Tokenizer

HOLE = -1
"""The place of one vector of the picture."""
IMAGE_TOKENS = 64
Turns = list[tuple[str, str]]


@dataclass
class Row:
    """One packed row. `branch` is 0 for the shared part; `learn` marks the tokens to be predicted."""

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    branch: list[int] = field(default_factory=list)
    learn: list[bool] = field(default_factory=list)
    scenes: list[scenes.Scene] = field(default_factory=list)

    def add(self, tokens: list[int], learn: list[bool], branch: int, start: int) -> None:
        self.tokens += tokens
        self.learn += learn
        self.branch += [branch] * len(tokens)
        self.positions += range(start, start + len(tokens))


def turn_tokens(tokenizer: Tokenizer, role: str, text: str) -> tuple[list[int], list[bool]]:
    """One whole turn and what of it is learnt."""
    head, body = tokenizer.encode(f"{START}{role}\n"), tokenizer.encode(f"{text}{END}")
    mine = role == "assistant"
    tail = tokenizer.encode("\n")
    return head + body + tail, [False] * len(head) + [mine] * len(body) + [False] * len(tail)


def prompt(tokenizer: Tokenizer, turns: Turns, pictures: int = 0) -> list[int]:
    """What the engine feeds before an answer; the pictures open the first turn."""
    tokens: list[int] = []
    for index, (role, text) in enumerate(turns):
        tokens += tokenizer.encode(f"{START}{role}\n")
        tokens += [HOLE] * IMAGE_TOKENS * pictures if index == 0 else []
        tokens += tokenizer.encode(f"{text}{END}\n")
    return tokens + tokenizer.encode(f"{START}assistant\n")


def pixels(scene: scenes.Scene) -> Tensor:
    return torch.from_numpy(np.asarray(scenes.draw(scene)).copy())


def picture_row(tokenizer: Tokenizer, rng: random.Random, branches: int = 6) -> Row:
    """One picture, several conversations about it."""
    scene = scenes.scene(rng)
    row = Row(scenes=[scene])
    if rng.random() < 0.15:
        for role, text in chat.conversation(rng, False)[-2:]:
            tokens, _ = turn_tokens(tokenizer, role, text)
            row.add(tokens, [False] * len(tokens), 0, len(row.tokens))
    opening = tokenizer.encode(f"{START}user\n") + [HOLE] * IMAGE_TOKENS
    row.add(opening, [False] * len(opening), 0, len(row.tokens))
    start = len(row.tokens)
    for branch in range(1, branches + 1):
        at = start
        for number, (question, answer) in enumerate(picture_talk(scene, rng)):
            tokens, learn = turn_tokens(tokenizer, "user", question)
            if number == 0:
                skip = len(tokenizer.encode(f"{START}user\n"))
                tokens, learn = tokens[skip:], learn[skip:]
            for part, marks in ((tokens, learn), turn_tokens(tokenizer, "assistant", answer)):
                row.add(part, marks, branch, at)
                at += len(part)
    return row


def change_row(tokenizer: Tokenizer, rng: random.Random) -> Row:
    """Two pictures in one message, and what changed."""
    first, second, (question, answer) = changes.changed(rng, False)
    row = Row(scenes=[first, second])
    asked = tokenizer.encode(f"{START}user\n") + [HOLE] * IMAGE_TOKENS * 2 + tokenizer.encode(f"{question}{END}\n")
    row.add(asked, [False] * len(asked), 0, 0)
    row.add(*turn_tokens(tokenizer, "assistant", answer), 0, len(asked))
    return row


def picture_talk(scene: scenes.Scene, rng: random.Random) -> list[tuple[str, str]]:
    """One to three questions; now and then something that has nothing to do with the picture."""
    talk: list[tuple[str, str]] = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        if talk and rng.random() < 0.15:
            talk.append(chat.said(rng.choice(("thanks", "who are you", "outside", "what can you do")), rng, False))
            continue
        asked = None
        while asked is None:
            asked = questions.ask(rng.choice(questions.kinds(scene)), scene, rng, False)
        talk.append(asked)
    return talk


def tool_row(tokenizer: Tokenizer, rng: random.Random, branches: int = 5) -> Row:
    """One list of tools, several conversations below it."""
    tools = tool_talk.tool_set(rng, False)
    words = rng.choice(chat.SYSTEM) if rng.random() < 0.2 else ""
    return _text_row(
        tokenizer,
        [("system", tool_talk.system(tools, words))],
        [tool_talk.branch(tools, rng, False) for _ in range(branches)],
    )


def chat_row(tokenizer: Tokenizer, rng: random.Random, branches: int = 3) -> Row:
    return _text_row(tokenizer, [], [chat.conversation(rng, False) for _ in range(branches)])


def _text_row(tokenizer: Tokenizer, shared: Turns, talks: list[Turns]) -> Row:
    row = Row()
    for role, text in shared:
        row.add(*turn_tokens(tokenizer, role, text), 0, len(row.tokens))
    start = len(row.tokens)
    for branch, talk in enumerate(talks, 1):
        at = start
        for role, text in talk:
            tokens, learn = turn_tokens(tokenizer, role, text)
            row.add(tokens, learn, branch, at)
            at += len(tokens)
    return row


@dataclass
class Batch:
    """Rows of one kind, one after the other: [1, tokens]. `learn[0, t]` says that token t+1 is learnt from place t."""

    tokens: Tensor
    positions: Tensor
    spans: list[Span]
    target: Tensor
    learn: Tensor
    images: Tensor | None
    where: Tensor | None
    scenes: list[scenes.Scene]

    def to(self, device: torch.device) -> Batch:
        parts = {name: part.to(device) for name, part in vars(self).items() if isinstance(part, Tensor)}
        return replace(self, **parts)


def spans(rows: list[Row]) -> list[Span]:
    """The shared part of each row, and its branches, which see it and themselves."""
    found: list[Span] = []
    for row in rows:
        shared: int | None = None
        for branch, members in groupby(row.branch):
            found.append(Span(len(list(members)), shared))
            if branch == 0:
                shared = len(found) - 1
    return found


def batch(rows: list[Row], drawn: bool = True) -> Batch:
    """Rows as tensors; pictures are only drawn if they are wanted."""

    def joined(lists: list[list[int]]) -> Tensor:
        return torch.tensor([[number for one in lists for number in one]])

    raw = joined([row.tokens for row in rows])
    learn = joined([[int(mark) for mark in row.learn] for row in rows]).bool()
    learn[0, 0] = False
    seen = [scene for row in rows for scene in row.scenes]
    holes = raw == HOLE
    where = torch.where(holes, holes.cumsum(1) - 1, HOLE)
    return Batch(
        tokens=raw.clamp_min(0),
        positions=joined([row.positions for row in rows]),
        spans=spans(rows),
        target=raw.roll(-1, 1),
        learn=learn.roll(-1, 1),
        images=torch.stack([pixels(scene) for scene in seen]) if seen and drawn else None,
        where=where if seen else None,
        scenes=seen,
    )
