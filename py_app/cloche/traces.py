"""Tracebacks of code that a person wrote: only their own lines, with the text of each line.

Owns which file names belong to a person's code and how an error in it is told. The text of the code is given to
`linecache`, because it lies in no file.
"""

from __future__ import annotations

import linecache
import traceback
from types import FrameType, TracebackType

_PERSONS: set[str] = set()


def remember(filename: str, source: str) -> None:
    """Make the lines of a person's code known under a file name."""
    _PERSONS.add(filename)
    linecache.cache[filename] = (len(source), None, [line + "\n" for line in source.split("\n")], filename)


def is_persons(frame: FrameType | None) -> bool:
    """Whether a person's code is running in this frame or has called it."""
    while frame is not None:
        if frame.f_code.co_filename in _PERSONS:
            return True
        frame = frame.f_back
    return False


def told(error: BaseException) -> str:
    """The traceback from the first line of a person's code on; without one, the error alone."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename not in _PERSONS:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip("\n")
