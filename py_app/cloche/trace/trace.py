"""The recorded events of all sessions: kept within bounds, read, exported, deleted.

Owns the table `trace_events` and one recorder a session. A session that is not in the store (a question from the
console) leaves no trace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..commands import SessionRef
from ..errors import StorageError
from ..store.store import Store
from ..transfer.shapes import ExportedFile
from ..transfer.transfer import file_name
from .recorder import Recorder, Row
from .shapes import TraceLog

#: rows kept for one session, and for all
SESSION_ROWS, ALL_ROWS = 4000, 40_000


class Trace:
    """All traces. `turn` tells which answer of a session is being written."""

    def __init__(self, store: Store, turn: Callable[[str], str | None]) -> None:
        self._store = store
        self._turn = turn
        self._recorders: dict[str, Recorder] = {}

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What answers which command."""
        return {"trace.read": self.read, "trace.export": self.export, "trace.clear": self.clear}

    def recorder(self, session_id: str) -> Recorder:
        """The recorder of a session, to be mounted as a module."""
        if session_id not in self._recorders:
            self._recorders[session_id] = Recorder(
                lambda: self._turn(session_id), lambda rows: self._keep(session_id, rows)
            )
        return self._recorders[session_id]

    def flush(self) -> None:
        """Store what waits in every session."""
        for recorder in self._recorders.values():
            recorder.flush()

    def read(self, params: SessionRef) -> TraceLog:
        """All events of a session."""
        session_id = params.session_id
        self._store.sessions.get(session_id)
        if session_id in self._recorders:
            self._recorders[session_id].flush()
        rows = self._store.database.rows(
            "SELECT seq, turn, at, event, outcome, data FROM trace_events WHERE session_id = ? ORDER BY seq",
            (session_id,),
        )
        names = ("seq", "turn", "at", "event", "outcome")
        return TraceLog.model_validate(
            {"events": [{**dict(zip(names, row[:5], strict=True)), "data": json.loads(row[5])} for row in rows]}
        )

    def export(self, params: SessionRef) -> ExportedFile:
        """The events as JSON, one a line."""
        events = self.read(params).events
        text = "".join(f"{event.model_dump_json()}\n" for event in events)
        name = file_name(self._store.sessions.get(params.session_id)["title"])
        return ExportedFile(name=f"{name}.trace.jsonl", mime="application/jsonl", bytes=text.encode())

    def clear(self, params: SessionRef) -> None:
        """Delete the events of a session."""
        self.read(params)
        self._store.database.write("DELETE FROM trace_events WHERE session_id = ?", (params.session_id,))

    def _keep(self, session_id: str, rows: list[Row]) -> None:
        """Store rows and let go of the oldest beyond the bounds; a full disk costs the trace, never the answer."""
        database = self._store.database
        new = [row for row in rows if "seq" not in row]
        try:
            if database.row("SELECT 1 FROM sessions WHERE id = ?", (session_id,)) is None:
                return
            with database.transaction():
                for row in rows:
                    self._write(session_id, row)
                database.write(
                    """
                    DELETE FROM trace_events WHERE session_id = ?1 AND seq <= (
                        SELECT seq FROM trace_events WHERE session_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2
                    )
                    """,
                    (session_id, SESSION_ROWS),
                )
                database.write(
                    "DELETE FROM trace_events WHERE seq <= (SELECT max(seq) FROM trace_events) - ?", (ALL_ROWS,)
                )
        except StorageError:
            for row in new:
                row.pop("seq", None)

    def _write(self, session_id: str, row: Row) -> None:
        """Store a row, or what has changed in one that is stored already and knows its number."""
        database = self._store.database
        data = json.dumps(row["data"], ensure_ascii=False, separators=(",", ":"))
        if "seq" in row:
            changed = (row["outcome"], data, row["seq"])
            database.write("UPDATE trace_events SET outcome = ?, data = ? WHERE seq = ?", changed)
            return
        database.write(
            "INSERT INTO trace_events (session_id, turn, at, event, outcome, data) VALUES (?, ?, ?, ?, ?, ?)",
            (session_id, row["turn"], row["at"], row["event"], row["outcome"], data),
        )
        (row["seq"],) = database.row("SELECT last_insert_rowid()") or (0,)
