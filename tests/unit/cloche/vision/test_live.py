"""The Live view in Python: frames in, captions kept, watches that act on the change and only then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.cloche.scripted import CARD, PICTURE, PNG, Reply, ScriptedEngine, held, running

from cloche import contract
from cloche.app import App
from cloche.errors import BadInput, Busy, EngineCrashed, NotFound
from cloche.host.memory import MemoryHost
from cloche.shapes import Session
from cloche.vision import history
from cloche.vision.shapes import LiveCaption, LiveSettings

FRAME = {"images": [PICTURE], "source": "Camera", "difference": 12.5}


async def configure(app: App, **more: Any) -> dict[str, Any]:
    settings: dict[str, Any] = await app.handle("live.configure", {**LiveSettings().model_dump(), **more})
    return settings


async def look(app: App, times: int = 1) -> dict[str, Any]:
    """Hand over frames; the last caption, of the contract's shape."""
    caption: dict[str, Any] = {}
    for _ in range(times):
        caption = await app.handle("live.frame", FRAME)
        LiveCaption.model_validate(caption)
    return caption


async def captions(app: App, **query: Any) -> list[str]:
    found = await app.handle("live.history", query)
    return [caption["text"] for caption in found["captions"]]


async def test_a_frame_becomes_a_caption_that_streams_and_stays() -> None:
    engine = ScriptedEngine(Reply(["A red ", "circle."]))
    host = engine.host()
    async with running(host) as app:
        await configure(app, prompt="What is it?", system_prompt="Be brief.", max_tokens=20, detail="low")
        caption = await look(app)
    assert [text["text"] for text in host.told("live:text")] == ["A red ", "A red circle."]
    assert host.told("live:caption") == [caption]
    assert (caption["text"], caption["prompt"], caption["source"]) == ("A red circle.", "What is it?", "Camera")
    assert (caption["difference"], caption["answer"], caption["fired"], caption["picture"]) == (12.5, None, False, True)
    assert caption["description"]["total_ms"] == 20
    assert engine.requests[0]["messages"][0]["content"] == "Be brief."
    assert engine.requests[0]["max_tokens"] == 20


async def test_settings_and_captions_outlive_the_tab(tmp_path: Any) -> None:
    database = str(tmp_path / "app.db")
    async with running(ScriptedEngine("A star.").host(database)) as app:
        await configure(app, prompt="What is it?", interval=2)
        await look(app)
    async with running(ScriptedEngine().host(database)) as app:
        settings = await app.handle("live.settings", {})
        assert (settings["prompt"], settings["interval"]) == ("What is it?", 2)
        assert await captions(app) == ["A star."]


@pytest.mark.parametrize("kept", ['{"prompt": "What is it?", "of_a_newer_version": 1}', "{"])
async def test_settings_that_are_not_understood_give_way_to_the_defaults(tmp_path: Any, kept: str) -> None:
    database = str(tmp_path / "app.db")
    async with running(ScriptedEngine().host(database)) as app:
        await configure(app, prompt="What is it?")
        app.store.database.write("UPDATE live_settings SET value = ?", (kept,))
    async with running(ScriptedEngine().host(database)) as app:
        assert await app.handle("live.settings", {}) == LiveSettings().model_dump()


async def test_one_frame_at_a_time() -> None:
    reply = held("A")
    engine = ScriptedEngine(reply, "A star.")
    async with running(engine.host()) as app:
        first = asyncio.create_task(look(app))
        assert reply.held is not None
        await reply.held.wait()
        with pytest.raises(Busy):
            await look(app)
        await app.handle("live.stop", {})
        assert (await look(app))["text"] == "A star."
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await captions(app) == ["A star."]


async def test_a_crash_loses_neither_the_session_nor_a_caption() -> None:
    crash = Reply(["A re"], error=EngineCrashed("unreachable"))
    host = ScriptedEngine("A star.", crash, "A red circle.", "A heart.").host()
    async with running(host) as app:
        await look(app, 3)
        assert await captions(app) == ["A heart.", "A red circle.", "A star."]
    assert [text["text"] for text in host.told("live:text")] == ["A star.", "A re", "A red circle.", "A heart."]


@pytest.mark.parametrize(("takes", "asked"), [(None, [1, 2, 3]), (2, [2, 3]), (1, [3])])
async def test_of_a_series_the_model_sees_as_many_as_its_card_says_the_newest_last(
    takes: int | None, asked: list[int]
) -> None:
    engine = ScriptedEngine("It moved.")
    series = [{**PICTURE, "bytes": PNG + bytes([number])} for number in (1, 2, 3)]
    async with running(engine.host(card={**CARD, "max_images": takes})) as app:
        told = await app.handle("live.frame", {**FRAME, "images": series})
        assert told["description"]["images"] == len(asked)
        assert (await app.handle("live.picture", {"caption_id": told["id"]}))["bytes"] == PNG + bytes([3])
    *pictures, question = engine.requests[0]["messages"][0]["content"]
    assert [part["data"] for part in pictures] == [PNG + bytes([number]) for number in asked]
    assert question["type"] == "text"


async def test_the_history_is_searched_and_read_in_pieces() -> None:
    async with running(ScriptedEngine("A red star.", "100 % grey", "A blue star.").host()) as app:
        await look(app, 3)
        assert await captions(app, query="STAR") == ["A blue star.", "A red star."]
        assert await captions(app, query="%") == ["100 % grey"]
        assert await captions(app, query="_") == []
        page = await app.handle("live.history", {"limit": 2})
        assert page["total"] == 3
        assert await captions(app, before=page["captions"][-1]["id"]) == ["A red star."]
        assert (await app.handle("live.picture", {"caption_id": 1}))["bytes"] == PICTURE["bytes"]
        await app.handle("live.clear", {})
        assert await captions(app) == []
        with pytest.raises(NotFound):
            await app.handle("live.picture", {"caption_id": 1})


async def test_the_history_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_CAPTIONS", 5)
    monkeypatch.setattr(history, "MOST_PICTURES", 2)
    async with running(ScriptedEngine(*(f"Frame {number}." for number in range(9))).host()) as app:
        await look(app, 9)
        found = (await app.handle("live.history", {}))["captions"]
    assert [(caption["text"], caption["picture"]) for caption in found] == [
        ("Frame 8.", True),
        ("Frame 7.", True),
        ("Frame 6.", False),
        ("Frame 5.", False),
        ("Frame 4.", False),
    ]


async def test_captions_become_a_conversation_with_their_frames() -> None:
    async with running(ScriptedEngine("A star.", "A heart.", "A cross.").host()) as app:
        with pytest.raises(BadInput):
            await app.handle("live.save", {})
        await look(app, 3)
        session = Session.model_validate(await app.handle("live.save", {"caption_ids": [3, 1]})).model_dump()
        assert session["title"].startswith("Live, ")
        conversation = await app.handle("session.open", {"session_id": session["id"]})
    parts = [[part.get("text", part["type"]) for part in message["parts"]] for message in conversation["messages"]]
    question = ["image", "Describe what you see."]
    assert parts == [question, ["A star."], question, ["A cross."]]
    assert all(message["status"] == "complete" for message in conversation["messages"])


# ---------------------------------------------------------------- watching


def fired(host: MemoryHost) -> list[tuple[str, str]]:
    return [(data["before"], data["caption"]["answer"]) for data in host.told("live:fired")]


async def test_a_watch_fires_on_the_change_and_only_then() -> None:
    host = ScriptedEngine("No.", "No, nothing.", "Yes, there is.", "Yes.", "No.").host()
    async with running(host) as app:
        heard: list[str | None] = []
        app.live.listeners.append(lambda caption, _: heard.append(caption.answer))
        await configure(app, prompt="Is there a star?", watch={"todo": True})
        await look(app, 5)
        assert heard == ["yes", "no"]
        assert fired(host) == [("no", "yes"), ("yes", "no")]
        for name, data in host.events:
            contract.EVENTS[name].model_validate(data)
        assert [caption["fired"] for caption in host.told("live:caption")] == [False, False, True, False, True]
        (first, _) = [text for _, text in app.toolbox.todos.open()]
        assert first.startswith("Is there a star? no → yes")


async def test_an_answer_that_is_no_yes_and_no_no_is_asked_for_again_in_that_form() -> None:
    engine = ScriptedEngine("A star is red.", '"yes"')
    async with running(engine.host()) as app:
        await configure(app, prompt="Is there a star?", watch={})
        assert (await look(app))["answer"] == "yes"
    assert [bool(request["response_format"]) for request in engine.requests] == [False, True]
    assert engine.requests[1]["response_format"]["json_schema"]["schema"] == {"enum": ["yes", "no"]}


async def test_a_form_is_watched_by_its_value() -> None:
    schema = '{"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}'
    host = ScriptedEngine('{"count": 1}', '{ "count": 1 }', '{"count": 2}').host()
    async with running(host) as app:
        await configure(app, prompt="Count the stars.", watch={"kind": "schema", "json_schema": schema})
        await look(app, 3)
    assert fired(host) == [('{"count": 1}', '{"count": 2}')]


async def test_another_question_begins_anew() -> None:
    host = ScriptedEngine("No.", "Yes.", "Yes.").host()
    async with running(host) as app:
        await configure(app, prompt="Is there a star?", watch={})
        await look(app)
        await configure(app, prompt="Is there a heart?", watch={})
        await look(app, 2)
    assert fired(host) == []


@pytest.mark.parametrize(("choice", "status", "kept"), [("once", "done", True), ("deny", "denied", False)])
async def test_a_tool_that_changes_things_asks_first(choice: str, status: str, kept: bool) -> None:
    host = ScriptedEngine("No.", "Yes.").host()
    async with running(host) as app:
        arguments = '{"key": "door", "value": "{before} to {answer}"}'
        await configure(app, prompt="Is it open?", watch={"tool": "note_save", "arguments": arguments})
        asking = asyncio.create_task(host.event("live:tool"))
        await look(app, 2)
        call = (await asking)["call"]
        assert (call["status"], call["access"]) == ("asking", "write")
        assert call["arguments"] == {"key": "door", "value": "no to yes"}
        answered = asyncio.create_task(host.event("live:tool", lambda data: data["call"]["status"] == status))
        answer = {"session_id": "live", "approval_id": call["approval"]["id"], "choice": choice}
        await app.handle("approval.answer", answer)
        assert (await answered)["call"]["output"]
        note = await app.toolbox.all()["note_get"].execute({"key": "door"})
        assert note.success == kept


async def test_a_tool_that_only_reads_runs_at_once() -> None:
    host = ScriptedEngine("No.", "Yes.").host()
    async with running(host) as app:
        watch = {"tool": "calculator", "arguments": '{"expression": "6*7"}'}
        await configure(app, prompt="Is it open?", watch=watch)
        done = asyncio.create_task(host.event("live:tool", lambda data: data["call"]["status"] == "done"))
        await look(app, 2)
        assert "42" in (await done)["call"]["output"]


@pytest.mark.parametrize(
    "watch", [{"tool": "no_such_tool"}, {"arguments": "{"}, {"kind": "schema", "json_schema": "nothing"}]
)
async def test_a_watch_that_cannot_work_is_refused_and_the_old_one_stays(watch: dict[str, Any]) -> None:
    async with running(ScriptedEngine().host()) as app:
        with pytest.raises(BadInput):
            await configure(app, watch=watch)
        assert (await app.handle("live.settings", {}))["watch"] is None
