"""Full-text search over titles and messages.

Owns the two FTS5 tables: what goes in, and turning what a person types into a query that cannot be malformed. Words are
matched by their beginning and all of them must occur. Excerpts mark matches with U+0002 and U+0003.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .database import Database

START, END = "\x02", "\x03"
WORD = re.compile(r"\w+")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
EXCERPT_WORDS = 14


class Search:
    """The index and its queries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_title(self, seq: int, title: str) -> None:
        """Index a session's title anew."""
        self._put("title_texts", seq, title)

    def put_message(self, seq: int, parts: Iterable[dict[str, Any]]) -> None:
        """Index a message's text anew."""
        text = "\n".join(part["text"] for part in parts if part["type"] == "text")
        self._put("message_texts", seq, text)

    def _put(self, table: str, seq: int, text: str) -> None:
        self._database.write(f"DELETE FROM {table} WHERE rowid = ?", (seq,))  # noqa: S608
        if text:
            clean = CONTROL.sub(" ", text)
            self._database.write(f"INSERT INTO {table} (rowid, text) VALUES (?, ?)", (seq, clean))  # noqa: S608

    def remove_unused(self) -> None:
        """Forget texts of sessions and messages that are gone."""
        self._database.write("DELETE FROM title_texts WHERE rowid NOT IN (SELECT seq FROM sessions)")
        self._database.write("DELETE FROM message_texts WHERE rowid NOT IN (SELECT seq FROM messages)")

    def find(self, query: str, limit: int) -> list[dict[str, Any]]:
        """Hits as shapes.SearchHit: titles first, then messages, the best and newest first."""
        match = match_expression(query)
        if not match:
            return []
        titles = self._database.rows(
            """
            SELECT s.id, s.title, NULL, snippet(title_texts, 0, ?, ?, '…', ?)
            FROM title_texts JOIN sessions s ON s.seq = title_texts.rowid
            WHERE title_texts MATCH ? AND s.deleted_at IS NULL
            ORDER BY rank, s.updated_at DESC LIMIT ?
            """,
            (START, END, EXCERPT_WORDS, match, limit),
        )
        messages = self._database.rows(
            """
            SELECT s.id, s.title, m.id, snippet(message_texts, 0, ?, ?, '…', ?)
            FROM message_texts
            JOIN messages m ON m.seq = message_texts.rowid
            JOIN sessions s ON s.id = m.session_id
            WHERE message_texts MATCH ? AND s.deleted_at IS NULL AND m.deleted_by IS NULL
            ORDER BY rank, m.seq DESC LIMIT ?
            """,
            (START, END, EXCERPT_WORDS, match, limit),
        )
        fields = ("session_id", "title", "message_id", "excerpt")
        return [dict(zip(fields, row, strict=True)) for row in (titles + messages)[:limit]]


def match_expression(query: str) -> str:
    """An FTS5 expression for what was typed: each word quoted and open at its end. Empty when there is no word."""
    return " ".join(f'"{word}"*' for word in WORD.findall(query))
