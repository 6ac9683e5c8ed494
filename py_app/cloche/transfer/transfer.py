"""Answers the commands of transfer/shapes.py.

Owns the names of exported files and what the page is told; reading, writing and packing have modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ..commands import MessageRef
from ..errors import StorageError
from ..host.base import Host
from ..shapes import Settings
from ..store.store import Store
from ..turns import Turns
from . import dump, load
from .document import ArchivedBytes
from .fork import fork
from .markdown import to_markdown
from .markdown_reading import from_markdown, is_markdown
from .packing import pack_json, pack_zip, unpack
from .shapes import ExportedFile, Imported, ImportFile, SessionExport

NAME_LENGTH = 60
#: settings that an import leaves as they are: the file of the model may not be on this machine
STAY = frozenset(("model_id",))


class Transfer:
    """Export, import and fork."""

    def __init__(self, host: Host, store: Store, turns: Turns) -> None:
        self._host = host
        self._store = store
        self._turns = turns
        #: what else must be written down before everything is exported, and read again after an import
        self.before_everything: Callable[[], None] = lambda: None
        self.after_import: Callable[[], None] = lambda: None

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What answers which command."""
        return {
            "session.export": self.export_session,
            "session.fork": self.fork,
            "archive.export": lambda _: self.export_everything(),
            "archive.import": self.take,
        }

    def export_session(self, params: SessionExport) -> ExportedFile:
        """One conversation as a file."""
        self._keep_unsaved()
        document = dump.document(self._store, [params.session_id], newest=self._turns.newest)
        name = file_name(document.sessions[0].title)
        if params.format == "markdown":
            text = to_markdown(document, self._read)
            return ExportedFile(name=f"{name}.md", mime="text/markdown", bytes=text.encode())
        packed = pack_json(document, self._read)
        return ExportedFile(name=f"{name}.json", mime="application/json", bytes=packed)

    def export_everything(self) -> ExportedFile:
        """All conversations with all versions and what is attached, the trace, the settings, and what is beside."""
        self._keep_unsaved()
        self.before_everything()
        settings = self._store.settings.load().model_dump()
        document = dump.document(self._store, settings=settings, newest=self._turns.newest)
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        packed = pack_zip(document, self._read)
        return ExportedFile(name=f"Cloche {day}.zip", mime="application/zip", bytes=packed)

    def take(self, params: ImportFile) -> Imported:
        """Import a file; the conversations that are there stay as they are."""
        document, contents = from_markdown(params.bytes) if is_markdown(params.bytes) else unpack(params.bytes)
        settings: Settings | None = None
        with self._store.database.transaction():
            loaded = load.load(self._store, document, contents, trusted=params.trusted)
            if document.settings is not None:
                settings = merged(self._store.settings.load(), document.settings)
                self._store.settings.save(settings)
        for session_id in (*loaded.added, *loaded.copied):
            self._turns.tell_session(session_id)
        self.after_import()
        return Imported(added=loaded.added, copied=loaded.copied, unchanged=loaded.unchanged, settings=settings)

    def fork(self, params: MessageRef) -> dict[str, Any]:
        """A new conversation that begins with the way to this message."""
        self._keep_unsaved()
        session = fork(self._store, params.session_id, params.message_id)
        self._turns.tell_session(session["id"])
        return session

    def _keep_unsaved(self) -> None:
        """Answers for which there was no space belong to what is exported."""
        try:
            self._turns.save_unsaved()
        except StorageError:
            return

    def _read(self, one: ArchivedBytes) -> bytes:
        return dump.bytes_of(self._store, one)


def merged(settings: Settings, given: dict[str, Any]) -> Settings:
    """The settings with those of a file; what this version does not know is left out."""
    for key, value in given.items():
        if key in STAY or key not in Settings.model_fields:
            continue
        try:
            settings = Settings.model_validate({**settings.model_dump(), key: value})
        except ValidationError:
            continue
    return settings


def file_name(title: str) -> str:
    """A title as the name of a file, without its ending."""
    words = re.sub(r"[^\w ,.()+-]+", " ", title).split()
    return " ".join(words)[:NAME_LENGTH].strip(" .") or "Conversation"
