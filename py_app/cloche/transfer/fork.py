"""Forks a conversation: a new one that begins with the way to one of its messages.

Owns the copy. The two share their pictures and files and nothing else; the new one has the same parameters and choices.
"""

from __future__ import annotations

import uuid
from typing import Any

from ..errors import Busy
from ..store.store import Store
from . import dump
from .load import TITLE_LENGTH
from .rows import insert

FORK = " (fork)"


def fork(store: Store, session_id: str, message_id: str) -> dict[str, Any]:
    """A new session with the messages up to this one, as shapes.Session."""
    path = store.messages.path(session_id, message_id)
    if path[-1]["status"] == "streaming":
        raise Busy("This answer is still being written.")
    origin = dump.session(store, session_id)
    session = store.sessions.create()
    with store.database.transaction():
        copied = ["parameters", *dump.choice_columns(store)]
        same = ", ".join(f"{name} = (SELECT {name} FROM sessions WHERE id = ?1)" for name in copied)  # noqa: S608
        store.database.write(f"UPDATE sessions SET {same} WHERE id = ?2", (session_id, session["id"]))  # noqa: S608
        store.sessions.rename(session["id"], origin.title[: TITLE_LENGTH - len(FORK)].removesuffix(FORK) + FORK)
        for table, copied_columns in (("session_tools", "names"), ("session_extensions", "name, enabled")):
            store.database.write(
                f"INSERT INTO {table} (session_id, {copied_columns}) "  # noqa: S608
                f"SELECT ?2, {copied_columns} FROM {table} WHERE session_id = ?1",
                (session_id, session["id"]),
            )
        parent: str | None = None
        for depth, message in enumerate(path, start=1):
            parent = _copy(store, session["id"], message, parent, depth)
        store.database.write("UPDATE sessions SET active_leaf = ? WHERE id = ?", (parent, session["id"]))
    return store.sessions.get(session["id"])


def _copy(store: Store, session_id: str, message: dict[str, Any], parent: str | None, depth: int) -> str:
    """One message under its new parent; gives its id."""
    message_id = uuid.uuid4().hex
    row = {name: dump.json_text(value) for name, value in message.items() if name != "siblings"}
    row |= {"id": message_id, "session_id": session_id, "parent_id": parent, "depth": depth}
    insert(store, "messages", row)
    store.images.link(message_id, [part["image_id"] for part in message["parts"] if part["type"] == "image"])
    store.files.link(message_id, [part["file_id"] for part in message["parts"] if part["type"] == "file"])
    (seq,) = store.database.row("SELECT seq FROM messages WHERE id = ?", (message_id,)) or (0,)
    store.search.put_message(seq, message["parts"])
    return message_id
