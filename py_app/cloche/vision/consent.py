"""Asking the person whether code may reach another origin, for code that belongs to no conversation.

Owns the open questions, of which the page shows the oldest: a new one never takes the place of one that is being read.
The page opens the origin when it answers yes and closes it when it hears `origins:released`; a
question that nobody answers counts as no when the asking ends.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from ..errors import NotFound
from ..host.base import Host
from .vila_shapes import OriginAnswer, OriginQuestion


class Consent:
    """One for each app."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._open: dict[str, tuple[OriginQuestion, asyncio.Future[bool]]] = {}

    async def ask(self, origin: str, purpose: str) -> bool:
        """Whether the person lets `origin` be reached. `purpose` ends the sentence "Python code wants to ..."."""
        question = OriginQuestion(id=uuid.uuid4().hex, origin=origin, purpose=purpose)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._open[question.id] = question, answer
        self._tell()
        try:
            return await answer
        finally:
            del self._open[question.id]
            self._tell()

    def release(self, origin: str) -> None:
        """The origin is needed no longer."""
        self._host.emit([("origins:released", {"origins": [origin]})])

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page answers."""
        return {"origin.answer": self._answer}

    def _tell(self) -> None:
        oldest = next((question.model_dump() for question, _ in self._open.values()), None)
        self._host.emit([("origin:asked", {"question": oldest})])

    def _answer(self, given: OriginAnswer) -> None:
        found = self._open.get(given.id)
        if found is None or found[1].done():
            raise NotFound("This question is not open any more.", action="Start the code again if it is still wanted.")
        found[1].set_result(given.allow)
