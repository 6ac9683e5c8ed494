"""Extensions as rows: their text, and where they are switched on.

Owns the tables `extensions` and `session_extensions`. Does not run anything.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from ..errors import NotFound
from ..store.database import Database


class ExtensionRow(NamedTuple):
    """One extension; `enabled` in the session that was asked for."""

    name: str
    source: str
    everywhere: bool
    enabled: bool
    updated_at: float


class ExtensionFiles:
    """The extensions that are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, session_id: str | None = None) -> list[ExtensionRow]:
        """All, by name."""
        rows = self._database.rows(
            """
            SELECT e.name, e.source, e.everywhere, coalesce(s.enabled, e.everywhere), e.updated_at
            FROM extensions e LEFT JOIN session_extensions s ON s.name = e.name AND s.session_id = ?
            ORDER BY e.name
            """,
            (session_id or "",),
        )
        return [ExtensionRow(name, source, bool(every), bool(on), at) for name, source, every, on, at in rows]

    def get(self, name: str) -> ExtensionRow:
        """One extension."""
        for row in self.all():
            if row.name == name:
                return row
        raise NotFound(f"There is no extension '{name}'.")

    def save(self, name: str, source: str) -> None:
        """Keep a new extension or a new text of one."""
        self._database.write(
            """
            INSERT INTO extensions (name, source, updated_at) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET source = excluded.source, updated_at = excluded.updated_at
            """,
            (name, source, time.time()),
        )

    def delete(self, name: str) -> None:
        """Remove an extension."""
        self.get(name)
        self._database.write("DELETE FROM extensions WHERE name = ?", (name,))

    def choose(self, name: str, session_id: str | None, enabled: bool) -> None:
        """Switch an extension on or off in a session, or everywhere."""
        self.get(name)
        if session_id is None:
            self._database.write("UPDATE extensions SET everywhere = ? WHERE name = ?", (enabled, name))
        else:
            self._database.write(
                "INSERT OR REPLACE INTO session_extensions VALUES (?, ?, ?)", (session_id, name, enabled)
            )
