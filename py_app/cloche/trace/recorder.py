"""Hears every event of one session and writes it down.

Owns how events become rows: one a row, except the deltas of a block, which become one row when the block or anything
else comes. It hears each event before and after all other hooks, and so knows what a hook changed or ended. Nothing
that goes wrong here reaches a turn. What is new or has changed is stored within half a second, so that a turn which
never ends leaves its trace, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from amplifier_core import HookResult
from amplifier_core.events import ALL_EVENTS, CONTENT_BLOCK_DELTA, ORCHESTRATOR_COMPLETE, THINKING_DELTA

from .redaction import recordable

Row = dict[str, Any]
DELTAS = frozenset((CONTENT_BLOCK_DELTA, THINKING_DELTA))
FIRST, LAST = -100_000, 100_000
#: seconds that a row may wait, and rows that may
INTERVAL = 0.5
WAITING = 200


class Recorder:
    """The events of a session. `turn` names the answer being written, `keep` stores rows, again when they changed."""

    def __init__(self, turn: Callable[[], str | None], keep: Callable[[list[Row]], None]) -> None:
        self._turn = turn
        self._keep = keep
        self._waiting: dict[int, Row] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._open: dict[int, Row] = {}
        self._deltas: Row | None = None

    async def mount(self, coordinator: Any, config: dict[str, Any]) -> None:  # noqa: ARG002 - a module's contract
        """Listen: the mount function of an Amplifier module."""
        for event in ALL_EVENTS:
            coordinator.hooks.register(event, self._before, priority=FIRST, name=f"trace-before-{event}")
            coordinator.hooks.register(event, self._after, priority=LAST, name=f"trace-after-{event}")

    def flush(self) -> None:
        """Store what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._keep(list(waiting.values()))

    def _store_soon(self, row: Row) -> None:
        self._waiting[id(row)] = row
        if len(self._waiting) > WAITING:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.flush)

    async def _before(self, event: str, data: dict[str, Any]) -> HookResult:
        with contextlib.suppress(Exception):
            self._hear(event, data)
        return HookResult()

    async def _after(self, event: str, data: dict[str, Any]) -> HookResult:
        with contextlib.suppress(Exception):
            self._passed(event, data)
        return HookResult()

    def _hear(self, event: str, data: dict[str, Any]) -> None:
        now = time.time()
        if event in DELTAS:
            self._add_delta(event, data, now)
            return
        self._deltas = None
        row = {"turn": self._turn(), "at": now, "event": event, "outcome": "ended", "data": recordable(data)}
        self._open[id(row)] = row
        self._store_soon(row)

    def _passed(self, event: str, data: dict[str, Any]) -> None:
        if event in DELTAS:
            return
        after = recordable(data)
        same = [row for row in self._open.values() if row["event"] == event]
        row = next((row for row in same if row["data"] == after), same[0] if same else None)
        if row is None:
            return
        del self._open[id(row)]
        row["outcome"] = "passed" if row["data"] == after else "changed"
        row["data"] = after
        self._store_soon(row)
        if event == ORCHESTRATOR_COMPLETE:
            self._open.clear()
            self.flush()

    def _add_delta(self, event: str, data: dict[str, Any], now: float) -> None:
        text = data.get("delta")
        kind = data.get("block_type")
        row = self._deltas
        if row is None or row["event"] != event or row["data"]["block_type"] != kind:
            summary = {"block_type": kind, "batches": 0, "characters": 0, "until": now}
            row = {"turn": self._turn(), "at": now, "event": event, "outcome": "passed", "data": summary}
            self._deltas = row
        row["data"]["batches"] += 1
        row["data"]["characters"] += len(text) if isinstance(text, str) else 0
        row["data"]["until"] = now
        self._store_soon(row)
