"""Reads text that comes in pieces: the words of which a grammar is made.

Owns the place in the text, what is held back, and what is given out. Rules of a grammar are generators that stop where
the text so far ends; each word here waits only while the next piece could decide.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from ..engine_contract import Delta
from .written import MAX_DEPTH

Value = TypeVar("Value")
Reading = Generator[None, None, Value]

#: longer ones are read as far as this
MAX_JSON_CHARS = 200_000


class Scanner:
    """The text of one answer. `reading` is the rule that reads it, begun by whoever knows the grammar."""

    def __init__(self) -> None:
        self._input = ""
        self._at = 0
        self._ended = False
        #: what was read of something that is not decided yet
        self._held: list[str] = []
        self._delta = Delta()
        self._reading: Reading[None] | None = None

    def feed(self, text: str) -> Delta:
        """What the next piece of the answer adds, as far as it is certain."""
        self._input = self._input[self._at :] + text
        self._at = 0
        return self._go_on()

    def end(self) -> Delta:
        """What was held back: the answer ends here."""
        self._ended = True
        return self._go_on()

    def _go_on(self) -> Delta:
        if self._reading is not None:
            try:
                next(self._reading)
            except StopIteration:
                self._reading = None
        delta, self._delta = self._delta, Delta()
        return delta

    # ------------------------------------------------------------ words

    def _text(self, marks: tuple[str, ...], tell: Callable[[str], None] | None = None) -> Reading[str | None]:
        """Text up to the first of the marks, which is read; None at the end of the answer."""
        tell = tell or self._say
        while True:
            found = min(((at, mark) for mark in marks if (at := self._input.find(mark, self._at)) >= 0), default=None)
            if found is not None:
                tell(self._input[self._at : found[0]])
                self._at = found[0] + len(found[1])
                return found[1]
            rest = self._input[self._at :]
            kept = 0 if self._ended else longest_beginning(rest, marks)
            if len(rest) > kept:
                tell(rest[: len(rest) - kept])
            self._at = len(self._input) - kept
            if self._ended:
                return None
            yield

    def _json(self, plausible: Callable[[str], bool | None] | None = None) -> Reading[str | None]:
        """An object or list as it is written: up to its last bracket, to a mark that no JSON has, or to the end.

        None as soon as `plausible` says of its beginning that it is no call.
        """
        parts: list[str] = []
        depth = size = 0
        quoted = escaped = False
        while (yield from self._more()):
            start, over = self._at, False
            for position in range(start, len(self._input)):
                mark = self._input[position]
                if quoted:
                    quoted = escaped or mark != '"'
                    escaped = mark == "\\" and not escaped
                elif mark == '"':
                    quoted = True
                elif mark in "{[":
                    depth += 1
                elif mark in "}]":
                    depth -= 1
                over = not quoted and (depth == 0 or mark == "<" or depth > MAX_DEPTH)
                if over:
                    self._at = position + (mark != "<")
                    break
            else:
                self._at = len(self._input)
            parts.append(self._input[start : self._at])
            self._hold_text(parts[-1])
            size += self._at - start
            if plausible is not None:
                verdict = plausible("".join(parts))
                if verdict is False or (verdict is None and over):
                    return None
                if verdict:
                    plausible = None
            if over or size > MAX_JSON_CHARS:
                return "".join(parts)
        return None if plausible is not None else "".join(parts)

    def _more(self) -> Reading[bool]:
        """Wait for something to read; False at the end."""
        while self._at == len(self._input) and not self._ended:
            yield
        return self._at < len(self._input)

    def _look(self, count: int) -> Reading[str]:
        """The next characters, fewer only at the end."""
        while len(self._input) - self._at < count and not self._ended:
            yield
        return self._input[self._at : self._at + count]

    def _next_is(self, mark: str) -> Reading[bool]:
        """Whether this comes next; waits only while it may."""
        while True:
            here = self._input[self._at : self._at + len(mark)]
            if here == mark:
                return True
            if self._ended or not mark.startswith(here):
                return False
            yield

    def _while(self, fits: Callable[[str], bool], most: int, extra: str = "") -> Reading[str]:
        """Characters that fit, held."""
        parts: list[str] = []
        while most > 0 and (yield from self._more()):
            mark = self._input[self._at]
            if not (fits(mark) or mark in extra):
                break
            parts.append(mark)
            self._hold(1)
            most -= 1
        return "".join(parts)

    def _space(self) -> Reading[str]:
        return (yield from self._while(str.isspace, MAX_JSON_CHARS))

    def _space_after(self, call: bool) -> Reading[None]:
        yield from self._space()
        if call:
            self._held.clear()

    # ------------------------------------------------------------ what was read

    def _hold(self, count: int) -> None:
        self._hold_text(self._input[self._at : self._at + count])
        self._skip(count)

    def _hold_text(self, text: str) -> None:
        self._held.append(text)

    def _skip(self, count: int) -> None:
        self._at = min(self._at + count, len(self._input))

    def _release(self) -> None:
        """It was no call."""
        self._say("".join(self._held))
        self._held.clear()

    def _unread(self) -> None:
        """It was no call, and something else may begin within it."""
        self._input = "".join(self._held) + self._input[self._at :]
        self._at = 0
        self._held.clear()

    def _say(self, text: str) -> None:
        self._delta.text += text

    def _think(self, text: str) -> None:
        self._delta.reasoning += text


def longest_beginning(text: str, marks: tuple[str, ...]) -> int:
    """How many of the last characters may be the beginning of a mark."""
    for length in range(min(len(text), max(map(len, marks), default=1) - 1), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0
