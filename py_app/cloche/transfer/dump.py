"""Reads conversations out of the store as a document.

Owns the way from rows to document.py's shapes; changes nothing. What was deleted is left out; an answer that is being
written counts as interrupted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import NotFound
from ..shapes import Parameters
from ..store.messages import COLUMNS, cancel_running_calls, message_data
from ..store.store import Store
from .belongings import dump_belongings
from .document import (
    ArchivedBytes,
    ArchivedEvent,
    ArchivedFile,
    ArchivedImage,
    ArchivedMessage,
    ArchivedSession,
    Document,
)

Data = dict[str, Any]
Newest = Callable[[Data], Data]
#: columns of `sessions` that have a field of their own in the document, or that it does not need
OWN_COLUMNS = frozenset(
    ("seq", "id", "title", "title_by_person", "parameters", "active_leaf", "created_at", "updated_at", "deleted_at")
)


def as_stored(message: Data) -> Data:
    """A message of the store where nothing newer is known of it."""
    return message


def document(
    store: Store,
    session_ids: Iterable[str] | None = None,
    settings: Data | None = None,
    newest: Newest = as_stored,
) -> Document:
    """These sessions, or everything, with pictures and files, which have no bytes yet.

    `newest` gives a message as it is now.
    """
    everything = session_ids is None
    if session_ids is None:
        rows = store.database.rows("SELECT id FROM sessions WHERE deleted_at IS NULL ORDER BY seq")
        session_ids = [row[0] for row in rows]
    sessions = [session(store, session_id, newest, traced=everything) for session_id in session_ids]
    image_ids = {image for found in sessions for message in found.messages for image in message.image_ids}
    file_ids = {file for found in sessions for message in found.messages for file in message.file_ids}
    return Document(
        format="cloche",
        version=2,
        exported_at=time.time(),
        sessions=sessions,
        images=[image(store, image_id) for image_id in sorted(image_ids)],
        files=[file(store, file_id) for file_id in sorted(file_ids)],
        settings=settings,
        belongings=dump_belongings(store) if everything else None,
    )


def session(store: Store, session_id: str, newest: Newest = as_stored, *, traced: bool = False) -> ArchivedSession:
    """One session with all versions of its messages; `traced`: with what happened in its turns."""
    choices = choice_columns(store)
    columns = ["title", "title_by_person", "created_at", "updated_at", "parameters", "active_leaf", *choices]
    row = store.database.row(
        f"SELECT {', '.join(columns)} FROM sessions WHERE id = ? AND deleted_at IS NULL",  # noqa: S608
        (session_id,),
    )
    if row is None:
        raise NotFound("This conversation is not there.")
    title, by_person, created_at, updated_at, parameters, active_leaf, *chosen = row
    return ArchivedSession(
        id=session_id,
        title=title,
        title_by_person=bool(by_person),
        created_at=created_at,
        updated_at=updated_at,
        parameters=Parameters.model_validate_json(parameters),
        active_leaf=active_leaf,
        choices={name: value for name, value in zip(choices, chosen, strict=True) if value is not None},
        tools=tools(store, session_id),
        extensions=extensions(store, session_id),
        messages=messages(store, session_id, newest),
        trace=trace(store, session_id) if traced else [],
    )


def tools(store: Store, session_id: str) -> list[str] | None:
    """The tools that were chosen for a session, if any were."""
    row = store.database.row("SELECT names FROM session_tools WHERE session_id = ?", (session_id,))
    return None if row is None else list(json.loads(row[0]))


def extensions(store: Store, session_id: str) -> dict[str, bool]:
    """The extensions that were switched on or off for a session."""
    rows = store.database.rows(
        "SELECT name, enabled FROM session_extensions WHERE session_id = ? ORDER BY name", (session_id,)
    )
    return {name: bool(enabled) for name, enabled in rows}


def trace(store: Store, session_id: str) -> list[ArchivedEvent]:
    """The recorded events of a session."""
    rows = store.database.rows(
        "SELECT turn, at, event, outcome, data FROM trace_events WHERE session_id = ? ORDER BY seq", (session_id,)
    )
    return [
        ArchivedEvent(turn=turn, at=at, event=event, outcome=outcome, data=json.loads(data))
        for turn, at, event, outcome, data in rows
    ]


def messages(store: Store, session_id: str, newest: Newest) -> list[ArchivedMessage]:
    """All messages of a session in the order in which they were made."""
    rows = store.database.rows(
        f"SELECT {COLUMNS} FROM messages WHERE session_id = ? AND deleted_by IS NULL ORDER BY seq",  # noqa: S608
        (session_id,),
    )
    found = []
    for row in rows:
        message = {**newest(message_data(row, session_id, [])), "session_id": "", "siblings": []}
        if message["status"] == "streaming":
            message["status"] = "interrupted"
            cancel_running_calls(message["parts"])
        found.append(ArchivedMessage.model_validate(message))
    return found


def image(store: Store, image_id: str) -> ArchivedImage:
    """One picture without its bytes."""
    row = store.database.row("SELECT mime, width, height, name, created_at FROM images WHERE id = ?", (image_id,))
    if row is None:
        raise NotFound("A picture of this conversation is not in the store.")
    mime, width, height, name, created_at = row
    return ArchivedImage(id=image_id, mime=mime, width=width, height=height, name=name, created_at=created_at)


def file(store: Store, file_id: str) -> ArchivedFile:
    """One file without its bytes."""
    row = store.database.row("SELECT mime, name, created_at FROM files WHERE id = ?", (file_id,))
    if row is None:
        raise NotFound("A file of this conversation is not in the store.")
    mime, name, created_at = row
    return ArchivedFile(id=file_id, mime=mime, name=name, created_at=created_at)


def bytes_of(store: Store, one: ArchivedBytes) -> bytes:
    """The bytes of something in a document."""
    if isinstance(one, ArchivedImage):
        return store.images.read(one.id)[0]
    if isinstance(one, ArchivedFile):
        return store.files.read(one.id).data
    row = store.database.row("SELECT bytes FROM packages WHERE name = ?", (one.id,))
    if row is None:
        raise NotFound("This package is not in the store.")
    return bytes(row[0])


def choice_columns(store: Store) -> list[str]:
    """The columns of `sessions` that hold a conversation's further choices, by name."""
    columns = [row[1] for row in store.database.rows("PRAGMA table_info(sessions)")]
    return sorted(set(columns) - OWN_COLUMNS)


def json_text(value: Any) -> Any:
    """What a column takes: lists and objects as JSON."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value
