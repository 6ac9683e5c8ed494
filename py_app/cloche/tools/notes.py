"""Notes: values kept under keys, for the whole app.

Owns the table `notes` and the tools on it.
"""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import Field

from ..store.database import Database
from .tool import FunctionTool, ToolFault, tool

Key = Annotated[str, Field(min_length=1, max_length=200)]
Value = Annotated[str, Field(max_length=100_000)]
LISTED = 200


class Notes:
    """Values under keys. Upper and lower case are the same key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> str | None:
        """The value under a key."""
        row = self._database.row("SELECT value FROM notes WHERE key = ?", (key.strip(),))
        return None if row is None else str(row[0])

    def save(self, key: str, value: str) -> None:
        """Keep a value, in place of the one before."""
        self._database.write(
            "INSERT INTO notes (key, value, updated_at) VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            (key.strip(), value, time.time()),
        )

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that begin with a prefix."""
        rows = self._database.rows(
            "SELECT key FROM notes WHERE lower(substr(key, 1, ?)) = lower(?) ORDER BY key", (len(prefix), prefix)
        )
        return [key for (key,) in rows]

    def delete(self, key: str) -> bool:
        """Remove a value; says whether there was one."""
        return self._database.write("DELETE FROM notes WHERE key = ?", (key.strip(),)) > 0


def note_tools(notes: Notes) -> list[FunctionTool]:
    """The tools of the notes."""

    @tool(access="write")
    def note_save(key: Key, value: Value) -> str:
        """Keep a note under a key, in place of the one before.

        Args:
            key: the name of the note
            value: its text
        """
        notes.save(key, value)
        return "Saved."

    @tool(access="read")
    def note_get(key: Key) -> str:
        """Read the note under a key.

        Args:
            key: the name of the note
        """
        value = notes.get(key)
        if value is None:
            near = ", ".join(notes.keys()[:20])
            raise ToolFault(f"There is no note {key}." + (f" There are: {near}." if near else ""))
        return value

    @tool(access="read")
    def note_list(prefix: str = "") -> str:
        """List the keys of the notes.

        Args:
            prefix: only keys that begin with this
        """
        keys = notes.keys(prefix)
        if not keys:
            return "There are no notes."
        more = f"\nand {len(keys) - LISTED} more" if len(keys) > LISTED else ""
        return "\n".join(keys[:LISTED]) + more

    @tool(access="write")
    def note_delete(key: Key) -> str:
        """Delete the note under a key.

        Args:
            key: the name of the note
        """
        if not notes.delete(key):
            raise ToolFault(f"There is no note {key}.")
        return f"Deleted {key}."

    @tool(access="write")
    def note_clear(prefix: Key) -> str:
        """Delete all notes whose keys begin with a prefix.

        Args:
            prefix: what the keys begin with
        """
        keys = notes.keys(prefix)
        for key in keys:
            notes.delete(key)
        return f"Deleted {len(keys)} {'note' if len(keys) == 1 else 'notes'}."

    return [note_save, note_get, note_list, note_delete, note_clear]
