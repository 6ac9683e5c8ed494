"""Asking the person: allow once, allow in this conversation, deny, nobody there, stopped, reloaded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from amplifier_core import HookResult
from tests.unit.cloche.scripted import CARD, Reply, ScriptedEngine, answered, call_of, new_session, running, text_of

from cloche.app import App
from cloche.errors import NotFound
from cloche.host.memory import MemoryHost

ASKING = {**CARD, "default_tools": ["todo_add", "todo_list", "calculator"]}


def engine(*steps: Reply | str) -> ScriptedEngine:
    """An engine whose model wants to add a thing, then does as told."""
    return ScriptedEngine(*steps)


def adds(text: str = "milk", call_id: str = "call_1") -> Reply:
    """The model calls todo_add."""
    return Reply(tool_calls=[call_of("todo_add", {"text": text}, call_id)])


async def question(host: MemoryHost) -> dict[str, Any]:
    """The part that asks, as the page sees it."""

    def asking(data: dict[str, Any]) -> list[dict[str, Any]]:
        return [part for part in data["message"]["parts"] if part.get("status") == "asking"]

    for data in reversed(host.told("message:changed")):
        if data["message"]["role"] == "assistant":
            if asking(data):
                return asking(data)[0]
            break
    return asking(await host.event("message:changed", lambda data: bool(asking(data))))[0]


async def send(app: App, session_id: str, text: str = "Remember milk") -> str:
    """Send a message; gives the id of the answer."""
    sent = await app.handle("message.send", {"session_id": session_id, "text": text})
    return str(sent["assistant_message_id"])


async def answer(app: App, session_id: str, part: dict[str, Any], choice: str) -> None:
    """Answer a question."""
    params = {"session_id": session_id, "approval_id": part["approval"]["id"], "choice": choice}
    await app.handle("approval.answer", params)


def call_parts(message: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """The calls of a message in short."""
    return [(part["name"], part["status"], part["output"]) for part in message["parts"] if part["type"] == "tool_call"]


async def test_reading_runs_at_once() -> None:
    host = engine(Reply(tool_calls=[call_of("calculator", {"expression": "6*7"})]), "It is 42.").host(card=ASKING)
    async with running(host) as app:
        message = await answered(host, await send(app, await new_session(app), "6*7?"))
        assert call_parts(message) == [("calculator", "done", "42")]
        assert text_of(message) == "It is 42."


async def test_what_writes_asks_with_the_exact_arguments_and_runs_when_allowed() -> None:
    host = engine(adds('<b>"milk"</b>'), "Noted.").host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        message_id = await send(app, session_id)
        part = await question(host)
        assert part["arguments"] == {"text": '<b>"milk"</b>'}
        assert part["access"] == "write"
        assert part["approval"]["prompt"].startswith("Allow todo_add to change what is kept here?\n{")
        assert app.toolbox.todos.open() == []
        await answer(app, session_id, part, "once")
        message = await answered(host, message_id)
        assert call_parts(message) == [("todo_add", "done", 'Added: <b>"milk"</b>')]
        assert message["parts"][0]["approval"] is None
        assert [text for _, text in app.toolbox.todos.open()] == ['<b>"milk"</b>']


async def test_denied_does_not_run_and_the_model_hears_it() -> None:
    scripted = engine(adds(), "As you wish.")
    host = scripted.host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        message_id = await send(app, session_id)
        await answer(app, session_id, await question(host), "deny")
        message = await answered(host, message_id)
        assert call_parts(message) == [("todo_add", "denied", "Not allowed by the person.")]
        assert scripted.requests[1]["messages"][-1]["content"] == "Error: Not allowed by the person."
        assert app.toolbox.todos.open() == []


async def test_allowed_once_asks_again_and_allowed_in_the_conversation_does_not() -> None:
    host = engine(adds("a"), "A.", adds("b"), "B.", adds("c"), "C.", adds("d")).host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        for choice in ("once", "conversation"):
            message_id = await send(app, session_id)
            await answer(app, session_id, await question(host), choice)
            await answered(host, message_id)
        await answered(host, await send(app, session_id))
        assert [text for _, text in app.toolbox.todos.open()] == ["a", "b", "c"]
        other = await new_session(app)
        await send(app, other)
        assert (await question(host))["arguments"] == {"text": "d"}


async def test_nobody_there_is_denied() -> None:
    host = engine(adds(), "Later, then.").host(card=ASKING)
    async with running(host) as app:
        app.turns._approval_seconds = lambda: 0.02  # type: ignore[method-assign]
        message = await answered(host, await send(app, await new_session(app)))
        assert call_parts(message) == [("todo_add", "denied", "Not allowed: nobody answered in time.")]
        assert app.toolbox.todos.open() == []


async def test_the_time_to_answer_is_a_setting() -> None:
    host = engine(adds()).host(card=ASKING)
    async with running(host) as app:
        await app.handle("settings.set", {"approval_seconds": 600})
        await send(app, await new_session(app))
        part = await question(host)
        assert part["approval"]["deadline"] - 600 == pytest.approx(time.time(), abs=30)


async def test_stop_ends_the_question() -> None:
    host = engine(adds(), "Hello.").host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        message_id = await send(app, session_id)
        part = await question(host)
        await app.handle("message.stop", {"session_id": session_id})
        message = await answered(host, message_id)
        assert message["status"] == "stopped"
        assert call_parts(message)[0][1] in ("denied", "cancelled")
        assert app.toolbox.todos.open() == []
        with pytest.raises(NotFound):
            await answer(app, session_id, part, "once")
        assert text_of(await answered(host, await send(app, session_id, "Hello"))) == "Hello."


async def test_closed_while_asking_is_denied_with_a_sentence(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    host = engine(adds()).host(database=path, card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        message_id = await send(app, session_id)
        await question(host)
        turn, _ = app.turns._running[session_id]
        app.store.messages.save_partial(message_id, turn.snapshot()["parts"])
        crashed = app.store.messages.get(session_id, message_id)
        assert crashed["parts"][0]["status"] == "asking"
        app.store.recover()
        kept = app.store.messages.get(session_id, message_id)
        assert kept["status"] == "interrupted"
        assert call_parts(kept) == [
            ("todo_add", "denied", "Not allowed: the turn ended before the question was answered.")
        ]


async def test_an_answer_counts_once_and_only_in_its_conversation() -> None:
    host = engine(adds(), "Noted.").host(card=ASKING)
    async with running(host) as app:
        session_id, other = await new_session(app), await new_session(app)
        message_id = await send(app, session_id)
        part = await question(host)
        with pytest.raises(NotFound):
            await answer(app, other, part, "once")
        await answer(app, session_id, part, "once")
        await answered(host, message_id)
        with pytest.raises(NotFound):
            await answer(app, session_id, part, "once")


async def test_two_calls_at_once_are_asked_one_by_one_and_keep_their_answers() -> None:
    both = Reply(
        tool_calls=[call_of("todo_add", {"text": "a"}, "c1"), call_of("todo_add", {"text": "b"}, "c2")],
    )
    host = engine(both, "Done.").host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        message_id = await send(app, session_id)
        await host.event(
            "message:changed",
            lambda data: [part.get("status") for part in data["message"]["parts"]] == ["asking", "asking"],
        )
        parts = {part["arguments"]["text"]: part for part in host.told("message:changed")[-1]["message"]["parts"]}
        await answer(app, session_id, parts["b"], "once")
        await answer(app, session_id, parts["a"], "deny")
        message = await answered(host, message_id)
        statuses = {part["arguments"]["text"]: part["status"] for part in message["parts"] if "arguments" in part}
        assert statuses == {"a": "denied", "b": "done"}
        assert [text for _, text in app.toolbox.todos.open()] == ["b"]


async def test_wrong_arguments_are_never_asked_about() -> None:
    host = engine(Reply(tool_calls=[call_of("todo_add", {"thing": "x"})]), "Sorry.").host(card=ASKING)
    async with running(host) as app:
        message = await answered(host, await send(app, await new_session(app)))
        ((_, status, output),) = call_parts(message)
        assert status == "failed"
        assert "'text' is missing; 'thing' is not known" in str(output)


async def asked_by_a_hook(event: str, choice: str, *replies: Reply | str) -> dict[str, Any]:
    """The answer of a turn in which a hook on an event asks about nothing in particular."""
    host = engine("Hi.", *replies).host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        await answered(host, await send(app, session_id, "Hello"))
        hooks = app.turns._agents[session_id]._session.coordinator.hooks
        asks = HookResult(action="ask_user", approval_prompt="May this go on?", approval_options=["Allow once", "Deny"])
        hooks.register(event, lambda *_: asks, priority=5)
        message_id = await send(app, session_id, "1+1?")
        part = await question(host)
        assert (part["type"], part["prompt"]) == ("question", "May this go on?")
        await answer(app, session_id, part, choice)
        return await answered(host, message_id)


def in_short(message: dict[str, Any]) -> list[tuple[str, str]]:
    """The parts of a message: what they are, and their text or state."""
    return [(part["type"], part.get("status") or part["text"]) for part in message["parts"]]


@pytest.mark.parametrize("event", ["prompt:submit", "provider:request"])
async def test_a_hook_may_ask_before_anything_is_said(event: str) -> None:
    assert in_short(await asked_by_a_hook(event, "once", "2.")) == [("question", "allowed"), ("text", "2.")]
    denied = await asked_by_a_hook(event, "deny")
    assert in_short(denied) == [("question", "denied"), ("text", "Not allowed by the person.")]


async def test_a_hook_may_ask_whether_a_result_is_told() -> None:
    sum_of = Reply(tool_calls=[call_of("calculator", {"expression": "1+1"})])
    message = await asked_by_a_hook("tool:post", "deny", sum_of, "I may not know.")
    assert in_short(message) == [("tool_call", "denied"), ("question", "denied"), ("text", "I may not know.")]
    # What the store keeps is what later turns are told.
    assert message["parts"][0]["output"] == "The result is withheld. Not allowed by the person."


async def test_any_module_that_asks_is_asked_here() -> None:
    """A hook of somebody else asks about a tool that only reads."""
    host = engine("Hi.", Reply(tool_calls=[call_of("calculator", {"expression": "1+1"})]), "2.").host(card=ASKING)
    async with running(host) as app:
        session_id = await new_session(app)
        await answered(host, await send(app, session_id, "Hello"))
        hooks = app.turns._agents[session_id]._session.coordinator.hooks
        asks = HookResult(
            action="ask_user", approval_prompt="Is this sum wanted?", approval_options=["Allow once", "Deny"]
        )
        hooks.register("tool:pre", lambda *_: asks, priority=5)
        message_id = await send(app, session_id, "1+1?")
        part = await question(host)
        assert part["approval"]["prompt"] == "Is this sum wanted?"
        await answer(app, session_id, part, "once")
        assert call_parts(await answered(host, message_id)) == [("calculator", "done", "2")]
