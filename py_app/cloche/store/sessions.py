"""Sessions (conversations) as rows: title, parameters, order, deletion with restore.

Owns the table `sessions` except `active_leaf`, which belongs to messages.py.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

from ..errors import NotFound
from ..shapes import ModelChoice, Parameters
from .database import Database
from .search import Search

DEFAULT_TITLE = "New chat"
TITLE_LENGTH = 48
SELECT = """
    SELECT s.id, s.title, s.created_at, s.updated_at, s.parameters, s.chain, coalesce(m.depth, 0)
    FROM sessions s LEFT JOIN messages m ON m.id = s.active_leaf
"""


class Sessions:
    """The sessions as shapes.Session in plain data; `working` is always False here."""

    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search

    def create(self) -> dict[str, Any]:
        """A new, empty session."""
        session_id, now = uuid.uuid4().hex, self._later_than_all()
        self._database.write(
            "INSERT INTO sessions (id, title, created_at, updated_at) VALUES (?, ?, ?, ?)",
            (session_id, DEFAULT_TITLE, now, now),
        )
        return self.get(session_id)

    def get(self, session_id: str) -> dict[str, Any]:
        """One session."""
        row = self._database.row(f"{SELECT} WHERE s.id = ? AND s.deleted_at IS NULL", (session_id,))
        if row is None:
            raise NotFound("This conversation is not there.")
        return session_data(row)

    def all(self) -> list[dict[str, Any]]:
        """All sessions, the one used last first."""
        rows = self._database.rows(f"{SELECT} WHERE s.deleted_at IS NULL ORDER BY s.updated_at DESC, s.seq DESC")
        return [session_data(row) for row in rows]

    def parameters(self, session_id: str) -> Parameters:
        """The generation parameters of a session."""
        return Parameters.model_validate(self.get(session_id)["parameters"])

    def rename(self, session_id: str, title: str) -> dict[str, Any]:
        """Give a session a title that its messages will not change."""
        with self._database.transaction():
            seq = self._seq(session_id)
            self._database.write("UPDATE sessions SET title = ?, title_by_person = 1 WHERE seq = ?", (title, seq))
            self._search.put_title(seq, title)
        return self.get(session_id)

    def name_after(self, session_id: str, text: str) -> None:
        """Make the first words of a message the title, unless there is one already."""
        title = title_from(text)
        row = self._database.row("SELECT seq, title, title_by_person FROM sessions WHERE id = ?", (session_id,))
        if row is None or row[1] != DEFAULT_TITLE or row[2] or not title:
            return
        with self._database.transaction():
            self._database.write("UPDATE sessions SET title = ? WHERE seq = ?", (title, row[0]))
            self._search.put_title(row[0], title)

    def set_parameters(self, session_id: str, parameters: Parameters) -> dict[str, Any]:
        """Keep a session's generation parameters."""
        kept = parameters.model_dump_json(exclude_none=True)
        self._database.write("UPDATE sessions SET parameters = ? WHERE seq = ?", (kept, self._seq(session_id)))
        return self.get(session_id)

    def chain(self, session_id: str) -> list[ModelChoice]:
        """Which models answer a session, as far as it says so."""
        return [ModelChoice.model_validate(choice) for choice in self.get(session_id)["chain"]]

    def set_chain(self, session_id: str, chain: Sequence[ModelChoice]) -> dict[str, Any]:
        """Keep which models answer a session; none leaves it to the settings."""
        kept = json.dumps([choice.model_dump() for choice in chain]) if chain else None
        self._database.write("UPDATE sessions SET chain = ? WHERE seq = ?", (kept, self._seq(session_id)))
        return self.get(session_id)

    def touch(self, session_id: str) -> None:
        """Move a session to the top of the list."""
        self._database.write("UPDATE sessions SET updated_at = ? WHERE id = ?", (self._later_than_all(), session_id))

    def delete(self, session_id: str) -> None:
        """Hide a session; it can be restored until the app starts anew."""
        self._database.write("UPDATE sessions SET deleted_at = ? WHERE seq = ?", (time.time(), self._seq(session_id)))

    def restore(self, session_id: str) -> dict[str, Any]:
        """Undo a deletion."""
        self._database.write("UPDATE sessions SET deleted_at = NULL WHERE id = ?", (session_id,))
        return self.get(session_id)

    def purge(self) -> int:
        """Remove deleted sessions for good, and those that were opened and never used."""
        return self._database.write(
            """
            DELETE FROM sessions WHERE deleted_at IS NOT NULL OR (
                title_by_person = 0 AND parameters = '{}' AND chain IS NULL
                AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.session_id = sessions.id)
            )
            """
        )

    def _later_than_all(self) -> float:
        """Now, and later than any session's last use also where the clock is coarse, as it is in browsers."""
        (latest,) = self._database.row("SELECT max(updated_at) FROM sessions") or (None,)
        return max(time.time(), (latest or 0.0) + 0.000_001)

    def _seq(self, session_id: str) -> int:
        row = self._database.row("SELECT seq FROM sessions WHERE id = ? AND deleted_at IS NULL", (session_id,))
        if row is None:
            raise NotFound("This conversation is not there.")
        return int(row[0])


def session_data(row: tuple[Any, ...]) -> dict[str, Any]:
    """A row of SELECT as shapes.Session."""
    session_id, title, created_at, updated_at, parameters, chain, message_count = row
    return {
        "id": session_id,
        "title": title,
        "created_at": created_at,
        "updated_at": updated_at,
        "parameters": {**EMPTY_PARAMETERS, **json.loads(parameters)},
        "chain": json.loads(chain) if chain else [],
        "message_count": message_count,
        "working": False,
    }


EMPTY_PARAMETERS = Parameters().model_dump()


def title_from(text: str) -> str:
    """The first words of a text, cut between words."""
    line = " ".join(text[:500].split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH + 1].rsplit(" ", 1)[0]
    return cut[:TITLE_LENGTH].rstrip(" ,.;:!?-") + "…"
