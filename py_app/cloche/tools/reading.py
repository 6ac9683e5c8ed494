"""Reading a long text in pieces: which piece, and how to go on.

Owns the length of a piece and the words around it, for every tool that reads; nothing is left out in silence.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .tool import ToolFault

#: characters of one piece unless a call says otherwise, and at most; the boundary (outside.py) lets more than that pass
LENGTH, LONGEST = 4_000, 20_000
Start = Annotated[int, Field(ge=0)]
Length = Annotated[int, Field(ge=1, le=LONGEST)]


def piece(text: str, start: int, length: int) -> str:
    """A piece of a text, with where it stands and how to read on. Raises ToolFault beyond the end."""
    if not text:
        return "(empty)"
    if start >= len(text):
        raise ToolFault(f"The text ends at character {len(text):,}; start={start} is beyond it.")
    end = min(len(text), start + length)
    if (start, end) == (0, len(text)):
        return text
    more = f"; read on with start={end}" if end < len(text) else "; this is the end"
    return f"{text[start:end]}\n(characters {start:,} to {end:,} of {len(text):,}{more})"
