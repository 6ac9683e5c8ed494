"""Sessions: titles, order, parameters, deletion with restore."""

from __future__ import annotations

import pytest

from cloche.errors import NotFound
from cloche.shapes import Parameters, Session
from cloche.store.sessions import title_from
from cloche.store.store import Store


def test_a_new_session_is_empty_and_fits_the_contract() -> None:
    store = Store(":memory:")
    session = store.sessions.create()
    assert Session.model_validate(session).message_count == 0
    assert session["title"] == "New chat"


def test_the_session_used_last_comes_first() -> None:
    store = Store(":memory:")
    first, second = store.sessions.create(), store.sessions.create()
    assert [session["id"] for session in store.sessions.all()] == [second["id"], first["id"]]
    store.sessions.touch(first["id"])
    assert [session["id"] for session in store.sessions.all()] == [first["id"], second["id"]]


def test_the_first_words_become_the_title_once() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    store.sessions.name_after(session_id, "How many  circles\nare there?")
    store.sessions.name_after(session_id, "Something else")
    assert store.sessions.get(session_id)["title"] == "How many circles are there?"


def test_a_title_given_by_a_person_stays() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    store.sessions.rename(session_id, "New chat")
    store.sessions.name_after(session_id, "Hello")
    assert store.sessions.get(session_id)["title"] == "New chat"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("", ""),
        ("word " * 40, "word word word word word word word word word…"),
        ("x" * 200, "x" * 48 + "…"),
    ],
)
def test_titles_are_short_and_end_between_words(text: str, title: str) -> None:
    assert title_from(text) == title


def test_parameters_are_kept() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    store.sessions.set_parameters(session_id, Parameters(temperature=0.5, stop=["END"]))
    assert store.sessions.parameters(session_id) == Parameters(temperature=0.5, stop=["END"])
    assert store.sessions.get(session_id)["parameters"]["top_p"] is None


def test_a_deleted_session_can_be_restored() -> None:
    store = Store(":memory:")
    session_id = store.sessions.create()["id"]
    store.sessions.delete(session_id)
    assert store.sessions.all() == []
    with pytest.raises(NotFound):
        store.sessions.get(session_id)
    with pytest.raises(NotFound):
        store.sessions.rename(session_id, "x")
    store.sessions.restore(session_id)
    assert len(store.sessions.all()) == 1


def test_deleted_and_unused_sessions_are_gone_at_the_next_start() -> None:
    store = Store(":memory:")
    unused, deleted, named, tuned = (store.sessions.create()["id"] for _ in range(4))
    store.messages.add(deleted, None, "user", [{"type": "text", "text": "secret"}])
    store.sessions.delete(deleted)
    store.sessions.rename(named, "Plans")
    store.sessions.set_parameters(tuned, Parameters(seed=1))
    store.recover()
    assert {session["id"] for session in store.sessions.all()} == {named, tuned}
    with pytest.raises(NotFound):
        store.sessions.restore(deleted)
    with pytest.raises(NotFound):
        store.sessions.restore(unused)
    assert store.database.row("SELECT count(*) FROM messages") == (0,)
