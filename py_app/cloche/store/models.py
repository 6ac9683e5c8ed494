"""What is kept about models: cards that were added or completed, advanced settings, the measurement.

Owns the tables `models` and `measurements`. Files of models are not here, and neither is what lies on the disk.
"""

from __future__ import annotations

import json

from pydantic import ValidationError

from ..engine_contract import Measured
from ..model_shapes import EngineOptions, ModelCard
from .database import Database


class ModelRows:
    """Reading and keeping them. A row that this version cannot read is as if it were not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cards(self) -> dict[str, ModelCard]:
        """The kept cards by id, in the order in which they came."""
        found = {}
        for model_id, card in self._database.rows("SELECT id, card FROM models WHERE card IS NOT NULL ORDER BY seq"):
            try:
                found[model_id] = ModelCard.model_validate_json(card)
            except ValidationError:
                continue
        return found

    def keep_card(self, card: ModelCard) -> None:
        """Keep a card in place of an older one."""
        self._database.write(
            "INSERT INTO models (id, card) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET card = excluded.card",
            (card.id, card.model_dump_json()),
        )

    def options(self, model_id: str) -> EngineOptions:
        """A model's advanced settings; none where none were chosen."""
        (kept,) = self._database.row("SELECT options FROM models WHERE id = ?", (model_id,)) or (None,)
        return EngineOptions.read_kept(kept)

    def all_options(self) -> dict[str, EngineOptions]:
        """The advanced settings of every model for which some were chosen."""
        rows = self._database.rows("SELECT id, options FROM models WHERE options IS NOT NULL")
        return {model_id: EngineOptions.read_kept(kept) for model_id, kept in rows}

    def keep_options(self, model_id: str, options: EngineOptions) -> None:
        """Keep a model's advanced settings."""
        self._database.write(
            "INSERT INTO models (id, options) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET options = excluded.options",
            (model_id, options.model_dump_json()),
        )

    def remove(self, model_id: str) -> None:
        """Forget a model's card and settings."""
        self._database.write("DELETE FROM models WHERE id = ?", (model_id,))

    def measured(self) -> Measured | None:
        """The last measurement of this device, None when there is none."""
        row = self._database.row("SELECT figures FROM measurements ORDER BY at DESC LIMIT 1")
        try:
            return Measured.model_validate(json.loads(row[0])) if row is not None else None
        except ValidationError:
            return None

    def keep_measured(self, measured: Measured) -> None:
        """Keep a measurement in place of the one before."""
        with self._database.transaction():
            self._database.write("DELETE FROM measurements")
            self._database.write("INSERT INTO measurements VALUES (?, ?)", (measured.at, measured.model_dump_json()))
