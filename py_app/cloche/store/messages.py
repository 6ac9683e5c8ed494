"""The messages of a session: a tree of versions with one active branch.

Owns the table `messages` and `sessions.active_leaf`. A message has a parent; editing or regenerating adds a sibling, so
that nothing is overwritten. The active branch runs from the active leaf up to the root. Deleting a message hides it and
what follows it until it is restored or the app starts anew.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from typing import Any

from ..errors import NotFound
from .database import Database
from .files import Files
from .images import Images
from .search import Search

Data = dict[str, Any]
COLUMNS = """
    id, parent_id, role, parts, status, error, finish_reason, usage, timings, model, provider, remote, note, created_at
"""


class Messages:
    """Messages as shapes.Message in plain data."""

    def __init__(self, database: Database, images: Images, files: Files, search: Search) -> None:
        self._database = database
        self._images = images
        self._files = files
        self._search = search

    def branch(self, session_id: str) -> list[Data]:
        """The active branch, oldest message first. Two queries, however long it is."""
        row = self._database.row("SELECT active_leaf FROM sessions WHERE id = ? AND deleted_at IS NULL", (session_id,))
        if row is None:
            raise NotFound("This conversation is not there.")
        return self._path(session_id, row[0])

    def path(self, session_id: str, message_id: str) -> list[Data]:
        """The messages from the root to this one."""
        found = self._path(session_id, message_id)
        if not found:
            raise NotFound("This message is not there.")
        return found

    def get(self, session_id: str, message_id: str) -> Data:
        """One message."""
        row = self._database.row(
            f"SELECT {COLUMNS} FROM messages WHERE session_id = ? AND id = ? AND deleted_by IS NULL",  # noqa: S608
            (session_id, message_id),
        )
        if row is None:
            raise NotFound("This message is not there.")
        siblings = self._database.rows(
            "SELECT id FROM messages WHERE session_id = ? AND parent_id IS ? AND deleted_by IS NULL ORDER BY seq",
            (session_id, row[1]),
        )
        return message_data(row, session_id, [sibling[0] for sibling in siblings])

    def add(
        self,
        session_id: str,
        parent_id: str | None,
        role: str,
        parts: list[Data],
        *,
        status: str = "complete",
        model: str | None = None,
        provider: str | None = None,
        remote: bool = False,
    ) -> Data:
        """A new message under `parent_id`; it becomes the active leaf."""
        message_id = uuid.uuid4().hex
        with self._database.transaction():
            depth = 1
            if parent_id is not None:
                row = self._database.row("SELECT depth FROM messages WHERE id = ?", (parent_id,))
                if row is None:
                    raise NotFound("The message to answer is not there.")
                depth = row[0] + 1
            self._database.write(
                """
                INSERT INTO messages
                    (id, session_id, parent_id, depth, role, parts, status, model, provider, remote, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                (
                    message_id,
                    session_id,
                    parent_id,
                    depth,
                    role,
                    dumped(parts),
                    status,
                    model,
                    provider,
                    remote,
                    time.time(),
                ),
            )
            self._images.link(message_id, (part["image_id"] for part in parts if part["type"] == "image"))
            self._files.link(message_id, (part["file_id"] for part in parts if part["type"] == "file"))
            if status != "streaming":
                self._index(message_id, parts)
            self._activate(session_id, message_id)
        return self.get(session_id, message_id)

    def save_partial(self, message_id: str, parts: list[Data]) -> None:
        """Keep what an answer holds so far."""
        self._database.write("UPDATE messages SET parts = ? WHERE id = ?", (dumped(parts), message_id))

    def finish(self, message: Data) -> None:
        """Keep an answer that has ended, with everything known about it."""
        with self._database.transaction():
            self._database.write(
                """
                UPDATE messages SET parts = ?, status = ?, error = ?, finish_reason = ?, usage = ?, timings = ?,
                    model = ?, provider = ?, remote = ?, note = ? WHERE id = ?
                """,
                (
                    dumped(message["parts"]),
                    message["status"],
                    dumped(message["error"]),
                    message["finish_reason"],
                    dumped(message["usage"]),
                    dumped(message["timings"]),
                    message["model"],
                    message["provider"],
                    message["remote"],
                    message["note"],
                    message["id"],
                ),
            )
            self._index(message["id"], message["parts"])

    def select(self, session_id: str, message_id: str) -> None:
        """Make this version active, with the newest of what follows it."""
        self.get(session_id, message_id)
        self._activate(session_id, self._newest_leaf(session_id, message_id))

    def delete(self, session_id: str, message_id: str) -> None:
        """Hide a message and what follows it. Its newest other version becomes active, else the one before it."""
        message = self.get(session_id, message_id)
        with self._database.transaction():
            self._database.write(
                """
                WITH RECURSIVE below (id) AS (
                    VALUES (?1) UNION SELECT m.id FROM messages m JOIN below ON m.parent_id = below.id
                )
                UPDATE messages SET deleted_by = ?1 WHERE id IN below AND deleted_by IS NULL
                """,
                (message_id,),
            )
            (leaf,) = self._database.row("SELECT active_leaf FROM sessions WHERE id = ?", (session_id,)) or (None,)
            if self._database.row("SELECT 1 FROM messages WHERE id = ? AND deleted_by IS NULL", (leaf,)):
                return
            others = [sibling for sibling in message["siblings"] if sibling != message_id]
            if others:
                self._activate(session_id, self._newest_leaf(session_id, others[-1]))
            else:
                self._activate(session_id, message["parent_id"])

    def restore(self, session_id: str, message_id: str) -> None:
        """Undo a deletion; the branch of the restored message becomes active."""
        row = self._database.row(
            """
            SELECT p.deleted_by FROM messages m LEFT JOIN messages p ON p.id = m.parent_id
            WHERE m.id = ? AND m.session_id = ? AND m.deleted_by = m.id
            """,
            (message_id, session_id),
        )
        if row is None:
            raise NotFound("There is no deleted message to restore.")
        if row[0] is not None:
            raise NotFound("The message before it was deleted too.", action="Restore that one first.")
        with self._database.transaction():
            self._database.write("UPDATE messages SET deleted_by = NULL WHERE deleted_by = ?", (message_id,))
            self._activate(session_id, self._newest_leaf(session_id, message_id))

    def mark_interrupted(self) -> int:
        """Mark answers that were still being written when the app ended; gives their number."""
        rows = self._database.rows("SELECT id, parts FROM messages WHERE status = 'streaming'")
        with self._database.transaction():
            for message_id, kept in rows:
                parts = json.loads(kept)
                cancel_running_calls(parts)
                self._database.write(
                    "UPDATE messages SET status = 'interrupted', parts = ? WHERE id = ?", (dumped(parts), message_id)
                )
                self._index(message_id, parts)
        return len(rows)

    def purge(self) -> int:
        """Remove deleted messages for good; gives their number."""
        return self._database.write("DELETE FROM messages WHERE deleted_by IS NOT NULL")

    def _path(self, session_id: str, leaf: str | None) -> list[Data]:
        if leaf is None:
            return []
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM messages WHERE session_id = ? AND deleted_by IS NULL ORDER BY seq",  # noqa: S608
            (session_id,),
        )
        by_id: dict[str, tuple[Any, ...]] = {}
        children: dict[str | None, list[str]] = {}
        for row in rows:
            by_id[row[0]] = row
            children.setdefault(row[1], []).append(row[0])
        path: list[Data] = []
        message_id: str | None = leaf
        while message_id in by_id:
            row = by_id[message_id]
            path.append(message_data(row, session_id, children[row[1]]))
            message_id = row[1]
        path.reverse()
        return path

    def _newest_leaf(self, session_id: str, message_id: str) -> str:
        rows = self._database.rows(
            "SELECT id, parent_id FROM messages WHERE session_id = ? AND deleted_by IS NULL ORDER BY seq", (session_id,)
        )
        newest_child = {parent_id: child for child, parent_id in rows}
        while message_id in newest_child:
            message_id = newest_child[message_id]
        return message_id

    def _activate(self, session_id: str, leaf: str | None) -> None:
        self._database.write("UPDATE sessions SET active_leaf = ? WHERE id = ?", (leaf, session_id))

    def _index(self, message_id: str, parts: Iterable[Data]) -> None:
        row = self._database.row("SELECT seq FROM messages WHERE id = ?", (message_id,))
        if row is not None:
            self._search.put_message(row[0], parts)


def dumped(value: Any) -> str | None:
    """JSON for a column; None stays NULL."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def message_data(row: tuple[Any, ...], session_id: str, siblings: list[str]) -> Data:
    """A row of COLUMNS as shapes.Message."""
    message_id, parent_id, role, parts, status, error, finish_reason, usage, timings, *speaker, created_at = row
    model, provider, remote, note = speaker
    return {
        "id": message_id,
        "session_id": session_id,
        "parent_id": parent_id,
        "role": role,
        "parts": json.loads(parts),
        "status": status,
        "error": error and json.loads(error),
        "finish_reason": finish_reason,
        "usage": usage and json.loads(usage),
        "timings": timings and json.loads(timings),
        "model": model,
        "provider": provider,
        "remote": bool(remote),
        "note": note,
        "created_at": created_at,
        "siblings": siblings,
    }


UNANSWERED = "Not allowed: the turn ended before the question was answered."


def cancel_running_calls(parts: Iterable[Data]) -> None:
    """Tool calls of a turn that has ended are running no more, and its questions are open no more."""
    for part in parts:
        if part["type"] == "question" and part["status"] == "asking":
            part.update(status="denied", approval=None)
        if part["type"] != "tool_call":
            continue
        if part["status"] == "running":
            part["status"] = "cancelled"
        elif part["status"] == "asking":
            part.update(status="denied", approval=None, output=UNANSWERED)
