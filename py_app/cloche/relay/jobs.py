"""The questions that a hub sends: each is answered in a task of its own.

Owns those tasks and how an answer is told: "head" and "body" as the answer wants it, then "end", from which the hub
knows that the model is free. How messages travel to the hub is for others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ..errors import ClocheError


class Say(Protocol):
    """Tells a piece of an answer."""

    def __call__(self, kind: str, /, **data: Any) -> None:
        """`kind` is "head" or "body"."""


Answer = Callable[[dict[str, Any], Say], Awaitable[None]]


class Jobs:
    """The jobs of one hub. `answer` answers one, `tell` brings messages to the hub; neither may wait for the other."""

    def __init__(self, answer: Answer, tell: Callable[[dict[str, Any]], None]) -> None:
        self._answer = answer
        self._tell = tell
        self._running: dict[int, asyncio.Task[None]] = {}

    def take(self, message: dict[str, Any]) -> None:
        """A message of the type "job" or "cancel"; others are not for here."""
        number = message.get("id", 0)
        if message["type"] == "job":
            self._running[number] = task = asyncio.create_task(self._work(number, message))
            task.add_done_callback(lambda _: self._running.pop(number, None))
        elif message["type"] == "cancel" and number in self._running:
            self._running[number].cancel()

    def stop(self) -> None:
        """Stop what is under way."""
        for task in self._running.values():
            task.cancel()

    async def _work(self, number: int, job: dict[str, Any]) -> None:
        def say(kind: str, /, **data: Any) -> None:
            self._tell({"type": kind, "id": number, **data})

        try:
            await self._answer(job, say)
            say("end")
        except ClocheError as error:
            say("end", error=error.message)
        except asyncio.CancelledError:
            say("end", error="Stopped on request.")
            raise
        except Exception as error:
            say("end", error=f"{type(error).__name__}: {error}")
            raise
