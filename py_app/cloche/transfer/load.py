"""Writes a document's conversations into the store.

Owns the way from document.py's shapes to rows, all of them or none. Ids are kept wherever they are free. A conversation
that is there already and is the same is left alone; one that is there and differs is never overwritten: the file's
becomes a copy with new ids.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from ..errors import BadImage
from ..pictures import check_images
from ..shapes import NewImage
from ..store.messages import cancel_running_calls
from ..store.sessions import DEFAULT_TITLE
from ..store.store import Store
from . import dump
from .document import ArchivedImage, ArchivedMessage, ArchivedSession, BadFile, Document
from .packing import Contents

MAX_CHOICE = 1_000_000
TITLE_LENGTH = 200
COPY = " (imported)"


class Loaded(NamedTuple):
    """Ids of the sessions that are new, of those that had to be copies, and how many were there already."""

    added: list[str]
    copied: list[str]
    unchanged: int


def load(store: Store, document: Document, contents: Contents) -> Loaded:
    """Take a whole document in. Raises BadFile or StorageError; then nothing was changed."""
    loaded = Loaded([], [], 0)
    with store.database.transaction():
        images = _Images(store, document, contents)
        for session in document.sessions:
            loaded = _load_session(store, session, images, loaded)
    return loaded


def _load_session(store: Store, session: ArchivedSession, images: _Images, loaded: Loaded) -> Loaded:
    is_there = store.database.row("SELECT 1 FROM sessions WHERE id = ? AND deleted_at IS NULL", (session.id,))
    if is_there and dump.session(store, session.id) == session:
        return loaded._replace(unchanged=loaded.unchanged + 1)
    if is_there:
        title = session.title[: TITLE_LENGTH - len(COPY)] + COPY
        loaded.copied.append(write_session(store, with_new_ids(session, title=title), images))
    elif _ids_are_free(store, session):
        loaded.added.append(write_session(store, session, images))
    else:
        loaded.added.append(write_session(store, with_new_ids(session), images))
    return loaded


def _ids_are_free(store: Store, session: ArchivedSession) -> bool:
    if store.database.row("SELECT 1 FROM sessions WHERE id = ?", (session.id,)):
        return False
    return not any(
        store.database.row("SELECT 1 FROM messages WHERE id = ?", (message.id,)) for message in session.messages
    )


def with_new_ids(session: ArchivedSession, **changes: Any) -> ArchivedSession:
    """The same conversation under ids of its own."""
    ids: dict[str | None, str | None] = {message.id: uuid.uuid4().hex for message in session.messages}
    ids[None] = None
    messages = [
        message.model_copy(update={"id": ids[message.id], "parent_id": ids[message.parent_id]})
        for message in session.messages
    ]
    update = {"id": uuid.uuid4().hex, "messages": messages, "active_leaf": ids[session.active_leaf], **changes}
    return session.model_copy(update=update)


def write_session(store: Store, session: ArchivedSession, images: _Images) -> str:
    """The rows of a session whose ids are free; gives its id."""
    known = set(dump.choice_columns(store))
    row: dict[str, Any] = {
        "id": session.id,
        "title": session.title,
        "title_by_person": int(session.title_by_person),
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "parameters": session.parameters.model_dump_json(exclude_none=True),
        "active_leaf": session.active_leaf,
        **{name: choice(name, value) for name, value in session.choices.items() if name in known},
    }
    insert(store, "sessions", row)
    (seq,) = store.database.row("SELECT seq FROM sessions WHERE id = ?", (session.id,)) or (0,)
    if session.title != DEFAULT_TITLE:
        store.search.put_title(seq, session.title)
    depths: dict[str | None, int] = {None: 0}
    for message in session.messages:
        depths[message.id] = depths[message.parent_id] + 1
        _write_message(store, session.id, message, depths[message.id], images)
    return session.id


def _write_message(store: Store, session_id: str, message: ArchivedMessage, depth: int, images: _Images) -> None:
    data = message.model_dump(exclude={"siblings"})
    data["parts"] = [part.model_dump(exclude_unset=True) for part in message.parts]
    if data["status"] == "streaming":
        data["status"] = "interrupted"
    cancel_running_calls(data["parts"])
    shown = []
    for part in data["parts"]:
        if part["type"] == "image":
            part["image_id"] = images.stored(part["image_id"])
            shown.append(part["image_id"])
    row = {name: dump.json_text(value) for name, value in data.items()}
    insert(store, "messages", {**row, "session_id": session_id, "depth": depth})
    store.images.link(message.id, shown)
    (seq,) = store.database.row("SELECT seq FROM messages WHERE id = ?", (message.id,)) or (0,)
    store.search.put_message(seq, data["parts"])


def choice(name: str, value: Any) -> str | int | float:
    """A further choice as its column takes it."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or len(str(value)) > MAX_CHOICE:
        raise BadFile(f"The file is damaged: the choice {name[:100]} is not one.")
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError as error:
            raise BadFile(f"The file is damaged: the choice {name[:100]} cannot be read.") from error
    return value


def insert(store: Store, table: str, row: dict[str, Any]) -> None:
    """A new row; the names of its columns are ours."""
    places = ", ".join("?" for _ in row)
    store.database.write(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))  # noqa: S608


class _Images:
    """The pictures of a document on their way into the store, each once and only if a message shows it."""

    def __init__(self, store: Store, document: Document, contents: Contents) -> None:
        self._store = store
        self._images = {image.id: image for image in document.images}
        self._contents = contents
        self._stored: dict[str, str] = {}

    def stored(self, image_id: str) -> str:
        """The id under which the picture is in the store now."""
        if image_id not in self._stored:
            self._stored[image_id] = self._store_image(self._images[image_id])
        return self._stored[image_id]

    def _store_image(self, image: ArchivedImage) -> str:
        data = self._contents(image)
        try:
            check_images(
                [NewImage(bytes=data, mime=image.mime, width=image.width, height=image.height, name=image.name)]
            )
        except BadImage as error:
            raise BadFile(f"The file is damaged: {error.message}") from error
        there = self._store.database.row("SELECT bytes FROM images WHERE id = ?", (image.id,))
        if there is not None and there[0] == data:
            return image.id
        kept = image.id if there is None else uuid.uuid4().hex
        row = image.model_dump(exclude={"data", "file"})
        insert(self._store, "images", {**row, "id": kept, "bytes": data})
        return kept
