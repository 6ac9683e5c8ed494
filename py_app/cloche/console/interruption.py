"""What SIGINT means in a tab: it ends a person's code, and only that.

Owns the signal's handler. The page raises the signal when Stop is pressed, and Python sees it at its next instruction,
whosever that is. In a person's code, or what that has called, it is a KeyboardInterrupt. In the app's own code nothing
is broken off, because stopping that half-way could harm it: there the person's code is cancelled, so that it ends where
it waits. It may wake up before the page's command is heard and never let go of Python again.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from ..traces import is_persons


def install(cancel: Callable[[], None]) -> None:
    """Take the signal over from Python. `cancel` ends a person's code where it waits."""
    signal.signal(signal.SIGINT, handler(cancel))


def handler(cancel: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    """What is done when the signal comes."""

    def interrupt(_number: int, frame: FrameType | None) -> None:
        if is_persons(frame):
            raise KeyboardInterrupt
        cancel()

    return interrupt
