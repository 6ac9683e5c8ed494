"""The stages of training: what each shows, what may change in it, and how fast.

Owns the plan. The encoder learns to say what is at every patch, where in it and how large, with no language. The
language half learns from text, and from pictures whose vectors are made of its own word embeddings and of places, so
that it need not wait for the encoder. Encoder and projector learn to give those vectors. Then all train together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from starter_model import heads, rows, scenes
from starter_model.model import Starter, masks, waves
from starter_model.scenes import LETTERS, SIDE, Scene
from starter_model.tokenizer import Tokenizer

CLASSES = (*(f"{colour} {shape}" for colour in scenes.COLOURS for shape in scenes.SHAPES), *LETTERS, *"0123456789")
EMPTY = ("light", "dark")
"""What is said of a patch in which nothing is centred: the ground of the picture."""
GROUND = 0.1
"""How much it counts what is said of the ground: nearly all of a picture is ground."""
LARGEST = 30.0
GRID = 8
BLUR, GROWN = 0.12, 1600
"""How much of noise the vectors of words have in the end, against their own spread: those of real pictures are inexact.
It grows from nothing over so many portions: what is noisy from the start never learns to look things up."""
Loss = tuple[str, float, Tensor]
"""A loss with its name and its weight."""


class Learner(nn.Module):
    """What is trained: the model, its tokenizer, and a head that names patches and is not exported."""

    def __init__(self, starter: Starter, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.starter, self.tokenizer = starter, tokenizer
        self.labels = nn.Linear(starter.shape.width, len(CLASSES) + len(EMPTY) + 3)

    @property
    def device(self) -> torch.device:
        return self.labels.weight.device


@dataclass(frozen=True)
class Stage:
    """One part of the way. `learns` are beginnings of parameter names; `held`: share of steps at the full rate."""

    name: str
    steps: int
    learns: tuple[str, ...]
    losses: Callable[[Learner, int], Iterator[Loss]]
    muon_rate: float
    adam_rate: float
    vision_share: float = 1.0
    held: float = 0.4


@dataclass(frozen=True)
class Patches:
    """Truth about patches, [patches]: class numbers; centre x, y and radius of what is there, shares [patches, 3]."""

    classes: Tensor
    places: Tensor

    @property
    def full(self) -> Tensor:
        return self.classes < len(CLASSES)


def truth(seen: Sequence[Scene]) -> Patches:
    """What is centred in each patch of each scene, row by row; the ground where nothing is."""
    classes, places = [], []
    for scene in seen:
        glyphs = scenes.drawn(scene)[1] if scene.text else []
        ground = len(CLASSES) + EMPTY.index("light" if scene.light else "dark")
        named = [ground] * GRID**2
        where = [((at % GRID + 0.5) / GRID, (at // GRID + 0.5) / GRID, 0.0) for at in range(GRID**2)]
        things = [(thing.name, thing.x, thing.y, thing.radius / LARGEST) for thing in scene.things]
        for name, x, y, size in [*things, *((*glyph, 0.3) for glyph in glyphs)]:
            column, row = (min(GRID - 1, max(0, int(at * GRID / SIDE))) for at in (x, y))
            named[row * GRID + column] = CLASSES.index(name)
            where[row * GRID + column] = (x / SIDE, y / SIDE, size)
        classes.append(named)
        places.append(where)
    return Patches(torch.tensor(classes).flatten(), torch.tensor(places).flatten(0, 1))


def patches_named(learner: Learner, features: Tensor, patches: Patches) -> Tensor:
    """How far the encoder's features [pictures, patches, width] are from saying what is there, where and how large.

    Where is meant in the whole picture: features hold only what they are asked for, and no projector finds the rest.
    """
    told = learner.labels(features).float().flatten(0, 1)
    weights = torch.ones(len(CLASSES) + len(EMPTY), device=told.device)
    weights[len(CLASSES) :] = GROUND
    naming = F.cross_entropy(told[:, :-3], patches.classes.to(told.device), weights)
    full = patches.full.to(told.device)
    wanted = patches.places.to(told.device) * torch.tensor([GRID, GRID, 1.0], device=told.device)
    return naming + F.mse_loss(told[full][:, -3:], wanted[full])


def spoken(learner: Learner, patches: Patches) -> Tensor:
    """Vectors of pictures made of the words for what they show and of its place and size, [patches, width]."""
    table = learner.starter.text.token_embd.weight
    encode = learner.tokenizer.encode
    words = [[token for word in name.split() for token in encode(word)] for name in (*CLASSES, *EMPTY)]
    spelled = torch.stack([table[word].mean(0) for word in words])
    where = patches.places.to(table.device)
    full = patches.full.to(table.device)[:, None].float()
    place = torch.cat((2 * where - 1, *waves(where[:, :2], (1, 2, 3))), 1)
    code = torch.cat((full * place, full, torch.ones_like(full)), 1)
    told = heads.directions(table.shape[1])
    strength = table.detach().std() * (table.shape[1] / code.shape[1]) ** 0.5
    said = spelled[patches.classes.to(table.device)]
    named = full * (said @ told.words.to(table.device).T)
    return said + strength * code @ told.place.to(table.device) + named @ told.name.to(table.device)


def _scenes(number: int, count: int, texts: float) -> list[Scene]:
    return [scenes.scene(scenes.generator(number * 64 + row, held_out=False), texts) for row in range(count)]


def _encoder(learner: Learner, number: int) -> Iterator[Loss]:
    some = _scenes(number, 32, texts=0.4)
    images = torch.stack([rows.pixels(scene) for scene in some]).to(learner.device)
    with torch.autocast(learner.device.type, torch.bfloat16):
        features = learner.starter.vision.features(images)
    yield "patches", 1.0, patches_named(learner, features, truth(some))


def _language(learner: Learner, number: int) -> Iterator[Loss]:
    for name, weight, batch in _talks(learner.tokenizer, number, drawn=False):
        seen = None
        if batch.scenes:
            seen = spoken(learner, truth(batch.scenes))
            noise = torch.Generator().manual_seed(number)
            blur = torch.randn(seen.shape, generator=noise) * seen.detach().std().cpu() * BLUR * min(1, number / GROWN)
            seen = seen + blur.to(seen.device)
        yield name, weight, _said(learner, batch.to(learner.device), seen)


def _projector(learner: Learner, number: int) -> Iterator[Loss]:
    some = _scenes(number, 32, texts=0.3)
    images = torch.stack([rows.pixels(scene) for scene in some]).to(learner.device)
    patches = truth(some)
    with torch.no_grad():
        wanted = spoken(learner, patches)
    with torch.autocast(learner.device.type, torch.bfloat16):
        given = learner.starter.see(images).float().flatten(0, 1)
    full = patches.full.to(learner.device)
    things, ground = (F.mse_loss(given[at], wanted[at]) / wanted[at].square().mean() for at in (full, ~full))
    yield "vectors", 1.0, things + GROUND * ground


def _together(learner: Learner, number: int) -> Iterator[Loss]:
    for name, weight, batch in _talks(learner.tokenizer, number, drawn=True):
        if batch.images is None:
            yield name, weight, _said(learner, batch.to(learner.device), None)
            continue
        with torch.autocast(learner.device.type, torch.bfloat16):
            features = learner.starter.vision.features(batch.images.to(learner.device))
            seen = learner.starter.vision.project(features)
        told = _said(learner, batch.to(learner.device), seen)
        yield name, weight, told + 0.3 * patches_named(learner, features, truth(batch.scenes))


def _talks(tokenizer: Tokenizer, number: int, drawn: bool) -> Iterator[tuple[str, float, rows.Batch]]:
    """What is said in a step: rows of every kind, with the weight of its loss."""
    for index, (name, weight, maker, count) in enumerate(TALKS):
        seeds = ((number * len(TALKS) + index) * 64 + row for row in range(count))
        made = [maker(tokenizer, scenes.generator(seed, held_out=False)) for seed in seeds]
        yield name, weight, rows.batch(made, drawn)


def _said(learner: Learner, batch: rows.Batch, seen: Tensor | None) -> Tensor:
    """Mean surprise over what the assistant says."""
    text = learner.starter.text
    with torch.autocast(learner.device.type, torch.bfloat16):
        x = learner.starter.embed(batch.tokens, seen, batch.where)
        seeing = [mask.to(x.device, torch.bfloat16) for mask in masks(batch.spans)]
        hidden = text(x, batch.positions, list(zip(batch.spans, seeing, strict=True)))[batch.learn]
        return F.cross_entropy(text.logits(hidden), batch.target[batch.learn])


TALKS: tuple[tuple[str, float, Callable[[Tokenizer, random.Random], rows.Row], int], ...] = (
    ("pictures", 1.0, rows.picture_row, 4), ("changes", 0.2, rows.change_row, 2), ("tools", 0.8, rows.tool_row, 3),
    ("chat", 0.4, rows.chat_row, 1),
)  # fmt: skip
"""Rows of each kind in a step of each process."""
TEXT, VISION = "starter.text.", "starter.vision."
PLAN = (
    Stage("encoder", 4500, (VISION, "labels."), _encoder, 0.02, 0.003),
    Stage("language", 2800, (TEXT,), _language, 0.006, 0.0009),
    Stage("projector", 1000, (VISION,), _projector, 0.01, 0.0015),
    Stage("together", 2700, (TEXT, VISION, "labels."), _together, 0.004, 0.0006, vision_share=0.25, held=0.35),
)


def plan(share: float = 1, first: str = "") -> tuple[Stage, ...]:
    """The stages, with a share of their steps; from the stage named `first` on."""
    begin = next((at for at, stage in enumerate(PLAN) if stage.name == first), 0)
    return tuple(replace(stage, steps=max(12, round(stage.steps * share))) for stage in PLAN[begin:])
