"""Whatever conversations there are, they come back identical from every kind of file; no damage breaks the import."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.cloche.scripted import PNG
from tests.unit.cloche.transfer.conversations import picture, rich_session, text

from cloche.shapes import Parameters
from cloche.store.store import Store
from cloche.transfer import dump
from cloche.transfer.document import BadFile
from cloche.transfer.load import load
from cloche.transfer.markdown import on_screen, to_markdown
from cloche.transfer.markdown_reading import from_markdown, is_markdown
from cloche.transfer.packing import pack_json, pack_zip, unpack

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["<!-- cloche:text {} -->", "\n\n", "\r\n", "<!-- \\\\cloche:", "```", "--->", "## You\n\n<!-- cloche:"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CALLS = st.builds(
    lambda name, arguments, status, output: {
        "type": "tool_call",
        "id": "call_1",
        "name": name,
        "arguments": arguments,
        "status": status,
        "output": output,
        "duration_ms": None,
    },
    TEXTS,
    st.dictionaries(TEXTS, JSON, max_size=3),
    st.sampled_from(["done", "failed", "denied", "cancelled"]),
    st.none() | TEXTS,
)
PARTS = st.lists(
    st.builds(text, TEXTS)
    | st.builds(lambda words: {"type": "reasoning", "text": words}, TEXTS)
    | CALLS
    | st.just("picture"),
    max_size=4,
)
MESSAGES = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["user", "assistant"]), PARTS), max_size=8)
SESSIONS = st.lists(st.tuples(TEXTS.filter(bool), MESSAGES, st.integers(0, 20)), min_size=1, max_size=3)


def fill(store: Store, sessions: list[tuple[str, list[tuple[int, str, list[Any]]], int]]) -> None:
    """Put conversations into a store: each message goes under any earlier one or begins anew."""
    for title, messages, shown in sessions:
        session_id = str(store.sessions.create()["id"])
        store.sessions.rename(session_id, title)
        store.sessions.set_parameters(session_id, Parameters(seed=shown))
        ids: list[str | None] = [None]
        for parent, role, parts in messages:
            known = [picture(store) if part == "picture" else part for part in parts]
            ids.append(store.messages.add(session_id, ids[parent % len(ids)], role, known)["id"])
        wanted = ids[shown % len(ids)]
        if wanted is not None:
            store.messages.select(session_id, wanted)


@settings(max_examples=60, deadline=None)
@given(SESSIONS)
def test_a_round_trip_is_identical(sessions: Any) -> None:
    store = Store(":memory:")
    fill(store, sessions)
    exported = dump.document(store)
    for pack in (pack_json, pack_zip):
        fresh = Store(":memory:")
        load(fresh, *unpack(pack(exported, lambda _: PNG)))
        again = dump.document(fresh)
        assert (again.sessions, again.images) == (exported.sessions, exported.images)
        for session in exported.sessions:
            assert fresh.messages.branch(session.id) == store.messages.branch(session.id)
        assert fresh.sessions.all() == store.sessions.all()


@settings(max_examples=60, deadline=None)
@given(SESSIONS)
def test_markdown_gives_the_branch_on_screen(sessions: Any) -> None:
    store = Store(":memory:")
    fill(store, sessions[:1])
    exported = dump.document(store)
    file = to_markdown(exported, lambda _: PNG).encode()
    assert is_markdown(file)
    read, _ = from_markdown(file)
    assert read.sessions[0] == on_screen(exported.sessions[0])


def files() -> list[bytes]:
    """One file of each kind."""
    store = Store(":memory:")
    rich_session(store)
    exported = dump.document(store)
    return [
        pack_json(exported, lambda _: PNG),
        pack_zip(exported, lambda _: PNG),
        to_markdown(exported, lambda _: PNG).encode(),
    ]


FILES = files()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.binary(max_size=6)), min_size=1, max_size=4),
)
def test_a_damaged_file_is_taken_whole_or_refused_with_a_reason(file: bytes, damages: Any) -> None:
    for position, removed, added in damages:
        at = position % len(file)
        file = file[:at] + added + file[at + removed :]
    store = Store(":memory:")
    try:
        document, contents = from_markdown(file) if is_markdown(file) else unpack(file)
        load(store, document, contents)
    except BadFile:
        assert store.sessions.all() == []
    for session in store.sessions.all():
        store.messages.branch(session["id"])
    assert store.database.rows("PRAGMA foreign_key_check") == []
