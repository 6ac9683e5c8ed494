"""Importing: everything as it was, nothing overwritten, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.cloche.scripted import PNG
from tests.unit.cloche.transfer.conversations import picture, rich_session, samples, text

from cloche.errors import BadInput, Busy, NotFound, StorageError
from cloche.store.store import Store
from cloche.transfer import dump
from cloche.transfer.document import BadFile, Document
from cloche.transfer.fork import fork
from cloche.transfer.load import load


def same(first: Document, second: Document) -> bool:
    """Whether two documents say the same; when they were written does not matter."""
    return (first.sessions, first.images, first.settings) == (second.sessions, second.images, second.settings)


def test_a_fresh_store_gets_everything_as_it_was() -> None:
    store, fresh = Store(":memory:"), Store(":memory:")
    session_id = rich_session(store)
    exported = dump.document(store)
    assert load(fresh, exported, samples).added == [session_id]
    assert same(dump.document(fresh), exported)
    assert fresh.messages.branch(session_id) == store.messages.branch(session_id)
    assert fresh.sessions.get(session_id) == store.sessions.get(session_id)
    assert fresh.search.find("another", 5) == store.search.find("another", 5)
    assert len(fresh.search.find("grüße", 5)) == 1
    assert fresh.database.rows("PRAGMA foreign_key_check") == []


def test_a_second_import_changes_nothing() -> None:
    store = Store(":memory:")
    rich_session(store)
    exported = dump.document(store)
    loaded = load(store, exported, samples)
    assert (loaded.added, loaded.copied, loaded.unchanged) == ([], [], 1)
    assert same(dump.document(store), exported)


def test_a_conversation_that_went_on_is_not_overwritten() -> None:
    store = Store(":memory:")
    session_id = rich_session(store)
    exported = dump.document(store)
    store.messages.add(session_id, store.messages.branch(session_id)[-1]["id"], "user", [text("More")])
    before = dump.session(store, session_id)
    (copy,) = load(store, exported, samples).copied
    assert dump.session(store, session_id) == before
    assert store.sessions.get(copy)["title"].endswith(" (imported)")
    texts = [
        [part for message in store.messages.branch(id_) for part in message["parts"]] for id_ in (copy, session_id)
    ]
    assert texts[0] == texts[1][:-1]


def test_a_deleted_conversation_comes_back_under_a_new_id() -> None:
    store = Store(":memory:")
    session_id = rich_session(store)
    exported = dump.document(store)
    store.sessions.delete(session_id)
    (added,) = load(store, exported, samples).added
    assert added != session_id
    assert store.sessions.get(added)["title"] == exported.sessions[0].title
    store.recover()
    assert len(store.messages.branch(added)) == 2


def test_another_picture_under_the_same_id_stays_what_it_is() -> None:
    store, other = Store(":memory:"), Store(":memory:")
    rich_session(store)
    exported = dump.document(store)
    image_id = exported.images[0].id
    session_id = other.sessions.create()["id"]
    other.messages.add(session_id, None, "user", [{**picture(other, data=PNG + b"other"), "name": "other"}])
    other.database.write("PRAGMA foreign_keys=OFF")
    other.database.write("UPDATE images SET id = ?", (image_id,))
    load(other, exported, samples)
    assert other.images.read(image_id)[0] == PNG + b"other"
    shown = other.messages.branch(exported.sessions[0].id)[0]["parts"][0]["image_id"]
    assert other.images.read(shown)[0] == PNG


def test_a_picture_that_is_none_undoes_the_whole_import() -> None:
    store, fresh = Store(":memory:"), Store(":memory:")
    rich_session(store)
    with pytest.raises(BadFile, match="not a PNG picture"):
        load(fresh, dump.document(store), lambda _: b"<script>")
    assert fresh.sessions.all() == []


@pytest.mark.parametrize("chosen", [{"tools": 1}, ["x"], "no json", True, "[" * 2_000_000])
def test_a_choice_that_is_none_is_refused(chosen: Any) -> None:
    store, fresh = Store(":memory:"), Store(":memory:")
    for changed in (store, fresh):
        changed.database.write("ALTER TABLE sessions ADD COLUMN chosen TEXT")
    rich_session(store)
    exported = dump.document(store)
    exported.sessions[0].choices = {"chosen": chosen}
    with pytest.raises(BadFile, match="chosen"):
        load(fresh, exported, samples)


def test_further_choices_of_a_conversation_travel_with_it_and_unknown_ones_are_passed_over() -> None:
    store, fresh = Store(":memory:"), Store(":memory:")
    for changed in (store, fresh):
        changed.database.write("ALTER TABLE sessions ADD COLUMN chosen TEXT")
    session_id = rich_session(store)
    store.database.write("UPDATE sessions SET chosen = ?", ('["x"]',))
    exported = dump.document(store)
    assert exported.sessions[0].choices["chosen"] == '["x"]'
    load(fresh, exported, samples)
    assert same(dump.document(fresh), exported)
    copy = fork(fresh, session_id, fresh.messages.branch(session_id)[0]["id"])["id"]
    assert dump.session(fresh, copy).choices == exported.sessions[0].choices
    plain = Store(":memory:")
    load(plain, exported, samples)
    assert "chosen" not in dump.session(plain, session_id).choices


def test_a_fork_has_the_way_to_its_message_and_leaves_the_origin_alone() -> None:
    store = Store(":memory:")
    session_id = rich_session(store)
    before = dump.session(store, session_id)
    branch = store.messages.branch(session_id)
    forked = fork(store, session_id, branch[1]["id"])
    messages = store.messages.branch(forked["id"])
    assert [(message["role"], message["parts"]) for message in messages] == [
        (message["role"], message["parts"]) for message in branch[:2]
    ]
    assert messages[1]["usage"] == branch[1]["usage"]
    assert all(len(message["siblings"]) == 1 for message in messages)
    assert forked["parameters"] == store.sessions.get(session_id)["parameters"]
    assert forked["title"].endswith(" (fork)")
    assert forked["message_count"] == 2
    assert dump.session(store, session_id) == before
    store.sessions.delete(session_id)
    store.recover()
    image_id = messages[0]["parts"][0]["image_id"]
    assert store.images.read(image_id)[0] == PNG


def test_a_fork_of_a_fork_is_named_once() -> None:
    store = Store(":memory:")
    session_id = rich_session(store)
    for _ in range(2):
        forked = fork(store, session_id, store.messages.branch(session_id)[0]["id"])
        session_id = forked["id"]
    assert forked["title"].count("(fork)") == 1


def test_what_cannot_be_forked_says_why() -> None:
    store = Store(":memory:")
    session_id = str(store.sessions.create()["id"])
    with pytest.raises(NotFound):
        fork(store, session_id, "none")
    asked = store.messages.add(session_id, None, "user", [text("Hello")])
    answer = store.messages.add(session_id, asked["id"], "assistant", [], status="streaming")
    with pytest.raises(Busy):
        fork(store, session_id, answer["id"])
    assert len(store.sessions.all()) == 1


def test_errors_of_files_and_of_the_disk_are_told_apart() -> None:
    assert issubclass(BadFile, BadInput)
    assert not issubclass(BadFile, StorageError)
