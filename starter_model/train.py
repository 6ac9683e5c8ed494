"""Training: the loop, its rates, its checkpoints and its progress.

Owns time. Runs as one process on a GPU or as several single-threaded ones on a CPU (two processes of one thread beat
one of two threads); `team` is what they say to each other. The budget is in minutes: the rate is held, then falls to
zero. Every run is resumable; the data of step n are always the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from starter_model import rows, team
from starter_model.model import Starter
from starter_model.muon import optimisers
from starter_model.scenes import generator
from starter_model.tokenizer import Tokenizer

MUON_RATE, ADAM_RATE, VISION_SHARE = 0.014, 0.0015, 0.25
HELD = 0.5
"""Share of the time at the full rate."""
AVERAGED = 0.98
"""How much of the averaged weights stays at each step; the average is what is exported."""
SAVE_EVERY = 25
RowMaker = Callable[[Tokenizer, Any], rows.Row]


def loss_of(model: Starter, batch: rows.Batch) -> Tensor:
    """Mean surprise over what the assistant says."""
    x = model.embed(batch.tokens, batch.images, batch.where)
    hidden = model.text(x, batch.positions, batch.mask)[batch.learn]
    return F.cross_entropy(model.text.logits(hidden), batch.target[batch.learn])


def make(kind: RowMaker, count: int, tokenizer: Tokenizer, first: int) -> rows.Batch:
    return rows.batch([kind(tokenizer, generator(first + number, held_out=False)) for number in range(count)])


class Training:
    """One run: model, optimisers, averaged weights and the clock."""

    def __init__(self, model: Starter, tokenizer: Tokenizer, folder: Path, minutes: float) -> None:
        self.model, self.tokenizer, self.folder, self.seconds = model, tokenizer, folder, minutes * 60
        self.device = next(model.parameters()).device
        self.muon, self.adam = optimisers(list(model.named_parameters()), VISION_SHARE)
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        self.step, self.spent = 0, 0.0
        self.checkpoint = folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self._resume()

    def run(self, pictures: int, tools: int, chats: int) -> None:
        """Until the time is over; counts are rows a step and process."""
        kinds: tuple[tuple[RowMaker, int], ...] = (
            (rows.picture_row, pictures), (rows.tool_row, tools), (rows.chat_row, chats),
        )  # fmt: skip
        clock = team.Clock(self.spent)
        while self.spent < self.seconds:
            losses = []
            for kind, (maker, count) in enumerate(kinds):
                first = ((self.step * team.size() + team.rank()) * len(kinds) + kind) * 64
                data = make(maker, count, self.tokenizer, first).to(self.device)
                with torch.autocast(self.device.type, torch.bfloat16):
                    loss = loss_of(self.model, data)
                (loss * (1.0, 0.8, 0.4)[kind]).backward()  # type: ignore[no-untyped-call]
                losses.append(loss.item())
            self._update()
            self.spent = clock.seconds()
            self._report(losses)
        self.save()

    def _update(self) -> None:
        parameters = [parameter for parameter in self.model.parameters() if parameter.grad is not None]
        team.share_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        left = max(0.0, min(1.0, (1 - self.spent / self.seconds) / (1 - HELD)))
        warm = min(1.0, (self.step + 1) / 20)
        self.muon.step(MUON_RATE * left * warm)
        for group in self.adam.param_groups:
            group["lr"] = ADAM_RATE * group["share"] * left * warm
        self.adam.step()
        self.model.zero_grad()
        self.step += 1
        kept = min(AVERAGED, self.step / (self.step + 10))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - kept)

    def _report(self, losses: list[float]) -> None:
        if team.rank():
            return
        if self.step % 5 == 0:
            parts = "  ".join(f"{n} {x:.3f}" for n, x in zip(("pictures", "tools", "chat"), losses, strict=True))
            print(f"step {self.step}  {parts}  {(self.seconds - self.spent) / 60:.1f} min left", flush=True)
        if self.step % SAVE_EVERY == 0:
            self.save()

    def save(self) -> None:
        """Whole or not at all."""
        if team.rank():
            return
        state = {
            "model": self.model.state_dict(), "average": self.average, "muon": self.muon.state(),
            "adam": self.adam.state_dict(), "step": self.step, "spent": self.spent,
        }  # fmt: skip
        torch.save(state, self.checkpoint.with_suffix(".part"))
        self.checkpoint.with_suffix(".part").replace(self.checkpoint)

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self.muon.load(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self.spent = state["step"], state["spent"]
