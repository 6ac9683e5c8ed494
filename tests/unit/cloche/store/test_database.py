"""Opening and migrating a database, transactions, and the names of failures."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cloche.errors import StorageBroken, StorageFull
from cloche.store.database import Database, failure, statements
from cloche.store.schema import MIGRATIONS

TABLE = ("CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT);",)


def test_what_is_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    database = Database(path, TABLE)
    database.write("INSERT INTO t VALUES (1, 'a')")
    database.close()
    assert Database(path, TABLE).rows("SELECT x, y FROM t") == [(1, "a")]


def test_the_database_is_held_by_one_connection(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    database = Database(path, TABLE)
    assert database.row("PRAGMA journal_mode") == ("persist",)
    assert database.row("PRAGMA locking_mode") == ("exclusive",)
    assert database.row("PRAGMA foreign_keys") == (1,)


def test_a_failed_transaction_leaves_everything_as_it_was() -> None:
    database = Database(":memory:", TABLE)
    with pytest.raises(RuntimeError), database.transaction():
        database.write("INSERT INTO t VALUES (1, 'a')")
        raise RuntimeError
    assert database.rows("SELECT * FROM t") == []


def test_a_transaction_inside_another_is_part_of_it() -> None:
    database = Database(":memory:", TABLE)
    with pytest.raises(RuntimeError), database.transaction():
        with database.transaction():
            database.write("INSERT INTO t VALUES (1, 'a')")
        raise RuntimeError
    assert database.rows("SELECT * FROM t") == []


def test_an_older_database_is_migrated_and_keeps_its_rows(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    old = Database(path, TABLE)
    old.write("INSERT INTO t VALUES (1, 'a')")
    old.close()
    new = Database(path, (*TABLE, "ALTER TABLE t ADD COLUMN z TEXT DEFAULT 'new';"))
    assert new.rows("SELECT * FROM t") == [(1, "a", "new")]
    assert new.row("PRAGMA user_version") == (2,)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    Database(path, TABLE).close()
    broken = (*TABLE, "ALTER TABLE t ADD COLUMN z TEXT; ALTER TABLE missing ADD COLUMN z TEXT;")
    with pytest.raises(StorageBroken):
        Database(path, broken)
    database = Database(path, TABLE)
    assert database.row("PRAGMA user_version") == (1,)
    assert [name for _, name, *_ in database.rows("PRAGMA table_info(t)")] == ["x", "y"]


def test_a_database_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    Database(path, (*TABLE, "CREATE TABLE later (x);")).close()
    with pytest.raises(StorageBroken, match="newer Cloche"):
        Database(path, TABLE)
    assert Database(path, (*TABLE, "CREATE TABLE later (x);")).rows("SELECT * FROM later") == []


def test_a_file_that_is_no_database_is_called_broken(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.write_bytes(b"not a database, certainly not one " * 100)
    with pytest.raises(StorageBroken):
        Database(str(path))


def test_a_database_without_room_is_called_full_and_loses_nothing() -> None:
    database = Database(":memory:", TABLE)
    database.write("INSERT INTO t VALUES (1, 'kept')")
    (pages,) = database.row("PRAGMA page_count") or (0,)
    database.rows(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageFull), database.transaction():
        database.write("INSERT INTO t VALUES (2, ?)", ("x" * 100_000,))
    assert database.rows("SELECT * FROM t") == [(1, "kept")]
    database.write("UPDATE t SET y = 'changed' WHERE x = 1")


@pytest.mark.parametrize(
    ("text", "writing", "expected"),
    [
        ("database or disk is full", True, StorageFull),
        ("disk I/O error", True, StorageFull),
        ("disk I/O error", False, StorageBroken),
        ("database disk image is malformed", False, StorageBroken),
        ("no such table: t", True, StorageBroken),
    ],
)
def test_sqlite_errors_have_names_for_people(text: str, writing: bool, expected: type) -> None:
    assert type(failure(sqlite3.OperationalError(text), writing=writing)) is expected


def test_a_script_is_split_into_its_statements() -> None:
    script = "CREATE TABLE a (x); -- with; a semicolon\nINSERT INTO a VALUES (';');\n"
    assert len(list(statements(script))) == 2


def test_the_released_schema_creates_full_text_search() -> None:
    database = Database(":memory:", MIGRATIONS)
    database.write("INSERT INTO message_texts (rowid, text) VALUES (1, 'hello world')")
    assert database.rows("SELECT rowid FROM message_texts WHERE message_texts MATCH 'wor*'") == [(1,)]


def test_it_knows_how_large_it_is() -> None:
    assert Database(":memory:", MIGRATIONS).size > 10_000
