"""What the person at the terminal reads while build.py works: one line a step, its time, and what it is at."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO


def say(line: str = "", *, stream: TextIO | None = None) -> None:
    """Prints a line at once, also when the output is a pipe."""
    print(line, file=stream or sys.stdout, flush=True)


class Progress:
    """One running step: on a terminal its line shows the tool's latest words, elsewhere only start and end."""

    def __init__(self, doing: str) -> None:
        self.doing = doing
        self._started = time.monotonic()
        self._live = sys.stdout.isatty()

    def __enter__(self) -> Progress:
        if self._live:
            self.detail("")
        else:
            say(f"  .. {self.doing}")
        return self

    def detail(self, words: str) -> None:
        """Shows what the step is at just now."""
        if self._live:
            width = shutil.get_terminal_size().columns
            line = f"  .. {self.doing} ({self.seconds}) {words.strip()}"
            sys.stdout.write("\r\x1b[K" + line[: width - 1])
            sys.stdout.flush()

    @property
    def seconds(self) -> str:
        """Time since the start, for people."""
        return f"{time.monotonic() - self._started:.1f} s"

    def done(self, result: str) -> None:
        """Ends the step's line with what came of it."""
        clear = "\r\x1b[K" if self._live else ""
        say(f"{clear}  ok {self.doing} ({self.seconds}){': ' + result if result else ''}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._live:
            say()
