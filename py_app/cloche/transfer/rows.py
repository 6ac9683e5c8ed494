"""Rows as they are written by an import or a fork. Owns that one statement."""

from __future__ import annotations

from typing import Any

from ..store.store import Store


def insert(store: Store, table: str, row: dict[str, Any]) -> None:
    """A new row; the names of its columns are ours."""
    places = ", ".join("?" for _ in row)
    store.database.write(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))  # noqa: S608
