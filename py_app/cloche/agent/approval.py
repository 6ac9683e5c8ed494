"""Asking the person before something happens: Amplifier's approval system for every conversation.

Owns the open questions and what was allowed for a conversation; that is forgotten with the tab, and nothing is ever
allowed for all conversations. What reaches another origin is allowed for that origin only: the page opens it when it
answers, and closes it when it hears that the turn has ended. A question that nobody answers in time is denied. Whatever
module asks, through a hook's `ask_user`, is asked here; what the question is about is known if it was `announced` with
the same words.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from amplifier_core.approval import ApprovalTimeoutError
from amplifier_core.events import APPROVAL_DENIED, APPROVAL_GRANTED, APPROVAL_REQUIRED

from ..errors import NotFound
from ..tools.shapes import ApprovalAnswer

Data = dict[str, Any]
Emit = Callable[[str, Data], Awaitable[Any]]
Tell = Callable[[str, Data], None]
ALLOW, DENY = "allow once", "deny"
OPTIONS = ["Allow once", "Allow in this conversation", "Deny"]
#: how Amplifier's coordinator words the two denials
TIMED_OUT = "Approval timeout"
REFUSED = "User denied"


class Approvals:
    """The questions of all conversations. `tell` tells the page."""

    def __init__(self, tell: Tell = lambda name, data: None) -> None:  # noqa: ARG005 - nobody listens
        self.tell = tell
        self._allowed: dict[str, set[str]] = {}
        self._open: dict[str, tuple[str, asyncio.Future[str]]] = {}

    def allowed(self, session_id: str, subject: str) -> bool:
        """Whether this was allowed for the whole conversation."""
        return subject in self._allowed.get(session_id, ())

    def allow(self, session_id: str, subject: str) -> None:
        """Ask no more about this in this conversation."""
        self._allowed.setdefault(session_id, set()).add(subject)

    def forget(self, session_id: str) -> None:
        """The conversation is gone."""
        self._allowed.pop(session_id, None)

    def close(self, session_id: str) -> None:
        """Deny what is open in a conversation: its turn has ended."""
        for asking, decision in self._open.values():
            if asking == session_id and not decision.done():
                decision.set_result("deny")

    def answer(self, answer: ApprovalAnswer) -> None:
        """What a person decided."""
        session_id, decision = self._open.get(answer.approval_id, (None, None))
        if decision is None or session_id != answer.session_id or decision.done():
            raise NotFound("This question is not open any more.", action="Ask again if it is still wanted.")
        decision.set_result(answer.choice)

    @contextmanager
    def open(self, session_id: str, approval_id: str) -> Iterator[asyncio.Future[str]]:
        """A question that can be answered while the block runs."""
        decision: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._open[approval_id] = session_id, decision
        try:
            yield decision
        finally:
            del self._open[approval_id]

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands of the contract that this answers."""
        return {"approval.answer": self.answer}


class SessionApprovals:
    """The approval system of one session. `emit` tells the session's hooks."""

    def __init__(self, session_id: str, approvals: Approvals, emit: Emit) -> None:
        self._session_id = session_id
        self._approvals = approvals
        self._emit = emit
        self._announced: dict[str, deque[Data]] = {}
        self._lent: list[str] = []

    def close(self) -> None:
        """Deny what is open and give back the origins that were opened for this turn: it has ended."""
        self._approvals.close(self._session_id)
        lent, self._lent = self._lent, []
        if lent:
            self._approvals.tell("origins:released", {"origins": lent})

    def announce(self, prompt: str, call: Data) -> None:
        """The next question in these words is about this call."""
        self._announced.setdefault(prompt, deque()).append(call)

    async def request_approval(self, prompt: str, options: list[str], timeout: float, default: str) -> str:  # noqa: ARG002, ASYNC109
        """Ask; gives "allow once" or "deny". Raises ApprovalTimeoutError."""
        calls = self._announced.get(prompt)
        call = calls.popleft() if calls else {}
        if not calls:
            self._announced.pop(prompt, None)
        subject = call.get("subject") or call.get("tool_name") or prompt
        if self._approvals.allowed(self._session_id, subject):
            return ALLOW
        approval_id = uuid.uuid4().hex
        question = {**call, "approval_id": approval_id, "prompt": prompt, "options": options}
        with self._approvals.open(self._session_id, approval_id) as decision:
            await self._emit(APPROVAL_REQUIRED, {**question, "deadline": time.time() + timeout})
            try:
                choice = await asyncio.wait_for(decision, timeout)
            except TimeoutError:
                await self._emit(APPROVAL_DENIED, {**question, "choice": "timeout"})
                raise ApprovalTimeoutError(f"Nobody answered within {timeout:.0f} seconds.") from None
        if choice == "conversation":
            self._approvals.allow(self._session_id, subject)
        granted = choice != "deny"
        if choice == "once" and call.get("origin"):
            self._lent.append(call["origin"])
        await self._emit(APPROVAL_GRANTED if granted else APPROVAL_DENIED, {**question, "choice": choice})
        return ALLOW if granted else DENY


def denial(reason: str | None) -> str:
    """Why a call was not run, for the model and the person."""
    reason = reason or ""
    if reason.startswith(TIMED_OUT):
        return "Not allowed: nobody answered in time."
    if reason.startswith(REFUSED):
        return "Not allowed by the person."
    return f"Denied: {reason or 'no reason given'}"
