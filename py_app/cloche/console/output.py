"""Where `print` goes: each run's text to that run, everything else to where it went before.

Owns `sys.stdout` and `sys.stderr` while the console is in use. Tasks that a run starts write to that run, also after it
has ended. Text leaves in batches, and line by line while the code does not let the event loop run.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal, TextIO

Stream = Literal["out", "err"]
Send = Callable[[Stream, str, bool], None]
#: seconds between two messages while the event loop does not run
INTERVAL = 0.05
#: characters that one run may print
MOST = 2_000_000
CUT = "\n[The rest of the output is not shown.]\n"


class Output:
    """The output of one run. `send(stream, text, at_once)` takes it on."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._pending: list[tuple[Stream, str]] = []
        self._left = MOST
        self._sent_at = -INTERVAL
        self._scheduled = False

    def write(self, stream: Stream, text: str) -> None:
        """Take text that was printed."""
        if not text or self._left <= 0:
            return
        kept = text[: self._left]
        self._left -= len(text)
        self._pending.append((stream, kept if self._left > 0 else kept + CUT))
        if "\n" in text and time.monotonic() - self._sent_at >= INTERVAL:
            self.flush(at_once=True)
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self, *, at_once: bool = False) -> None:
        """Send what there is, joined where it went to the same stream."""
        pending, self._pending = self._pending, []
        self._scheduled, self._sent_at = False, time.monotonic()
        joined: list[tuple[Stream, str]] = []
        for stream, text in pending:
            if joined and joined[-1][0] == stream:
                joined[-1] = (stream, joined[-1][1] + text)
            else:
                joined.append((stream, text))
        for stream, text in joined:
            self._send(stream, text, at_once)


CURRENT: ContextVar[Output | None] = ContextVar("output of the current run", default=None)


class Router(io.TextIOBase):
    """A standard stream that knows whose code is printing."""

    def __init__(self, stream: Stream, otherwise: TextIO) -> None:
        self._stream: Stream = stream
        self.otherwise = otherwise

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Write to the current run."""
        output = CURRENT.get()
        if output is None:
            return self.otherwise.write(text)
        output.write(self._stream, str(text))
        return len(text)

    def flush(self) -> None:
        """Let what was written leave."""
        output = CURRENT.get()
        if output is None:
            self.otherwise.flush()


class Redirection:
    """Puts the routers in place of the standard streams, once."""

    def __init__(self) -> None:
        self._before: tuple[TextIO, TextIO] | None = None

    def begin(self) -> None:
        """From now on."""
        if self._before is None:
            self._before = (sys.stdout, sys.stderr)
            sys.stdout, sys.stderr = Router("out", sys.stdout), Router("err", sys.stderr)

    def end(self) -> None:
        """Give the streams back."""
        if self._before is not None:
            sys.stdout, sys.stderr = self._before
            self._before = None
