"""Attached text files as BLOBs: adding, reading, and clearing those that no message holds any more.

Owns the table `files` and the links from messages to it. The bytes are kept as they came; attached.py knows what text
they are.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import NotFound
from ..shapes import FilePart, NewFile
from .database import Database


class StoredFile(NamedTuple):
    """One file."""

    name: str
    mime: str
    data: bytes


class Files:
    """The stored files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, file: NewFile) -> FilePart:
        """Keep a file; gives the part that shows it in a message."""
        file_id = uuid.uuid4().hex
        self._database.write(
            "INSERT INTO files (id, name, mime, created_at, bytes) VALUES (?, ?, ?, ?, ?)",
            (file_id, file.name, file.mime, time.time(), file.bytes),
        )
        return FilePart(file_id=file_id, name=file.name, mime=file.mime, size=len(file.bytes))

    def link(self, message_id: str, file_ids: Iterable[str]) -> None:
        """Say that a message holds these files."""
        for file_id in file_ids:
            self._database.write("INSERT OR IGNORE INTO message_files VALUES (?, ?)", (message_id, file_id))

    def read(self, file_id: str) -> StoredFile:
        """A file with its bytes."""
        row = self._database.row("SELECT name, mime, bytes FROM files WHERE id = ?", (file_id,))
        if row is None:
            raise NotFound("This file is not in the store.")
        return StoredFile(*row)

    def of_session(self, session_id: str) -> list[tuple[str, str]]:
        """The files of a conversation as (id, name), the newest first."""
        rows = self._database.rows(
            """
            SELECT f.id, f.name FROM message_files l
            JOIN messages m ON m.id = l.message_id JOIN files f ON f.id = l.file_id
            WHERE m.session_id = ? AND m.deleted_by IS NULL ORDER BY m.seq DESC, f.created_at DESC, f.rowid DESC
            """,
            (session_id,),
        )
        return list(dict.fromkeys((file_id, name) for file_id, name in rows))

    def remove_unused(self) -> int:
        """Remove files that no message holds; gives their number."""
        return self._database.write("DELETE FROM files WHERE id NOT IN (SELECT file_id FROM message_files)")
