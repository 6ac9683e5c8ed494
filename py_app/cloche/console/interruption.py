"""What SIGINT means in a tab: it ends a person's code, and only that.

Owns the signal's handler. The page raises the signal when Stop is pressed, and Python sees it at its next instruction,
whosever that is. In a person's code, or what that has called, it is a KeyboardInterrupt. In the app's own code nothing
is broken off, because stopping that half-way could harm it: there the person's code is cancelled, so that it ends where
it waits. It may wake up before the page's command is heard and never let go of Python again. Where the app is just on
its way into the person's code nothing waits any more: then it is ended when that code is entered.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from ..traces import is_persons


def install(cancel: Callable[[], bool]) -> None:
    """Take the signal over from Python. `cancel` ends code of a person that waits; False when it goes on just now."""
    signal.signal(signal.SIGINT, handler(cancel))


def handler(cancel: Callable[[], bool]) -> Callable[[int, FrameType | None], None]:
    """What is done when the signal comes."""

    def ended(frame: FrameType | None) -> bool:
        if is_persons(frame):
            raise KeyboardInterrupt
        return cancel()

    def at_a_call(frame: FrameType, _event: str, _argument: object) -> None:
        if ended(frame):  # raising puts an end to tracing as well
            sys.settrace(None)

    def interrupt(_number: int, frame: FrameType | None) -> None:
        if not ended(frame):
            sys.settrace(at_a_call)

    return interrupt
