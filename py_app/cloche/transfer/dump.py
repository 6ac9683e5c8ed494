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
from .document import ArchivedImage, ArchivedMessage, ArchivedSession, Document

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
    """These sessions, or all, with their pictures, which have no bytes yet. `newest` gives a message as it is now."""
    if session_ids is None:
        rows = store.database.rows("SELECT id FROM sessions WHERE deleted_at IS NULL ORDER BY seq")
        session_ids = [row[0] for row in rows]
    sessions = [session(store, session_id, newest) for session_id in session_ids]
    image_ids = {image for found in sessions for message in found.messages for image in message.image_ids}
    images = [image(store, image_id) for image_id in sorted(image_ids)]
    return Document(
        format="cloche", version=1, exported_at=time.time(), sessions=sessions, images=images, settings=settings
    )


def session(store: Store, session_id: str, newest: Newest = as_stored) -> ArchivedSession:
    """One session with all versions of its messages."""
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
        messages=messages(store, session_id, newest),
    )


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


def choice_columns(store: Store) -> list[str]:
    """The columns of `sessions` that hold a conversation's further choices, by name."""
    columns = [row[1] for row in store.database.rows("PRAGMA table_info(sessions)")]
    return sorted(set(columns) - OWN_COLUMNS)


def json_text(value: Any) -> Any:
    """What a column takes: lists and objects as JSON."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value
