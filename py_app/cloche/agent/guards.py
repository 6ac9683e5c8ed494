"""What ends a turn that runs in circles: rounds, repeated calls, wrong calls, tokens, time.

Owns the limits and the sentences. Time that a person takes to answer does not count. It stops nothing by itself: the
loop asks after each round whether to go on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """The limits of one turn. `faults` wrong calls are answered to the model, the next one ends the turn."""

    rounds: int = 8
    tokens: int = 100_000
    seconds: float = 300
    faults: int = 2


class Guard:
    """Watches one turn."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now = now
        self._started = now()
        self._waited = 0.0
        self._rounds = 0
        self._tokens = 0
        self._faults = 0
        self._last_fault = ""
        self._seen: set[str] = set()
        self._repeated = ""

    def asked(self, response: Any) -> None:
        """A response has come."""
        self._rounds += 1
        usage = getattr(response, "usage", None)
        if usage is not None:
            self._tokens += usage.input_tokens - (usage.cache_read_tokens or 0) + usage.output_tokens

    def waited(self, seconds: float) -> None:
        """Somebody was asked for this long."""
        self._waited += seconds

    def fault(self, message: str) -> None:
        """The model called wrongly."""
        self._faults += 1
        self._last_fault = message

    def new(self, name: str, arguments: dict[str, Any], this_round: set[str]) -> bool:
        """Whether this call is the first of its kind; a repeated one of an earlier round will end the turn."""
        key = f"{name} {json.dumps(arguments, sort_keys=True, default=str)}"
        if key in this_round:
            return False
        this_round.add(key)
        if key in self._seen:
            self._repeated = name
            return False
        self._seen.add(key)
        return True

    def verdict(self) -> str | None:
        """Why the turn ends here, in a sentence; None while it may go on."""
        if self._repeated:
            return f"I stopped: the model called {self._repeated} again with the same arguments. Its result is above."
        if self._faults > self._limits.faults:
            return f"I stopped: the model called tools wrongly {self._faults} times. {self._last_fault}"
        if self._rounds >= self._limits.rounds:
            return f"I stopped after {self._rounds} rounds of tool calls without an answer."
        if self._tokens >= self._limits.tokens:
            return (
                f"I stopped: this answer has taken {self._tokens:,} tokens, and {self._limits.tokens:,} are the limit."
            )
        if self._now() - self._started - self._waited >= self._limits.seconds:
            return f"I stopped: this answer has taken more than {self._limits.seconds:.0f} seconds."
        return None
