"""What SIGINT means in a tab: it ends a person's code, and only that.

Owns the signal's handler. The page raises the signal when Stop is pressed while Python is busy; if by then the app's
own code runs, nothing happens, because stopping that half-way could harm it.
"""

from __future__ import annotations

import signal
from types import FrameType

from ..traces import is_persons


def install() -> None:
    """Take the signal over from Python."""
    signal.signal(signal.SIGINT, interrupt)


def interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt where a person's code runs, or what it has called."""
    if is_persons(frame):
        raise KeyboardInterrupt
