"""Server-sent events out of pieces of text, as they come from the network.

Owns the grammar of `text/event-stream` (WHATWG HTML, 9.2.6) and a bound on what is kept between two pieces. It knows
nothing of what the events mean.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import AnswerUnreadable

#: no event of a chat server comes near this size
MAX_EVENT_CHARS = 4_000_000


class Event(NamedTuple):
    """One event: its type ("message" where the server names none) and its data, lines joined by newlines."""

    type: str
    data: str


class SseParser:
    """Takes text in pieces of any size and gives each event as soon as its blank line is there."""

    def __init__(self, max_chars: int = MAX_EVENT_CHARS) -> None:
        self._max_chars = max_chars
        self._pending: list[str] = []
        self._pending_chars = 0
        self._after_return = False
        self._begun = False
        self._type = ""
        self._data: list[str] = []
        self._data_chars = 0

    def feed(self, text: str) -> list[Event]:
        """The events that this piece completes. Raises AnswerUnreadable when an event grows without end."""
        if not self._begun and text:
            self._begun = True
            text = text.removeprefix("\ufeff")
        if self._after_return and text:
            self._after_return = False
            text = text.removeprefix("\n")
        if text.endswith("\r"):
            self._after_return = True
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        events: list[Event] = []
        for line in lines:
            whole = "".join((*self._pending, line))
            self._pending.clear()
            self._pending_chars = 0
            event = self._line(whole)
            if event is not None:
                events.append(event)
        if rest:
            self._pending.append(rest)
            self._pending_chars += len(rest)
        self._refuse_endless(self._pending_chars + self._data_chars)
        return events

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._data_chars += len(value) + 1
            self._refuse_endless(self._data_chars)
        elif name == "event":
            self._type = value
        return None

    def _dispatch(self) -> Event | None:
        event = Event(self._type or "message", "\n".join(self._data)) if self._data else None
        self._type = ""
        self._data.clear()
        self._data_chars = 0
        return event

    def _refuse_endless(self, chars: int) -> None:
        if chars > self._max_chars:
            raise AnswerUnreadable(f"The server sent over {self._max_chars:,} characters without finishing a piece.")
