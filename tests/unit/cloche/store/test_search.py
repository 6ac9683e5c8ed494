"""Full-text search: what is found, in which order, and that no query can break it."""

from __future__ import annotations

import pytest

from cloche.shapes import SearchHit
from cloche.store.search import match_expression
from cloche.store.store import Store


@pytest.fixture
def store() -> Store:
    """One session about fruit, one about cars."""
    store = Store(":memory:")
    for title, text in (("Fruit", "Bananas and cherries are fruit"), ("Cars", "A Käfer is a small car")):
        session_id = store.sessions.create()["id"]
        store.sessions.rename(session_id, title)
        store.messages.add(session_id, None, "user", [{"type": "text", "text": text}])
    return store


def titles(store: Store, query: str) -> list[str]:
    """The titles of the hits."""
    return [hit["title"] for hit in store.search.find(query, 10)]


def test_words_are_found_by_their_beginning_in_any_case(store: Store) -> None:
    assert titles(store, "BAN") == ["Fruit"]


def test_accents_do_not_matter(store: Store) -> None:
    assert titles(store, "kafer") == ["Cars"]


def test_all_words_must_occur(store: Store) -> None:
    assert titles(store, "bananas cherries") == ["Fruit"]
    assert titles(store, "bananas car") == []


def test_a_title_comes_before_its_messages(store: Store) -> None:
    hits = store.search.find("fruit", 10)
    assert [hit["message_id"] is None for hit in hits] == [True, False]
    for hit in hits:
        SearchHit.model_validate(hit)


def test_the_excerpt_marks_the_match(store: Store) -> None:
    (hit,) = store.search.find("cherr", 10)
    assert "\x02cherries\x03" in hit["excerpt"]


@pytest.mark.parametrize("query", ["", "   ", '"', "'", "*", "a AND", "NEAR(", "(-", "col:x", "\x00", "x" * 500, "؟"])
def test_whatever_is_typed_is_no_error(store: Store, query: str) -> None:
    assert isinstance(store.search.find(query, 10), list)


def test_typed_operators_are_only_words() -> None:
    assert match_expression('cat OR "dog') == '"cat"* "OR"* "dog"*'


def test_deleted_things_are_not_found_until_restored(store: Store) -> None:
    (hit,) = store.search.find("bananas", 10)
    store.messages.delete(hit["session_id"], hit["message_id"])
    assert titles(store, "bananas") == []
    store.messages.restore(hit["session_id"], hit["message_id"])
    assert titles(store, "bananas") == ["Fruit"]
    store.sessions.delete(hit["session_id"])
    assert titles(store, "fruit") == []


def test_a_renamed_session_is_found_by_its_new_title_only(store: Store) -> None:
    (hit,) = [hit for hit in store.search.find("cars", 10) if hit["message_id"] is None]
    store.sessions.rename(hit["session_id"], "Vehicles")
    assert titles(store, "cars") == []
    assert titles(store, "vehic") == ["Vehicles"]


def test_marks_in_a_text_cannot_fake_a_match(store: Store) -> None:
    session_id = store.sessions.create()["id"]
    store.messages.add(session_id, None, "user", [{"type": "text", "text": "zebra \x02fake\x03"}])
    (hit,) = store.search.find("zebra", 10)
    assert hit["excerpt"].count("\x02") == 1


def test_no_more_hits_than_asked_for(store: Store) -> None:
    assert len(store.search.find("a", 1)) == 1
