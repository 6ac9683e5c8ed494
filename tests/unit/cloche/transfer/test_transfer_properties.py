"""Whatever conversations there are, they come back identical from every kind of file; no damage breaks the import."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.cloche.transfer.conversations import contents, file, picture, rich_session, text

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
    | st.builds(lambda words: {"type": "question", "id": "q", "prompt": words, "status": "denied"}, TEXTS)
    | st.just("picture")
    | st.builds(lambda name, data: ("file", name, data.encode()), TEXTS.filter(bool), st.text("aö\n", min_size=1)),
    max_size=4,
)
MESSAGES = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["user", "assistant"]), PARTS), max_size=8)
SESSIONS = st.lists(st.tuples(TEXTS.filter(bool), MESSAGES, st.integers(0, 20)), min_size=1, max_size=3)


MOMENTS = st.floats(0, 1e10)
NAMES = st.from_regex(r"\A[a-z][a-z0-9_]{0,10}\Z")


def by_first(row: Any) -> Any:
    """What tells rows apart."""
    return row[0].lower()


BELONGINGS = st.fixed_dictionaries(
    {
        "todos": st.lists(st.tuples(TEXTS.filter(bool), MOMENTS, st.none() | MOMENTS), max_size=3, unique_by=by_first),
        "notes": st.lists(st.tuples(TEXTS.filter(bool), TEXTS, MOMENTS), max_size=3, unique_by=by_first),
        "extensions": st.lists(
            st.tuples(NAMES, st.builds("# {}".format, NAMES), st.booleans(), MOMENTS), max_size=3, unique_by=by_first
        ),
        "packages": st.lists(st.tuples(NAMES, TEXTS, MOMENTS, st.binary(max_size=9)), max_size=2, unique_by=by_first),
        "providers": st.lists(st.tuples(NAMES, TEXTS), max_size=2, unique_by=by_first),
        "console": st.lists(st.tuples(TEXTS, MOMENTS), max_size=3, unique=True),
        "tools": st.none() | st.lists(NAMES, max_size=3),
        "events": st.lists(st.tuples(MOMENTS, TEXTS, st.dictionaries(TEXTS, JSON, max_size=2)), max_size=3),
    }
)
MODELS = '[{"id": "m", "name": "m", "context_window": null, "images": true}]'


def stored(store: Store, part: Any) -> Any:
    """A part of a message, its picture or file in the store."""
    if isinstance(part, tuple):
        return file(store, part[1], part[2])
    return picture(store) if part == "picture" else part


def furnish(store: Store, things: dict[str, Any]) -> None:
    """Put everything else into a store, by rows, as it may have come about."""
    write = store.database.write
    for row in things["todos"]:
        write("INSERT INTO todos (text, created_at, done_at) VALUES (?, ?, ?)", row)
    for row in things["notes"]:
        write("INSERT INTO notes VALUES (?, ?, ?)", row)
    for row in things["extensions"]:
        write("INSERT INTO extensions (name, source, everywhere, updated_at) VALUES (?, ?, ?, ?)", row)
    for row in things["packages"]:
        write("INSERT INTO packages VALUES (?, '1.0', ?, '', ?, ?)", row)
    for row in things["providers"]:
        sql = "INSERT INTO providers (id, name, kind, base_url, models, sealed_key) VALUES (?, ?, 'openai', ?, ?, ?)"
        write(sql, (*row, "http://host/v1", MODELS, "very secret"))
    for row in things["console"]:
        write("INSERT INTO console_history (code, run_at) VALUES (?, ?)", row)
    for session in store.sessions.all():
        here = session["id"]
        if things["tools"] is not None:
            write("INSERT INTO session_tools VALUES (?, ?)", (here, json.dumps(things["tools"])))
        for name, _, on, _ in things["extensions"]:
            write("INSERT INTO session_extensions VALUES (?, ?, ?)", (here, name, not on))
        for at, event, data in things["events"]:
            sql = "INSERT INTO trace_events (session_id, at, event, outcome, data) VALUES (?, ?, ?, 'passed', ?)"
            write(sql, (here, at, event, json.dumps(data)))


def fill(store: Store, sessions: list[tuple[str, list[tuple[int, str, list[Any]]], int]]) -> None:
    """Put conversations into a store: each message goes under any earlier one or begins anew."""
    for title, messages, shown in sessions:
        session_id = str(store.sessions.create()["id"])
        store.sessions.rename(session_id, title)
        store.sessions.set_parameters(session_id, Parameters(seed=shown))
        ids: list[str | None] = [None]
        for parent, role, parts in messages:
            known = [stored(store, part) for part in parts]
            ids.append(store.messages.add(session_id, ids[parent % len(ids)], role, known)["id"])
        wanted = ids[shown % len(ids)]
        if wanted is not None:
            store.messages.select(session_id, wanted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SESSIONS, BELONGINGS)
def test_a_round_trip_is_identical(sessions: Any, things: Any) -> None:
    store = Store(":memory:")
    fill(store, sessions)
    furnish(store, things)
    exported = dump.document(store, settings={"theme": "dark"})
    for pack in (pack_json, pack_zip):
        fresh = Store(":memory:")
        packed = pack(exported, contents(store))
        assert b"very secret" not in packed
        load(fresh, *unpack(packed), trusted=True)
        again = dump.document(fresh, settings={"theme": "dark"})
        assert again.model_copy(update={"exported_at": exported.exported_at}) == exported
        for one in exported.all_bytes():
            assert dump.bytes_of(fresh, one) == dump.bytes_of(store, one)
        for session in exported.sessions:
            assert fresh.messages.branch(session.id) == store.messages.branch(session.id)
        assert fresh.sessions.all() == store.sessions.all()
        # Once more: everything is here already, so nothing changes.
        loaded = load(fresh, *unpack(packed), trusted=True)
        assert (loaded.added, loaded.copied) == ([], [])
        assert dump.document(fresh).belongings == exported.belongings


@settings(max_examples=60, deadline=None)
@given(SESSIONS)
def test_markdown_gives_the_branch_on_screen(sessions: Any) -> None:
    store = Store(":memory:")
    fill(store, sessions[:1])
    exported = dump.document(store)
    file = to_markdown(exported, contents(store)).encode()
    assert is_markdown(file)
    read, _ = from_markdown(file)
    assert read.sessions[0] == on_screen(exported.sessions[0])


def files() -> list[bytes]:
    """One file of each kind."""
    store = Store(":memory:")
    rich_session(store)
    exported = dump.document(store)
    return [
        pack_json(exported, contents(store)),
        pack_zip(exported, contents(store)),
        to_markdown(exported, contents(store)).encode(),
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
