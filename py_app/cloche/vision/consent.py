"""Asking the person whether code may reach another origin, for code that belongs to no conversation.

Owns the open questions. The page opens the origin when it answers yes and closes it when it hears `origins:released`; a
question that nobody answers counts as no when the asking ends.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from ..errors import NotFound
from ..host.base import Host
from .vila_shapes import OriginAnswer


class Consent:
    """One for each app."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._open: dict[str, asyncio.Future[bool]] = {}

    async def ask(self, origin: str, purpose: str) -> bool:
        """Whether the person lets `origin` be reached. `purpose` ends the sentence "Python code wants to ..."."""
        question = uuid.uuid4().hex
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._open[question] = answer
        asked = {"id": question, "origin": origin, "purpose": purpose}
        self._host.emit([("origin:asked", {"question": asked})])
        try:
            return await answer
        finally:
            del self._open[question]
            self._host.emit([("origin:asked", {"question": None})])

    def release(self, origin: str) -> None:
        """The origin is needed no longer."""
        self._host.emit([("origins:released", {"origins": [origin]})])

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page answers."""
        return {"origin.answer": self._answer}

    def _answer(self, given: OriginAnswer) -> None:
        answer = self._open.get(given.id)
        if answer is None or answer.done():
            raise NotFound("This question is not open any more.", action="Start the code again if it is still wanted.")
        answer.set_result(given.allow)
