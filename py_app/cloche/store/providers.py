"""The servers that a person has added, as rows.

Owns the table `providers`. What it keeps of a key is sealed; it cannot open it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from ..shapes import ProviderModel
from .database import Database


class ProviderRow(NamedTuple):
    """One server."""

    id: str
    kind: str
    name: str
    base_url: str
    models: list[ProviderModel]


class ProviderRows:
    """Reading and keeping them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[ProviderRow]:
        """All, in the order in which they were added."""
        rows = self._database.rows("SELECT id, kind, name, base_url, models FROM providers ORDER BY seq")
        return [
            ProviderRow(
                provider_id, kind, name, url, [ProviderModel.model_validate(model) for model in json.loads(models)]
            )
            for provider_id, kind, name, url, models in rows
        ]

    def add(self, row: ProviderRow) -> None:
        """Keep a new one."""
        self._database.write(
            "INSERT INTO providers (id, kind, name, base_url, models) VALUES (?, ?, ?, ?, ?)",
            (row.id, row.kind, row.name, row.base_url, dumped(row.models)),
        )

    def set_models(self, provider_id: str, models: Sequence[ProviderModel]) -> None:
        """Keep what the server listed."""
        self._database.write("UPDATE providers SET models = ? WHERE id = ?", (dumped(models), provider_id))

    def remove(self, provider_id: str) -> None:
        """Forget one, with its key."""
        self._database.write("DELETE FROM providers WHERE id = ?", (provider_id,))

    def sealed_key(self, provider_id: str) -> str | None:
        """The sealed key of a provider, if one is kept."""
        row = self._database.row("SELECT sealed_key FROM providers WHERE id = ?", (provider_id,))
        return str(row[0]) if row is not None and row[0] is not None else None

    def sealed_keys(self) -> list[tuple[str, str]]:
        """All sealed keys, by provider."""
        rows = self._database.rows("SELECT id, sealed_key FROM providers WHERE sealed_key IS NOT NULL ORDER BY seq")
        return [(provider_id, sealed) for provider_id, sealed in rows]

    def set_sealed_key(self, provider_id: str, sealed: str | None) -> None:
        """Keep a sealed key, or none."""
        self._database.write("UPDATE providers SET sealed_key = ? WHERE id = ?", (sealed, provider_id))


def dumped(models: Sequence[ProviderModel]) -> str:
    """A list of models for a column."""
    return json.dumps([model.model_dump() for model in models], ensure_ascii=False)
