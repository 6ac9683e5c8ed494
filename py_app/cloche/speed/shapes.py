"""What the page and the benchmark say to each other. Times in milliseconds, speeds in tokens a second."""

from __future__ import annotations

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import Model


class SpeedRow(Model):
    """One answer of at most `max_tokens`. Of the prompt only what the engine read anew counts.

    None where the engine does not tell. An answer that the model ended itself is shorter.
    """

    max_tokens: int
    prompt_tokens: int
    completion_tokens: int
    first_token_ms: float | None
    prompt_tokens_per_second: float | None
    tokens_per_second: float | None


class SpeedReport(Model):
    """A model as one engine ran it. `image_ms` is the encoding of one picture, None for a model that sees none."""

    model_id: str
    model: str
    engine: str
    hardware: str
    at: float
    rows: list[SpeedRow]
    image_ms: float | None = None
    memory_bytes: int | None = None


class Speeds(Model):
    """What was measured, the newest first. While it measures, `doing` says what, the `done`th of `steps`."""

    reports: list[SpeedReport] = Field(default=[])
    doing: str = ""
    done: int = 0
    steps: int = 0


COMMANDS: dict[str, Command] = {
    "speed.list": Command(NoParams, Speeds),
    "speed.measure": Command(NoParams, Speeds),
    "speed.stop": Command(NoParams, None),
    "speed.clear": Command(NoParams, Speeds),
}
EVENTS: dict[str, type[Model]] = {"speed:changed": Speeds}
