"""Training: the loop, its rates, its checkpoints and its progress.

Owns the steps of all stages (`stages.PLAN`); `team` is what the processes say to each other. Runs as one process on a
GPU and as two single-threaded ones on a CPU, where they beat one of two threads. The data of step n are always the same
and so is the number of steps: two runs on machines of one kind end with the same weights. Every run is resumable.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from starter_model import team
from starter_model.muon import Muon, optimisers
from starter_model.stages import Learner, Stage

AVERAGED = 0.98
"""How much of the averaged weights stays at each step; the average is what is exported."""
WARM = 20
"""Steps until a stage has its full rate."""
TIMES, APART = 50, 3
"""How often a stage saves itself and tells of itself on its way, and the fewest steps in between."""


class Training:
    """One run through the stages, from its checkpoint if there is one."""

    def __init__(self, learner: Learner, folder: Path) -> None:
        self.learner, self.checkpoint = learner, folder / "checkpoint.pt"
        self.done: list[str] = []
        self._saved: dict[str, Any] | None = None
        if self.checkpoint.exists():
            self._saved = torch.load(self.checkpoint, map_location=learner.device)
            self.learner.load_state_dict(self._saved["learner"])
            self.done = self._saved["done"]

    def run(self, stages: Sequence[Stage]) -> None:
        """The stages that are not done yet, each to its end."""
        for stage in stages:
            if stage.name not in self.done:
                self._run(stage)

    def _run(self, stage: Stage) -> None:
        named = [(name, p) for name, p in self.learner.named_parameters() if name.startswith(stage.learns)]
        muon, adam = optimisers(named, stage.vision_share)
        average = {name: value.clone() for name, value in self.learner.state_dict().items()}
        losses: list[float] = []
        if self._saved is not None and self._saved["stage"] == stage.name:
            losses, average = self._saved["losses"], self._saved["average"]
            muon.load(self._saved["muon"])
            adam.load_state_dict(self._saved["adam"])
        began, first = time.monotonic(), len(losses)
        while len(losses) < stage.steps:
            told = self._step(stage, len(losses), [p for _, p in named], muon, adam)
            losses.append(sum(told.values()))
            step = len(losses)
            kept = min(AVERAGED, step / (step + 10))
            for name, value in self.learner.state_dict().items():
                average[name].lerp_(value, 1 - kept)
            if step % max(APART, stage.steps // TIMES) == 0 or step == stage.steps:
                if step < stage.steps:
                    self._save(stage.name, losses, average, muon, adam)
                minutes = (time.monotonic() - began) / (step - first) * (stage.steps - step) / 60
                parts = "  ".join(f"{name} {loss:.3f}" for name, loss in told.items())
                team.say(f"{stage.name}: step {step} of {stage.steps}  {parts}  {minutes:.1f} min left")
        if not min(losses[-10:]) < losses[0]:
            raise RuntimeError(f"{stage.name}: the loss did not fall: {losses[0]:.3f} -> {losses[-1]:.3f}")
        self.learner.load_state_dict(average)
        self.done.append(stage.name)
        self._save("", [], average, muon, adam)

    def _step(
        self, stage: Stage, step: int, parameters: list[Tensor], muon: Muon, adam: torch.optim.AdamW
    ) -> dict[str, float]:
        """One step of all processes; the losses of this one."""
        told: dict[str, float] = {}
        for portion in team.portions(step):
            for name, weight, loss in stage.losses(self.learner, portion):
                (weight * loss).backward()  # type: ignore[no-untyped-call]
                told[name] = loss.item()
        team.share_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        rate = min(1.0, (step + 1) / WARM, (stage.steps - step) / (stage.steps * (1 - stage.held)))
        muon.step(stage.muon_rate * rate)
        for group in adam.param_groups:
            group["lr"] = stage.adam_rate * group["share"] * rate
        adam.step()
        for parameter in parameters:
            parameter.grad = None
        return told

    def _save(
        self, stage: str, losses: list[float], average: dict[str, Tensor], muon: Muon, adam: torch.optim.AdamW
    ) -> None:
        """Whole or not at all."""
        if team.rank():
            return
        state = {
            "learner": self.learner.state_dict(), "average": average, "muon": muon.state(),
            "adam": adam.state_dict(), "done": self.done, "stage": stage, "losses": losses,
        }  # fmt: skip
        torch.save(state, self.checkpoint.with_suffix(".part"))
        self.checkpoint.with_suffix(".part").replace(self.checkpoint)
