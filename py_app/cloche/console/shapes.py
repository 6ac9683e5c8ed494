"""What the page and the console say to each other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import Model


class ConsoleCode(Model):
    """Code to run; `session_id` is the conversation that `session` stands for, None a new one."""

    run_id: str = Field(min_length=1, max_length=100)
    code: str = Field(max_length=500_000)
    session_id: str | None = None


class ConsoleResult(Model):
    """How a run ended: `value` is the repr of a last expression, `traceback` has the person's own lines."""

    status: Literal["done", "failed", "stopped"]
    value: str | None = None
    traceback: str | None = None
    duration_ms: float


class ConsoleOutput(Model):
    """More that a run printed."""

    run_id: str
    stream: Literal["out", "err"]
    text: str


class CompletionQuery(Model):
    """The code before the cursor."""

    before: str = Field(max_length=500_000)


class CompletionOption(Model):
    """A name that could come here; `detail` is its signature or kind."""

    label: str
    kind: Literal["function", "class", "module", "variable", "keyword", "property"]
    detail: str = ""


class Completions(Model):
    """Names that could come here, in place of the last `length` characters before the cursor."""

    length: int
    options: list[CompletionOption]


COMMANDS: dict[str, Command] = {
    "console.run": Command(ConsoleCode, ConsoleResult),
    "console.stop": Command(NoParams, None),
    "console.complete": Command(CompletionQuery, Completions),
    "console.history": Command(NoParams, list[str]),
}
EVENTS: dict[str, type[Model]] = {"console:output": ConsoleOutput}
