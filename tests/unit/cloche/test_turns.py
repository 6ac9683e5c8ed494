"""How turns run and end: streaming, stopping, failing, crashing, a full disk, a lost tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.cloche.scripted import (
    PICTURE,
    FullDisk,
    Reply,
    ScriptedEngine,
    answered,
    ask,
    held,
    new_session,
    running,
    streamed,
    text_of,
    until_streamed,
)

from cloche.errors import EngineCrashed, FetchFailed, GenerationFailed
from cloche.shapes import Parameters
from cloche.turns import effective, options


async def test_text_streams_to_the_page_and_is_kept_with_its_figures() -> None:
    host = ScriptedEngine(Reply(["Hello", " there", "."])).host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        assert streamed(host) == text_of(answer) == "Hello there."
        assert answer["usage"] == {"prompt_tokens": 20, "completion_tokens": 2, "cached_tokens": 5, "image_tokens": 0}
        assert answer["timings"]["tokens_per_second"] == 100.0
        assert answer["timings"]["time_to_first_token_ms"] is not None
        assert (answer["model"], answer["finish_reason"]) == ("cloche-starter", "stop")
        kept = (await app.handle("session.open", {"session_id": session_id}))["messages"][1]
        assert kept == answer


async def test_reasoning_is_a_part_before_the_answer() -> None:
    host = ScriptedEngine(Reply(["Yes."], reasoning="Hm.")).host()
    async with running(host) as app:
        answer = await ask(app, host, await new_session(app), "Is it?")
        assert [(part["type"], part["text"]) for part in answer["parts"]] == [("reasoning", "Hm."), ("text", "Yes.")]


async def test_a_message_that_was_told_does_not_grow_afterwards() -> None:
    host = ScriptedEngine(Reply(["A", "B"])).host()
    async with running(host) as app:
        await ask(app, host, await new_session(app), "Hello")
        assert [text_of(data["message"]) for data in host.told("message:changed")] == ["Hello", "", "AB"]


async def test_opening_a_conversation_in_mid_answer_shows_what_is_there() -> None:
    reply = held("Half", " way")
    host = ScriptedEngine(reply).host()
    async with running(host) as app:
        session_id = await new_session(app)
        await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "Half way")
        conversation = await app.handle("session.open", {"session_id": session_id})
        assert conversation["session"]["working"] is True
        assert text_of(conversation["messages"][1]) == streamed(host)


async def test_stop_keeps_what_is_there() -> None:
    reply = held("Half", " way")
    engine = ScriptedEngine(reply, "Hi.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "Half way")
        await app.handle("message.stop", {"session_id": session_id})
        answer = await answered(host, sent["assistant_message_id"])
        assert (answer["status"], text_of(answer), answer["error"]) == ("stopped", "Half way", None)
        assert engine.aborted == 1
        assert text_of(await ask(app, host, session_id, "Again")) == "Hi."


async def test_stop_works_before_the_model_is_loaded_and_at_once() -> None:
    engine = ScriptedEngine("Hi.")
    engine.may_load.clear()
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await app.handle("message.stop", {"session_id": session_id})
        answer = await answered(host, sent["assistant_message_id"])
        assert (answer["status"], answer["parts"]) == ("stopped", [])
        engine.may_load.set()
        assert text_of(await ask(app, host, session_id, "Again")) == "Hi."


async def test_stop_without_a_turn_does_nothing() -> None:
    async with running(ScriptedEngine().host()) as app:
        assert await app.handle("message.stop", {"session_id": await new_session(app)}) is None


async def test_deleting_a_conversation_ends_its_turn() -> None:
    reply = held("Half")
    engine = ScriptedEngine(reply)
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "Half")
        await app.handle("session.delete", {"session_id": session_id})
        assert engine.aborted == 1
        restored = await app.handle("session.restore", {"session_id": session_id})
        assert restored["working"] is False


async def test_a_failed_answer_says_why_and_keeps_what_came() -> None:
    host = ScriptedEngine(Reply(["Half"], error=GenerationFailed("The context is full.")), "Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        assert (answer["status"], text_of(answer)) == ("error", "Half")
        assert answer["error"] == {
            "code": "generation_failed",
            "message": "The context is full.",
            "action": "Send the message again.",
            "retryable": True,
        }
        assert text_of(await ask(app, host, session_id, "Hello")) == "Hi."


async def test_a_fault_that_nobody_foresaw_ends_the_turn_with_an_error() -> None:
    engine = ScriptedEngine(Reply(["x"]))
    host = engine.host()

    async def broken(_: Any, __: Any) -> Any:
        return {"not": "a completion"}

    async with running(host) as app:
        link = await app.library.ready()
        link.answers["chat.complete"] = broken  # type: ignore[attr-defined]
        answer = await ask(app, host, await new_session(app), "Hello")
        assert (answer["status"], answer["error"]["code"]) == ("error", "generation_failed")


async def test_a_crashed_engine_is_replaced_and_the_conversation_goes_on() -> None:
    engine = ScriptedEngine(Reply(["Half"], error=EngineCrashed("The engine died.")), "Hi.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        assert (answer["status"], answer["error"]["code"]) == ("error", "engine_crashed")
        assert text_of(answer) == "Half"
        assert text_of(await ask(app, host, session_id, "Again")) == "Hi."
        assert engine.loads == 2


async def test_a_worker_that_ends_in_mid_answer_is_replaced() -> None:
    reply = held("Half")
    engine = ScriptedEngine(reply, "Hi.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "Half")
        await (await app.library.ready()).close()
        answer = await answered(host, sent["assistant_message_id"])
        assert answer["error"]["code"] == "engine_crashed"
        assert text_of(await ask(app, host, session_id, "Again")) == "Hi."


async def test_without_a_model_the_answer_is_the_reason_and_retry_helps() -> None:
    engine = ScriptedEngine("Hi.")
    engine.fetch_error = FetchFailed("The server is gone.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        assert (answer["status"], answer["error"]["code"]) == ("error", "fetch_failed")
        engine.fetch_error = None
        await app.handle("model.load", {})
        sent = await app.handle("message.regenerate", {"session_id": session_id, "message_id": answer["id"]})
        assert text_of(await answered(host, sent["assistant_message_id"])) == "Hi."


async def test_a_picture_for_an_engine_without_eyes_is_an_error_and_never_dropped() -> None:
    engine = ScriptedEngine("Hi.")
    engine.engine["images"] = False
    host = engine.host()
    async with running(host) as app:
        answer = await ask(app, host, await new_session(app), "Look", images=[PICTURE])
        assert answer["error"]["code"] == "image_unsupported"
        assert engine.requests == []


async def test_a_partial_answer_is_committed_while_it_is_written() -> None:
    reply = held("Half", " way")
    host = ScriptedEngine(reply).host()
    async with running(host) as app:
        session_id = await new_session(app)
        committed = watch_partial_commits(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        message_id, parts = await committed
        assert (message_id, parts[0]["text"]) == (sent["assistant_message_id"], "Half way")
        (row,) = app.store.database.rows("SELECT parts, status FROM messages WHERE id = ?", (message_id,))
        assert "Half way" in row[0]
        assert row[1] == "streaming"


async def test_an_answer_outlives_a_tab_that_was_killed(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    reply = held("Half", " way")
    host = ScriptedEngine(reply).host(path)
    async with running(host) as app:
        session_id = await new_session(app)
        committed = watch_partial_commits(app)
        await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await committed
        killed = Path(path).read_bytes()
    copy = tmp_path / "copy.db"
    copy.write_bytes(killed)
    async with running(ScriptedEngine().host(str(copy))) as app:
        messages = (await app.handle("session.open", {"session_id": session_id}))["messages"]
        assert [message["status"] for message in messages] == ["complete", "interrupted"]
        assert text_of(messages[1]) == "Half way"


async def test_a_disk_that_fills_up_in_mid_answer_loses_nothing() -> None:
    reply = held("Half", " way")
    host = ScriptedEngine(reply, "More.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        disk = FullDisk(app.store)
        notice = await host.event("notice")
        assert (notice["level"], notice["code"]) == ("error", "storage_full")
        reply.go_on.set()
        answer = await answered(host, sent["assistant_message_id"])
        assert (answer["status"], text_of(answer)) == ("complete", "Half way")
        assert len(host.told("notice")) == 1
        opened = await app.handle("session.open", {"session_id": session_id})
        assert text_of(opened["messages"][1]) == "Half way"
        disk.full = False
        await ask(app, host, session_id, "More?")
        kept = app.store.messages.branch(session_id)[1]
        assert (kept["status"], text_of(kept)) == ("complete", "Half way")


async def test_many_conversations_can_be_answered_one_after_the_other() -> None:
    number = 12
    host = ScriptedEngine(*[f"Answer {n}." for n in range(2 * number)]).host()
    async with running(host) as app:
        sessions = [await new_session(app) for _ in range(number)]
        for session_id in sessions * 2:
            assert (await ask(app, host, session_id, "Hello"))["status"] == "complete"


def test_a_sessions_parameters_come_before_the_cards() -> None:
    assert effective(None, Parameters(seed=1)).seed == 1
    assert options(Parameters(max_tokens=5, temperature=0.0, system_prompt="x")) == {
        "max_output_tokens": 5,
        "temperature": 0.0,
    }


def watch_partial_commits(app: Any) -> Any:
    """A future for the next partial commit: the message's id and its parts."""
    import asyncio

    future = asyncio.get_running_loop().create_future()
    save = app.store.messages.save_partial

    def watched(message_id: str, parts: list[dict[str, Any]]) -> None:
        save(message_id, parts)
        if not future.done():
            future.set_result((message_id, [dict(part) for part in parts]))

    app.store.messages.save_partial = watched
    return asyncio.wait_for(future, 10)
