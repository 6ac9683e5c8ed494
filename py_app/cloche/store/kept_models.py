"""What is known of the models on this device, and which ones are to be fetched, as rows.

Owns the tables `kept_models`, `kept_files` and `downloads`. What is really on the disk the downloads worker knows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from ..model_shapes import ModelCard
from .database import Database


class KeptRow(NamedTuple):
    """A model that was fetched or imported. `used_at` None: never."""

    model_id: str
    name: str
    engine: str
    pinned: bool
    used_at: float | None


class KeptFileRow(NamedTuple):
    """A file of one, as it was when it came whole. `verified_at`: when its hash was last right."""

    name: str
    size: int
    sha256: str
    verified_at: float | None


class QueuedRow(NamedTuple):
    """A model to be fetched. `card` None: not resolved yet. `state` is the person's wish, or why it stands still."""

    model_id: str
    name: str
    state: str
    card: ModelCard | None


class KeptModels:
    """Reading and keeping them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------ models on this device

    def models(self) -> dict[str, KeptRow]:
        """All, by id."""
        rows = self._database.rows("SELECT model_id, name, engine, pinned, used_at FROM kept_models")
        return {row[0]: KeptRow(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows}

    def files(self, model_id: str) -> dict[str, KeptFileRow]:
        """The files of a model, by name."""
        rows = self._database.rows(
            "SELECT name, size, sha256, verified_at FROM kept_files WHERE model_id = ?", (model_id,)
        )
        return {row[0]: KeptFileRow(*row) for row in rows}

    def all_files(self) -> dict[str, dict[str, KeptFileRow]]:
        """The files of every model that has any, by model and name."""
        found: dict[str, dict[str, KeptFileRow]] = {}
        for model_id, *row in self._database.rows("SELECT model_id, name, size, sha256, verified_at FROM kept_files"):
            found.setdefault(model_id, {})[row[0]] = KeptFileRow(*row)
        return found

    def keep(self, card: ModelCard, files: Iterable[KeptFileRow]) -> None:
        """A model is there with these files."""
        with self._database.transaction():
            self._database.write(
                "INSERT INTO kept_models (model_id, name, engine, used_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (model_id) DO UPDATE SET name = excluded.name, engine = excluded.engine",
                (card.id, card.name, card.engine, time.time()),
            )
            for file in files:
                self._database.write("INSERT OR REPLACE INTO kept_files VALUES (?, ?, ?, ?, ?)", (card.id, *file))

    def touch(self, model_id: str) -> None:
        """It is being used now."""
        self._database.write("UPDATE kept_models SET used_at = ? WHERE model_id = ?", (time.time(), model_id))

    def pin(self, model_id: str, pinned: bool) -> None:
        """Whether it may ever be offered for eviction."""
        self._database.write("UPDATE kept_models SET pinned = ? WHERE model_id = ?", (int(pinned), model_id))

    def forget(self, model_id: str) -> None:
        """It is gone."""
        self._database.write("DELETE FROM kept_models WHERE model_id = ?", (model_id,))

    # ------------------------------------------------------------ the queue

    def queue(self) -> list[QueuedRow]:
        """All downloads in their order."""
        rows = self._database.rows("SELECT model_id, name, state, card FROM downloads ORDER BY place")
        return [
            QueuedRow(model_id, name, state, ModelCard.model_validate_json(card) if card else None)
            for model_id, name, state, card in rows
        ]

    def set_queue(self, rows: Iterable[QueuedRow]) -> None:
        """The queue as it is now."""
        with self._database.transaction():
            self._database.write("DELETE FROM downloads")
            for place, row in enumerate(rows):
                card = row.card.model_dump_json() if row.card else None
                self._database.write(
                    "INSERT INTO downloads VALUES (?, ?, ?, ?, ?)", (row.model_id, place, row.name, row.state, card)
                )
