"""The form of answers of each session: kept, changed, and turned into a plan for the next turn.

Owns the column `answer_format` of sessions, and the forms that programs ask for in a single turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..errors import BadInput
from ..store.store import Store
from .plan import Plan, plan_of
from .shapes import AnswerFormat, SessionAnswerFormat


class Formats:
    """The forms of answers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once: dict[str, Plan] = {}

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What answers which command."""
        return {"session.answer_format": lambda p: self.get(p.session_id), "session.set_answer_format": self.set}

    def get(self, session_id: str) -> AnswerFormat:
        """The form of a session's answers; one that cannot be read is no form."""
        self._store.sessions.get(session_id)
        (kept,) = self._store.database.row("SELECT answer_format FROM sessions WHERE id = ?", (session_id,)) or (None,)
        try:
            return AnswerFormat.model_validate_json(kept) if kept else AnswerFormat()
        except ValidationError:
            return AnswerFormat()

    def set(self, params: SessionAnswerFormat) -> AnswerFormat:
        """Keep the form, if answers can be held to it. Raises BadSchema and BadInput."""
        self._store.sessions.get(params.session_id)
        chosen = params.format
        if chosen.kind == "choices" and len(set(chosen.choices)) < 2:
            raise BadInput("There must be at least two different choices.", action="Write one a line.")
        plan_of(chosen)
        kept = None if chosen == AnswerFormat() else chosen.model_dump_json()
        self._store.database.write("UPDATE sessions SET answer_format = ? WHERE id = ?", (kept, params.session_id))
        return chosen

    def next_as(self, session_id: str, plan: Plan) -> None:
        """The next turn of a session has this form, whatever else its answers look like."""
        self._once[session_id] = plan

    def forget_next(self, session_id: str) -> None:
        """No turn used it, or it was used."""
        self._once.pop(session_id, None)

    def plan(self, session_id: str) -> Plan | None:
        """The plan of the turn that begins now. Raises BadSchema for a form that was imported and is none."""
        return self._once.pop(session_id, None) or plan_of(self.get(session_id))
