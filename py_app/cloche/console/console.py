"""A person's code on the live app: run, stopped, completed, remembered.

Owns the namespace and the commands of the console. One piece of code runs at a time. Whatever it does, it ends as a
result: a value, a traceback with the person's own lines, or stopped. It may reach everything that the app can reach.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..errors import Busy
from ..traces import told
from .asking import Asking, ConsoleSession
from .code import run
from .completion import complete
from .history import History
from .live import Live, Tools, on
from .output import CURRENT, Output, Redirection
from .shapes import ConsoleCode, ConsoleResult

if TYPE_CHECKING:
    from ..app import App

#: characters of a value that are shown
LONGEST_VALUE = 50_000


class Ending(NamedTuple):
    """How a piece of code ended."""

    status: Literal["done", "failed", "stopped"]
    value: str | None = None
    traceback: str | None = None


class Console:
    """The console of one app."""

    def __init__(self, app: App, live: Live) -> None:
        self._app = app
        self._history = History(app.store.database)
        self._redirection = Redirection()
        self._runs = itertools.count(1)
        self._running: asyncio.Task[Ending] | None = None
        self._own_session = ConsoleSession(app, None)
        self.namespace: dict[str, Any] = {
            "__name__": "__console__",
            "app": app,
            "ask": Asking(app),
            "on": on(live),
            "session": self._session(None),
            "tools": Tools(app.toolbox, live),
            "vectors": app.vectors,
            "vision": app.vision,
        }

    async def run(self, params: ConsoleCode) -> ConsoleResult:
        """Run code to its end."""
        if self._running is not None:
            raise Busy("The code before is still running.")
        started = time.monotonic()
        if params.code.strip():
            self._history.add(params.code)
        self._redirection.begin()
        output = Output(lambda stream, text, at_once: self._send(params.run_id, stream, text, at_once))
        self.namespace["session"] = self._session(params.session_id)
        token = CURRENT.set(output)
        try:
            self._running = asyncio.create_task(self._execute(params.code))
        finally:
            CURRENT.reset(token)
        try:
            await asyncio.wait([self._running])
            ending = Ending("stopped") if self._running.cancelled() else self._running.result()
        finally:
            self._running.cancel()
            self._running = None
            output.flush()
        took = round((time.monotonic() - started) * 1000, 1)
        return ConsoleResult(status=ending.status, value=ending.value, traceback=ending.traceback, duration_ms=took)

    def stop(self) -> None:
        """End code that waits. Code that keeps Python busy is ended by the signal (interruption.py)."""
        if self._running is not None:
            self._running.cancel()

    def interrupt(self) -> bool:
        """For the signal: end code that waits; False when it goes on just now, so that it does not wait."""
        running = self._running
        if running is not None and asyncio.current_task(running.get_loop()) is running:
            return False
        self.stop()
        return True

    async def close(self) -> None:
        """End what runs and give the standard streams back."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        self._redirection.end()

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands of the contract that this answers."""
        return {
            "console.run": self.run,
            "console.stop": lambda _: self.stop(),
            "console.complete": lambda params: complete(params.before, self.namespace),
            "console.history": lambda _: self._history.all(),
        }

    def _session(self, session_id: str | None) -> ConsoleSession:
        """The conversation that is open, or one of the console's own."""
        if session_id is not None:
            return ConsoleSession(self._app, session_id)
        if not self._own_session.there:
            self._own_session = ConsoleSession(self._app, None)
        return self._own_session

    async def _execute(self, code: str) -> Ending:
        """Run code; every way to end becomes an Ending, since nothing else may reach the event loop."""
        try:
            # The signal may have come while the command was on its way here; its `console.stop` is heard now.
            await asyncio.sleep(0)
            value = await run(code, self.namespace, f"<run {next(self._runs)}>")
            if value is None:
                return Ending("done")
            self.namespace["_"] = value
            return Ending("done", shown(value))
        except (asyncio.CancelledError, KeyboardInterrupt):
            return Ending("stopped")
        except BaseException as error:
            return Ending("failed", None, told(error))

    def _send(self, run_id: str, stream: str, text: str, at_once: bool) -> None:
        host = self._app.host
        host.emit([("console:output", {"run_id": run_id, "stream": stream, "text": text})])
        if at_once:
            host.flush()


def shown(value: Any) -> str:
    """The repr of a value, cut where it is very long. Raises what its `__repr__` raises."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
