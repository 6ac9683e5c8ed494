"""What belongs to a person beside conversations: to-dos, notes, extensions, packages, providers, the console's history.

Owns how these are read out of the store and put into it. Nothing that is there is overwritten: what differs under the
same name comes in under another one. Keys are never read. An extension comes in switched off unless the person says
that the file is their own, because a file must not run code by being imported.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from ..store.store import Store
from .document import (
    ArchivedCode,
    ArchivedExtension,
    ArchivedNote,
    ArchivedPackage,
    ArchivedProvider,
    ArchivedTodo,
    Belongings,
)
from .packing import Contents
from .rows import insert

IMPORTED = "_imported"
WHEEL = "application/zip"
NAME_LENGTH = 40


def dump_belongings(store: Store) -> Belongings:
    """Everything that there is."""
    rows = store.database.rows
    todos = rows("SELECT text, created_at, done_at FROM todos ORDER BY id")
    notes = rows("SELECT key, value, updated_at FROM notes ORDER BY key")
    extensions = rows("SELECT name, source, everywhere, updated_at FROM extensions ORDER BY name")
    packages = rows("SELECT name, version, file_name, origin, added_at FROM packages ORDER BY name")
    providers = rows("SELECT id, kind, name, base_url, models FROM providers ORDER BY seq")
    console = rows("SELECT code, run_at FROM console_history ORDER BY seq")
    return Belongings(
        todos=[ArchivedTodo(text=text, created_at=made, done_at=done) for text, made, done in todos],
        notes=[ArchivedNote(key=key, value=value, updated_at=at) for key, value, at in notes],
        extensions=[
            ArchivedExtension(name=name, source=source, everywhere=bool(on), updated_at=at)
            for name, source, on, at in extensions
        ],
        packages=[
            ArchivedPackage(id=name, name=file, mime=WHEEL, created_at=at, version=version, origin=origin)
            for name, version, file, origin, at in packages
        ],
        providers=[
            ArchivedProvider(id=id_, kind=kind, name=name, base_url=url, models=json.loads(models))
            for id_, kind, name, url, models in providers
        ],
        console=[ArchivedCode(code=code, run_at=at) for code, at in console],
    )


def load_belongings(store: Store, belongings: Belongings, contents: Contents, *, trusted: bool) -> dict[str, str]:
    """Put everything into the store that is not there yet; gives the names of the file's extensions as they are now."""
    for todo in belongings.todos:
        there = "SELECT 1 FROM todos WHERE text = ? AND created_at = ?"
        _insert_unless(store, there, (todo.text, todo.created_at), "todos", todo.model_dump())
    for note in belongings.notes:
        _load_note(store, note)
    for package in belongings.packages:
        row = {
            **package.model_dump(include={"version", "origin"}),
            "name": package.id,
            "file_name": package.name,
            "added_at": package.created_at,
            "bytes": contents(package),
        }
        _insert_unless(store, "SELECT 1 FROM packages WHERE name = ?", (package.id,), "packages", row)
    for provider in belongings.providers:
        row = provider.model_dump(exclude={"models"})
        row["models"] = json.dumps([model.model_dump() for model in provider.models], ensure_ascii=False)
        _insert_unless(store, "SELECT 1 FROM providers WHERE id = ?", (provider.id,), "providers", row)
    for code in belongings.console:
        there = "SELECT 1 FROM console_history WHERE code = ? AND run_at = ?"
        _insert_unless(store, there, (code.code, code.run_at), "console_history", code.model_dump())
    return {one.name: _load_extension(store, one, trusted=trusted) for one in belongings.extensions}


def _load_note(store: Store, note: ArchivedNote) -> None:
    key = note.key
    while kept := store.database.row("SELECT value FROM notes WHERE key = ?", (key,)):
        if kept[0] == note.value:
            return
        key += " (imported)"
    insert(store, "notes", {**note.model_dump(), "key": key})


def _load_extension(store: Store, extension: ArchivedExtension, *, trusted: bool) -> str:
    """The name under which an extension is there now."""
    for suffix in itertools.chain(("", IMPORTED), (f"{IMPORTED}{number}" for number in itertools.count(2))):
        name = extension.name[: NAME_LENGTH - len(suffix)] + suffix
        kept = store.database.row("SELECT source FROM extensions WHERE name = ?", (name,))
        if kept is None:
            break
        if kept[0] == extension.source:
            return name
    everywhere = trusted and extension.everywhere
    insert(store, "extensions", {**extension.model_dump(), "name": name, "everywhere": everywhere})
    return name


def _insert_unless(store: Store, there: str, values: tuple[Any, ...], table: str, row: dict[str, Any]) -> None:
    if store.database.row(there, values) is None:
        insert(store, table, row)
