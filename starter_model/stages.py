"""From nothing to a model that can go on together: the encoder, the language half, and the bridge between them.

Owns the order. First the encoder learns to name what is at every patch, with no language. Then the language half learns
from text and from pictures whose vectors are made of its own word embeddings. Then the projector learns to give those
vectors. `train.Training` does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from starter_model import heads, rows, scenes, team
from starter_model.model import Starter
from starter_model.muon import optimisers
from starter_model.scenes import LETTERS, SIDE, Scene
from starter_model.tokenizer import Tokenizer
from starter_model.train import make

CLASSES = (*(f"{colour} {shape}" for colour in scenes.COLOURS for shape in scenes.SHAPES), *LETTERS, *"0123456789")
NOTHING = len(CLASSES)
SHARES = {"encoder": 0.25, "language": 0.2, "projector": 0.05}
"""Shares of the whole time; the rest is for training together."""
RATE, ADAM_RATE = 0.02, 0.003
ROWS = 8


def labels(scene: Scene, glyphs: list[scenes.Glyph], rows_of_patches: int = 8) -> list[int]:
    """What is centred in each patch, from left to right and from top to bottom."""
    patch = SIDE / rows_of_patches
    out = [NOTHING] * rows_of_patches**2
    for name, x, y in [*((thing.name, thing.x, thing.y) for thing in scene.things), *glyphs]:
        column, row = (min(rows_of_patches - 1, max(0, int(at / patch))) for at in (x, y))
        out[row * rows_of_patches + column] = CLASSES.index(name)
    return out


def labelled(number: int, count: int) -> tuple[Tensor, Tensor]:
    """Pictures and their labels."""
    images, truth = [], []
    for index in range(count):
        scene = scenes.scene(scenes.generator(number + index, held_out=False))
        _, glyphs = scenes.drawn(scene)
        images.append(rows.pixels(scene))
        truth.append(labels(scene, glyphs))
    return torch.stack(images), torch.tensor(truth)


def prepare(model: Starter, tokenizer: Tokenizer, seconds: float) -> Iterator[str]:
    """All stages before training together; says how each went."""
    heads.plant(model.text)
    for name, stage in (("encoder", _encoder), ("language", _language), ("projector", _projector)):
        first, last = stage(model, tokenizer, seconds * SHARES[name])
        model.zero_grad()
        if not last < first:
            raise RuntimeError(f"{name}: the loss did not fall: {first:.3f} -> {last:.3f}")
        yield f"{name}: loss {first:.3f} -> {last:.3f}"


def _encoder(model: Starter, tokenizer: Tokenizer, seconds: float) -> tuple[float, float]:
    del tokenizer
    head = nn.Linear(model.shape.width, NOTHING + 1).to(model.text.token_embd.weight.device)
    weights = torch.ones(NOTHING + 1)
    weights[NOTHING] = 0.1

    def loss(step: int) -> Tensor:
        images, truth = (part.to(head.weight.device) for part in labelled(step * 4 * ROWS, 4 * ROWS))
        guess = head(model.vision.features(images)).float().flatten(0, 1)
        return F.cross_entropy(guess, truth.flatten(), weights.to(guess.device))

    named = [*((f"whole.{n}", p) for n, p in model.vision.named_parameters()), ("head", head.weight)]
    return _descend(loss, named, seconds)


def _language(model: Starter, tokenizer: Tokenizer, seconds: float) -> tuple[float, float]:
    def loss(step: int) -> Tensor:
        total = torch.zeros(())
        for maker, count in ((rows.picture_row, 3), (rows.tool_row, 3), (rows.chat_row, 1)):
            batch = make(maker, count, tokenizer, step * ROWS).to(model.text.token_embd.weight.device)
            x = model.text.token_embd(batch.tokens)
            if batch.where is not None:
                truth = torch.tensor([labels(*_scene_of(step * ROWS + row)) for row in range(count)])
                x = torch.where((batch.where >= 0)[..., None], _spoken(model, tokenizer, truth)[batch.where], x)
            hidden = model.text(x, batch.positions, batch.mask)[batch.learn]
            part = F.cross_entropy(model.text.logits(hidden), batch.target[batch.learn])
            total = total.to(part.device) + part
        return total

    return _descend(loss, [(f"text.{n}", p) for n, p in model.text.named_parameters()], seconds)


def _projector(model: Starter, tokenizer: Tokenizer, seconds: float) -> tuple[float, float]:
    def loss(step: int) -> Tensor:
        images, truth = labelled(step * 4 * ROWS, 4 * ROWS)
        wanted = _spoken(model, tokenizer, truth).detach()
        given = model.vision(images.to(wanted.device)).float().flatten(0, 1)
        return F.mse_loss(given, wanted) / wanted.square().mean()

    return _descend(
        loss, [(n, p) for n, p in model.vision.named_parameters() if n.startswith("mm")], seconds, ADAM_RATE / 10
    )


def _scene_of(number: int) -> tuple[Scene, list[scenes.Glyph]]:
    """The scene that `rows.picture_row` draws from the same seed."""
    scene = scenes.scene(scenes.generator(number, held_out=False))
    return scene, scenes.drawn(scene)[1]


def _spoken(model: Starter, tokenizer: Tokenizer, truth: Tensor) -> Tensor:
    """Vectors of a picture made of the words for what it shows; nothing is a zero vector."""
    table = model.text.token_embd.weight
    words = torch.stack([table[tokenizer.encode(f" {name}")].mean(0) for name in CLASSES])
    words = torch.cat((words, torch.zeros_like(words[:1])))
    return words[truth.flatten().to(words.device)]


def _descend(
    loss_at: Callable[[int], Tensor], named: list[tuple[str, Tensor]], seconds: float, rate: float = ADAM_RATE
) -> tuple[float, float]:
    """Steps until the time is over, the rate falling to zero; the first and the last loss."""
    muon, adam = optimisers(named, 1.0)
    losses: list[float] = []
    device, clock, step = named[0][1].device, team.Clock(), 0
    while (share := clock.seconds() / seconds) < 1 or step < 2:
        with torch.autocast(device.type, torch.bfloat16):
            loss = loss_at(step * team.size() + team.rank())
        loss.backward()  # type: ignore[no-untyped-call]
        team.share_gradients([parameter for _, parameter in named])
        left = max(0.0, min(1.0, (1 - share) / 0.6))
        muon.step(RATE * left)
        for group in adam.param_groups:
            group["lr"] = rate * left
        adam.step()
        for _, parameter in named:
            parameter.grad = None
        losses.append(loss.item())
        step += 1
    tail = losses[-10:]
    return losses[0], sum(tail) / len(tail)
