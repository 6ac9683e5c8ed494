"""The code that was run, newest last, so that it can be brought back.

Owns the table `console_history`.
"""

from __future__ import annotations

import time

from ..store.database import Database

KEPT = 200


class History:
    """The last pieces of code."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, code: str) -> None:
        """Keep a piece of code; the same one again moves to the end."""
        with self._database.transaction():
            self._database.write("DELETE FROM console_history WHERE code = ?", (code,))
            self._database.write("INSERT INTO console_history (code, run_at) VALUES (?, ?)", (code, time.time()))
            self._database.write(
                "DELETE FROM console_history WHERE seq <= (SELECT max(seq) FROM console_history) - ?", (KEPT,)
            )

    def all(self) -> list[str]:
        """Oldest first."""
        return [str(code) for (code,) in self._database.rows("SELECT code FROM console_history ORDER BY seq")]
