"""Whose turn it is: one tab that answers, many sources that ask.

Owns the tab in charge, the keys that it accepts, and the round: the model works on one job at a time, sources take
turns, and a source gives its newest job only when its turn has come, so that nothing queues up. Does not own sockets.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

MAX_SOURCES = 64

#: close codes of RFC 6455 and of its registry
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
#: close code for a tab that another one has replaced
REPLACED = 4009
TAB_GONE = "No tab of Cloche is open any more."


class TooManySourcesError(Exception):
    """More ask than can be served."""


class Tab(ABC):
    """The tab that answers, as the hub sees it."""

    @abstractmethod
    def send(self, message: dict[str, Any]) -> None:
        """Bring a message on its way; never waits."""

    @abstractmethod
    def close(self, code: int, reason: str) -> None:
        """End the tab's connection."""


class Source(ABC):
    """Somebody who asks. All methods are called with the hub's lock held, so none may wait."""

    kind: str
    key_id: str

    @abstractmethod
    def next_job(self) -> dict[str, Any] | None:
        """What to ask now, or None. Asked again only when the job before has ended."""

    @abstractmethod
    def take(self, message: dict[str, Any]) -> None:
        """A piece of the answer; the last one has the type "end"."""

    @abstractmethod
    def dismiss(self, code: int, reason: str) -> None:
        """There will be no answer any more."""

    def figures(self) -> dict[str, Any]:
        """What the person should see of this source."""
        return {}


@dataclass
class Terms:
    """What the tab wants: hashes of keys (SHA-256, hex) by id, frames a question is about, whether /v1 is open."""

    keys: dict[str, str] = field(default_factory=dict)
    frames: int = 1
    openai: bool = False


class Hub:
    """One for each server; its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._tab: Tab | None = None
        self._terms = Terms()
        self._round: deque[Source] = deque()
        self._running: tuple[int, Source] | None = None
        self._ids = count(1)

    # ------------------------------------------------------------ the tab

    @property
    def terms(self) -> Terms:
        """What the tab wants at the moment."""
        return self._terms

    @property
    def open(self) -> bool:
        """Whether a tab is there."""
        return self._tab is not None

    def seat(self, tab: Tab, terms: Terms) -> None:
        """Put a tab in charge; one that was there before gives way."""
        with self._lock:
            before, self._tab = self._tab, tab
            if before is not None:
                before.close(REPLACED, "Another tab of Cloche answers now.")
                self._dismiss_all("Another tab of Cloche answers now; connect again.")
            self.agree(tab, terms)

    def agree(self, tab: Tab, terms: Terms) -> None:
        """The tab's new terms; whoever came with a key that is no longer good leaves."""
        with self._lock:
            if tab is not self._tab:
                return
            self._terms = terms
            for source in list(self._round):
                against = self._against(source)
                if against is not None:
                    source.dismiss(*against)
                    self.leave(source)
            self._tell()

    def unseat(self, tab: Tab) -> None:
        """The tab has gone, and with it its keys."""
        with self._lock:
            if tab is not self._tab:
                return
            self._tab, self._terms = None, Terms()
            self._dismiss_all(TAB_GONE)

    def from_tab(self, tab: Tab, message: dict[str, Any]) -> None:
        """A piece of an answer. What belongs to no running job is late and dropped."""
        with self._lock:
            if tab is not self._tab or self._running is None or message.get("id") != self._running[0]:
                return
            source = self._running[1]
            if message.get("type") == "end":
                self._running = None
            source.take(message)
            if self._running is None:
                self._tell()
                self._advance()

    # ------------------------------------------------------------ those who ask

    def key_of(self, secret: str) -> str | None:
        """The id of a key. Compares with every key there is, each in constant time."""
        digest = hashlib.sha256(secret.encode()).hexdigest()
        found = None
        for key_id, known in self._terms.keys.items():
            if hmac.compare_digest(digest, known):
                found = key_id
        return found

    def join(self, source: Source) -> None:
        """Take part in the round, or be dismissed where what let the source in holds no longer.

        Raises TooManySourcesError.
        """
        with self._lock:
            if len(self._round) >= MAX_SOURCES:
                raise TooManySourcesError
            against = self._against(source)
            if against is not None:
                source.dismiss(*against)
                return
            self._round.append(source)
            self._tell()
            self._advance()

    def leave(self, source: Source) -> None:
        """Take part no longer; a job under way is stopped."""
        with self._lock:
            if source not in self._round:
                return
            self._round.remove(source)
            if self._running is not None and self._running[1] is source:
                self._send({"type": "cancel", "id": self._running[0]})
                self._running = None
            self._tell()
            self._advance()

    def change(self, act: Callable[[], None]) -> None:
        """Let a source change what it asks, then see whether it is somebody's turn."""
        with self._lock:
            act()
            self._advance()

    # ------------------------------------------------------------ the round

    def _against(self, source: Source) -> tuple[int, str] | None:
        """Why a source may not ask now: the code and the reason to dismiss it with."""
        if self._tab is None:
            return TRY_AGAIN_LATER, TAB_GONE
        if source.key_id not in self._terms.keys:
            return POLICY_VIOLATION, "This key was revoked."
        if source.kind == "openai" and not self._terms.openai:
            return POLICY_VIOLATION, "The OpenAI-compatible endpoint was switched off."
        return None

    def _advance(self) -> None:
        """Start the next job if the model is free. Whoever was served goes to the end of the round."""
        if self._tab is None or self._running is not None:
            return
        for source in list(self._round):
            job = source.next_job()
            if job is not None:
                number = next(self._ids)
                self._round.remove(source)
                self._round.append(source)
                self._running = number, source
                self._send({"type": "job", "id": number, "kind": source.kind, "key_id": source.key_id, **job})
                return

    def _dismiss_all(self, reason: str) -> None:
        sources, self._running = list(self._round), None
        self._round.clear()
        for source in sources:
            source.dismiss(TRY_AGAIN_LATER, reason)

    def _tell(self) -> None:
        """The tab shows the person who is there."""
        clients = [
            {"id": id(source), "kind": source.kind, "key_id": source.key_id, **source.figures()}
            for source in self._round
        ]
        self._send({"type": "clients", "clients": sorted(clients, key=lambda client: client["id"])})

    def _send(self, message: dict[str, Any]) -> None:
        if self._tab is not None:
            self._tab.send(message)
