"""The SQLite connection: opening, migrating, transactions, and the names of its failures.

Owns everything about the connection and nothing about what is stored. Writing fails with StorageFull or StorageBroken;
a failed transaction leaves the database as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import StorageBroken, StorageError, StorageFull
from .schema import MIGRATIONS

Value = str | int | float | bytes | None


class Database:
    """One open database. Everything is synchronous: a statement takes well under a millisecond."""

    def __init__(self, path: str, migrations: Sequence[str] = MIGRATIONS) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise failure(error, writing=False) from error
        try:
            for pragma in ("journal_mode=PERSIST", "locking_mode=EXCLUSIVE", "foreign_keys=ON", "temp_store=MEMORY"):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._migrate(migrations)
        except sqlite3.Error as error:
            self.close()
            raise failure(error, writing=True) from error
        except StorageError:
            self.close()
            raise

    def _migrate(self, migrations: Sequence[str]) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise StorageBroken(
                f"A newer Cloche wrote these conversations (schema {version}; this one knows {len(migrations)}).",
                action="Reload the page to get the newest version. Nothing was changed.",
            )
        if version == len(migrations):
            return
        with self.transaction():
            for migration in migrations[version:]:
                for statement in statements(migration):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={len(migrations)}")

    def rows(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise failure(error, writing=False) from error

    def row(self, sql: str, parameters: Sequence[Value] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        try:
            found: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            raise failure(error, writing=False) from error
        return found

    def write(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run a statement that writes, in the open transaction or in one of its own; gives the number of rows."""
        try:
            return self._connection.execute(sql, parameters).rowcount
        except sqlite3.Error as error:
            raise failure(error, writing=True) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's writes or none of them. A transaction inside another one is part of it."""
        if self._writing():
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._writing():
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise failure(error, writing=True) from error
            raise

    def _writing(self) -> bool:
        return self._connection.in_transaction

    @property
    def size(self) -> int:
        """Bytes that the database takes."""
        (pages,) = self.row("PRAGMA page_count") or (0,)
        (page_size,) = self.row("PRAGMA page_size") or (0,)
        return int(pages) * int(page_size)

    def close(self) -> None:
        """Give the file back."""
        with suppress(sqlite3.Error):
            self._connection.close()


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (`executescript` would commit between them)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def failure(error: sqlite3.Error, *, writing: bool) -> StorageError:
    """What SQLite's error means to people. A write that the browser refuses for want of quota shows as an I/O error."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    text = str(error)
    refused = code == sqlite3.SQLITE_IOERR or "disk I/O error" in text
    if code == sqlite3.SQLITE_FULL or "is full" in text or (writing and refused):
        return StorageFull("The disk, or the space that the browser gives this site, is full.")
    return StorageBroken(f"The database cannot be used: {text}.")
