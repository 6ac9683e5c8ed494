"""Recorded events as the page gets them, and the commands to read, export and delete them.

Owns these shapes.
"""

from __future__ import annotations

from typing import Any, Literal

from ..commands import Command, SessionRef
from ..shapes import Model
from ..transfer.shapes import ExportedFile


class TraceEvent(Model):
    """One event. `turn` is the id of the answer that was being written, `at` seconds since the Unix epoch.

    `outcome`: `passed` every hook, `changed` by a hook (`data` is what it became), or `ended` by one.
    """

    seq: int
    turn: str | None
    at: float
    event: str
    outcome: Literal["passed", "changed", "ended"]
    data: dict[str, Any]


class TraceLog(Model):
    """The recorded events of a session, oldest first."""

    events: list[TraceEvent]


COMMANDS: dict[str, Command] = {
    "trace.read": Command(SessionRef, TraceLog),
    "trace.export": Command(SessionRef, ExportedFile),
    "trace.clear": Command(SessionRef, None),
}
