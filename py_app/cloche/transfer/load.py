"""Writes a document's conversations into the store.

Owns the way from document.py's shapes to rows, all of them or none. Ids are kept wherever they are free. A conversation
that is there already and is the same is left alone; one that is there and differs is never overwritten: the file's
becomes a copy with new ids.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..attached import check_files
from ..errors import BadInput
from ..pictures import check_images
from ..shapes import NewFile, NewImage
from ..store.messages import cancel_running_calls
from ..store.sessions import DEFAULT_TITLE
from ..store.store import Store
from . import dump
from .belongings import load_belongings
from .document import ArchivedBytes, ArchivedMessage, ArchivedSession, BadFile, Document, fault_of
from .packing import Contents
from .rows import insert

MAX_CHOICE = 1_000_000
TITLE_LENGTH = 200
COPY = " (imported)"


class Loaded(NamedTuple):
    """Ids of the sessions that are new, of those that had to be copies, and how many were there already."""

    added: list[str]
    copied: list[str]
    unchanged: int


def load(store: Store, document: Document, contents: Contents, *, trusted: bool = False) -> Loaded:
    """Take a whole document in. Raises BadFile or StorageError; then nothing was changed.

    `trusted`: extensions are switched on where they were.
    """
    with store.database.transaction():
        names: dict[str, str] = {}
        if document.belongings is not None:
            names = load_belongings(store, document.belongings, contents, trusted=trusted)
        load_session = _Sessions(store, _Attached(store, document, contents), names if trusted else {})
        for session in document.sessions:
            load_session(session)
    return load_session.loaded


class _Sessions:
    """Takes in one session after the other; `extensions` are the names under which those of the file are here."""

    def __init__(self, store: Store, attached: _Attached, extensions: dict[str, str]) -> None:
        self.loaded = Loaded([], [], 0)
        self._store = store
        self._attached = attached
        self._extensions = extensions

    def __call__(self, session: ArchivedSession) -> None:
        store, loaded = self._store, self.loaded
        is_there = store.database.row("SELECT 1 FROM sessions WHERE id = ? AND deleted_at IS NULL", (session.id,))
        if is_there and says_the_same(dump.session(store, session.id), session):
            self.loaded = loaded._replace(unchanged=loaded.unchanged + 1)
        elif is_there:
            title = session.title[: TITLE_LENGTH - len(COPY)] + COPY
            loaded.copied.append(self._write(with_new_ids(session, title=title)))
        elif _ids_are_free(store, session):
            loaded.added.append(self._write(session))
        else:
            loaded.added.append(self._write(with_new_ids(session)))

    def _write(self, session: ArchivedSession) -> str:
        write_session(self._store, session, self._attached)
        for name, enabled in session.extensions.items():
            if name in self._extensions:
                row = {"session_id": session.id, "name": self._extensions[name], "enabled": enabled}
                insert(self._store, "session_extensions", row)
        return session.id


def says_the_same(here: ArchivedSession, there: ArchivedSession) -> bool:
    """Whether two are the same conversation; the trace and what is switched on are not part of what was said."""
    nothing: dict[str, Any] = {"trace": [], "extensions": {}}
    return here.model_copy(update=nothing) == there.model_copy(update=nothing)


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
    trace = [event.model_copy(update={"turn": ids.get(event.turn)}) for event in session.trace]
    update = {
        "id": uuid.uuid4().hex,
        "messages": messages,
        "active_leaf": ids[session.active_leaf],
        "trace": trace,
        **changes,
    }
    return session.model_copy(update=update)


def write_session(store: Store, session: ArchivedSession, attached: _Attached) -> None:
    """The rows of a session whose ids are free."""
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
        _write_message(store, session.id, message, depths[message.id], attached)
    if session.tools is not None:
        insert(store, "session_tools", {"session_id": session.id, "names": json.dumps(session.tools)})
    for event in session.trace:
        data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
        insert(store, "trace_events", {**event.model_dump(), "session_id": session.id, "data": data})


def _write_message(store: Store, session_id: str, message: ArchivedMessage, depth: int, attached: _Attached) -> None:
    data = message.model_dump(exclude={"siblings"})
    data["parts"] = [part.model_dump(exclude_unset=True) for part in message.parts]
    if data["status"] == "streaming":
        data["status"] = "interrupted"
    cancel_running_calls(data["parts"])
    images, files = [], []
    for part in data["parts"]:
        if part["type"] == "image":
            part["image_id"] = attached.image(part["image_id"])
            images.append(part["image_id"])
        elif part["type"] == "file":
            part["file_id"] = attached.file(part["file_id"])
            files.append(part["file_id"])
    row = {name: dump.json_text(value) for name, value in data.items()}
    insert(store, "messages", {**row, "session_id": session_id, "depth": depth})
    store.images.link(message.id, images)
    store.files.link(message.id, files)
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


class _Attached:
    """The pictures and files of a document on their way into the store, each once and only if a message has it."""

    def __init__(self, store: Store, document: Document, contents: Contents) -> None:
        self._store = store
        self._images = {image.id: image for image in document.images}
        self._files = {file.id: file for file in document.files}
        self._contents = contents
        self._stored: dict[str, str] = {}

    def image(self, image_id: str) -> str:
        """The id under which a picture is in the store now."""
        if image_id not in self._stored:
            image = self._images[image_id]
            data = self._contents(image)
            new = NewImage(bytes=data, mime=image.mime, width=image.width, height=image.height, name=image.name)
            self._stored[image_id] = self._store_bytes("images", image, data, lambda: check_images([new]))
        return self._stored[image_id]

    def file(self, file_id: str) -> str:
        """The id under which a file is in the store now."""
        if file_id not in self._stored:
            file = self._files[file_id]
            data = self._contents(file)
            try:
                new = NewFile(bytes=data, mime=file.mime, name=file.name)
            except ValidationError as error:
                raise BadFile(f"The file is damaged: {fault_of(error)}.") from error
            self._stored[file_id] = self._store_bytes("files", file, data, lambda: check_files([new]))
        return self._stored[file_id]

    def _store_bytes(self, table: str, one: ArchivedBytes, data: bytes, check: Callable[[], None]) -> str:
        try:
            check()
        except BadInput as error:
            raise BadFile(f"The file is damaged: {error.message}") from error
        there = self._store.database.row(f"SELECT bytes FROM {table} WHERE id = ?", (one.id,))  # noqa: S608
        if there is not None and there[0] == data:
            return one.id
        kept = one.id if there is None else uuid.uuid4().hex
        insert(self._store, table, {**one.model_dump(exclude={"data", "file"}), "id": kept, "bytes": data})
        return kept
