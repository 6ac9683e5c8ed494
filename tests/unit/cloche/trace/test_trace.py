"""Every event of a turn is recorded once, without secrets, within bounds; nothing of it reaches the turn."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from amplifier_core import AmplifierSession, HookResult
from tests.unit.cloche.scripted import (
    PICTURE,
    FullDisk,
    Reply,
    ScriptedEngine,
    ask,
    call_of,
    new_session,
    running,
    until_streamed,
)

from cloche.errors import NotFound
from cloche.trace import recorder
from cloche.trace import trace as traces
from cloche.trace.recorder import Recorder
from cloche.trace.redaction import MAX_EVENT, recordable


async def read(app: Any, session_id: str) -> list[dict[str, Any]]:
    """The recorded events."""
    log = await app.handle("trace.read", {"session_id": session_id})
    return list(log["events"])


async def test_a_turn_leaves_its_events_in_order() -> None:
    calling = Reply(["Let me see."], tool_calls=[call_of("calculator", {"expression": "2+2"})])
    host = ScriptedEngine(calling, "It is 4.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "What is 2+2?")
        events = await read(app, session_id)
    names = [event["event"] for event in events]
    wanted = ["execution:start", "prompt:submit", "provider:request", "llm:request", "content_block:delta"]
    wanted += ["provider:response", "tool:pre", "tool:post", "provider:request", "provider:response", "execution:end"]
    left = iter(names)
    assert all(name in left for name in wanted), names
    assert {event["turn"] for event in events if event["event"] == "tool:post"} == {answer["id"]}
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    call = next(event["data"] for event in events if event["event"] == "tool:post")
    assert (call["tool_input"], call["tool_name"]) == ({"expression": "2+2"}, "calculator")
    assert "ended" not in {event["outcome"] for event in events}


async def test_the_prompt_is_told_by_its_parts() -> None:
    host = ScriptedEngine("A dot.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await app.handle(
            "session.set_parameters", {"session_id": session_id, "parameters": {"system_prompt": "Be brief."}}
        )
        await ask(app, host, session_id, "What is this?", images=[PICTURE])
        events = await read(app, session_id)
    request = next(event["data"] for event in events if event["event"] == "llm:request")
    assert [(part["role"], part["text"], part["pictures"]) for part in request["messages"]] == [
        ("system", "Be brief.", 0),
        ("user", "What is this?", 1),
    ]
    assert request["options"]["max_output_tokens"] == 256


async def test_deltas_of_a_block_are_one_event() -> None:
    host = ScriptedEngine(Reply([f"word {number} " for number in range(50)])).host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        events = await read(app, session_id)
    (delta,) = [event for event in events if event["event"] == "content_block:delta"]
    assert delta["data"]["characters"] == sum(len(f"word {number} ") for number in range(50))
    assert delta["data"]["until"] >= delta["at"]


def kept(app: Any) -> list[tuple[str, str]]:
    """What the database holds, without asking anybody to write."""
    return list(app.store.database.rows("SELECT event, outcome FROM trace_events ORDER BY seq"))


async def test_a_turn_that_never_ends_leaves_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "INTERVAL", 0)
    host = ScriptedEngine(Reply(["So far"], held=asyncio.Event())).host()
    async with running(host) as app:
        session_id = await new_session(app)
        await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "So far")
        for _ in range(20):
            await asyncio.sleep(0)
        found = kept(app)
        assert ("prompt:submit", "passed") in found
        assert ("content_block:delta", "passed") in found
        assert ("execution:end", "passed") not in found
        await app.handle("message.stop", {"session_id": session_id})
        events = await read(app, session_id)
        assert [(event["event"], event["outcome"]) for event in events][: len(found)] == found
        assert len({event["seq"] for event in events}) == len(events)


async def test_what_could_not_be_stored_is_left_out_and_changes_nothing_else() -> None:
    host = ScriptedEngine("One", "Two").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        before = await read(app, session_id)
        disk = FullDisk(app.store, on="UPDATE DELETE")
        app.trace.recorder(session_id)._keep([{"turn": None, "at": 1.0, "event": "x", "outcome": "ended", "data": {}}])
        disk.full = False
        assert await read(app, session_id) == before


async def test_events_are_exported_a_line_each_and_deleted() -> None:
    host = ScriptedEngine("One").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        events = await read(app, session_id)
        file = await app.handle("trace.export", {"session_id": session_id})
        assert file["name"] == "Hello.trace.jsonl"
        assert [json.loads(line) for line in file["bytes"].decode().splitlines()] == events
        await app.handle("trace.clear", {"session_id": session_id})
        assert await read(app, session_id) == []
        with pytest.raises(NotFound):
            await app.handle("trace.read", {"session_id": "none"})


async def test_a_full_disk_costs_the_trace_and_not_the_answer() -> None:
    host = ScriptedEngine("One", "Two").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        before = await read(app, session_id)
        disk = FullDisk(app.store)
        app.trace._keep(session_id, [{"turn": None, "at": 1.0, "event": "x", "outcome": "passed", "data": {}}])
        disk.full = False
        assert await read(app, session_id) == before
        assert (await ask(app, host, session_id, "Again"))["status"] == "complete"


async def test_the_oldest_events_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "SESSION_ROWS", 5)
    host = ScriptedEngine("One", "Two").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        await ask(app, host, session_id, "Again")
        events = await read(app, session_id)
    assert len(events) == 5
    assert events[-1]["event"] == "orchestrator:complete"


async def test_a_deleted_conversation_takes_its_trace_along() -> None:
    host = ScriptedEngine("One").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        assert await read(app, session_id)
        await app.handle("session.delete", {"session_id": session_id})
        app.store.recover()
        assert app.store.database.row("SELECT count(*) FROM trace_events") == (0,)


async def test_what_hooks_changed_or_ended_is_told() -> None:
    kept: list[dict[str, Any]] = []
    recorder = Recorder(lambda: "turn", kept.extend)
    config = {"session": {"orchestrator": "none", "context": "none"}, "providers": [], "tools": []}
    coordinator = AmplifierSession(config, session_id="s").coordinator
    await recorder.mount(coordinator, {})

    async def change(event: str, data: dict[str, Any]) -> HookResult:
        return HookResult(action="modify", data={**data, "prompt": "changed"})

    async def deny(event: str, data: dict[str, Any]) -> HookResult:
        return HookResult(action="deny", reason="no")

    coordinator.hooks.register("prompt:submit", change, priority=0, name="change")
    coordinator.hooks.register("tool:pre", deny, priority=0, name="deny")
    await coordinator.hooks.emit("prompt:submit", {"prompt": "said"})
    await coordinator.hooks.emit("tool:pre", {"tool_name": "x"})
    await coordinator.hooks.emit("tool:error", {"tool_name": "x"})
    recorder.flush()
    assert [(row["event"], row["outcome"]) for row in kept] == [
        ("prompt:submit", "changed"),
        ("tool:pre", "ended"),
        ("tool:error", "passed"),
    ]
    assert kept[0]["data"]["prompt"] == "changed"


@pytest.mark.parametrize(
    "data",
    [
        {"api_key": "v4lue"},
        {"headers": {"Authorization": "v4lue", "X-Api-Key": "v4lue"}},
        {"options": [{"access_token": "v4lue"}, {"db_password": "v4lue"}]},
        {"text": "use sk-abcdefghijklmnopqrstuv4lue please"},
        {"text": "Authorization: Bearer abcdefv4lue"},
        {"text": "ghp_abcdefghijklmnopqrstuv4lue"},
        {"text": "eyJhbGciOiJIUzI1.eyJzdWIiOiIxv4lue.c2lnbmF0dXJl"},
    ],
)
def test_secrets_are_not_recorded(data: dict[str, Any]) -> None:
    assert "v4lue" not in json.dumps(recordable(data))


def test_what_only_sounds_like_a_secret_is_recorded() -> None:
    data = {"max_tokens": 5, "usage": {"input_tokens": 3}, "text": "a token of love", "cache_read_tokens": 1}
    assert recordable(data) == data


def test_an_event_is_plain_and_of_a_bounded_size() -> None:
    nested: Any = "end"
    for _ in range(50):
        nested = [nested]
    odd = recordable({"bytes": b"123", "nested": nested, "nan": float("nan"), "object": object(), 3: {1, 2}})
    assert odd["bytes"] == "3 bytes"
    assert json.loads(json.dumps(odd)) == odd
    huge = recordable({f"key {number}": "x" * 10_000 for number in range(100)})
    assert huge["cut"]
    assert len(json.dumps(huge)) < 2 * MAX_EVENT
