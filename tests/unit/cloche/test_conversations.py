"""What a person does in a conversation: send, edit, regenerate, delete, choose a version."""

from __future__ import annotations

import pytest
from tests.unit.cloche.scripted import (
    CARD,
    PICTURE,
    PNG,
    FullDisk,
    ScriptedEngine,
    answered,
    ask,
    held,
    new_session,
    running,
    text_of,
    until_streamed,
)

from cloche.errors import (
    BadImage,
    BadInput,
    Busy,
    EmptyMessage,
    ImageUnsupported,
    StorageFull,
)


async def test_both_messages_are_in_the_store_before_the_engine_is_asked() -> None:
    engine = ScriptedEngine("Hi.")
    engine.may_load.clear()
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        assert engine.requests == []
        rows = app.store.messages.branch(session_id)
        assert [message["id"] for message in rows] == [sent["user_message_id"], sent["assistant_message_id"]]
        assert [message["status"] for message in rows] == ["complete", "streaming"]
        engine.may_load.set()
        assert text_of(await answered(host, sent["assistant_message_id"])) == "Hi."


async def test_the_page_hears_of_each_step_of_a_message() -> None:
    host = ScriptedEngine("Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        told = [name for name, _ in host.events if name not in ("model:status", "storage:changed")]
        assert told == [
            "app:ready",
            "session:changed",
            "message:changed",
            "message:changed",
            "session:changed",
            "content_block:delta",
            "message:changed",
            "session:changed",
        ]
        working = [data["session"]["working"] for data in host.told("session:changed")]
        assert working == [False, True, False]


async def test_the_conversation_so_far_is_part_of_the_question() -> None:
    engine = ScriptedEngine("Hi.", "Fine.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        await ask(app, host, session_id, "How are you?")
        contents = [message["content"] for message in engine.requests[1]["messages"]]
        assert contents == ["Hello", "Hi.", "How are you?"]


async def test_the_system_prompt_and_the_parameters_of_the_session_are_used() -> None:
    engine = ScriptedEngine("Hi.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        parameters = {"system_prompt": "Be kind.", "top_k": 5, "max_tokens": 9, "stop": ["END"]}
        await app.handle("session.set_parameters", {"session_id": session_id, "parameters": parameters})
        await ask(app, host, session_id, "Hello")
        (request,) = engine.requests
        assert request["messages"][0] == {
            "role": "system",
            "content": "Be kind.",
            "tool_calls": None,
            "tool_call_id": None,
        }
        chosen = (request["top_k"], request["max_tokens"], request["stop"], request["temperature"])
        assert chosen == (5, 9, ["END"], 0)


async def test_a_picture_reaches_the_engine_before_the_text() -> None:
    engine = ScriptedEngine("A dot.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        chosen = {"session_id": session_id, "parameters": {"image_detail": "low"}}
        await app.handle("session.set_parameters", chosen)
        await ask(app, host, session_id, "What is it?", images=[PICTURE])
        (message,) = engine.requests[0]["messages"]
        image, text = message["content"]
        assert (image["data"], image["detail"], text["text"]) == (PNG, "low", "What is it?")


async def test_a_picture_alone_is_a_message() -> None:
    engine = ScriptedEngine("A dot.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "", images=[PICTURE])
        assert [part["type"] for part in engine.requests[0]["messages"][0]["content"]] == ["image"]
        assert app.conversations.session(session_id)["title"] == "Picture"


async def test_regenerating_keeps_the_older_answer_as_another_version() -> None:
    host = ScriptedEngine("One.", "Two.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        first = await ask(app, host, session_id, "Hello")
        sent = await app.handle("message.regenerate", {"session_id": session_id, "message_id": first["id"]})
        second = await answered(host, sent["assistant_message_id"])
        assert (text_of(second), second["siblings"]) == ("Two.", [first["id"], second["id"]])
        back = await app.handle("message.select_version", {"session_id": session_id, "message_id": first["id"]})
        assert text_of(back["messages"][-1]) == "One."


async def test_an_unanswered_message_can_be_answered_again() -> None:
    host = ScriptedEngine("One.", "Two.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        first = await ask(app, host, session_id, "Hello")
        await app.handle("message.delete", {"session_id": session_id, "message_id": first["id"]})
        params = {"session_id": session_id, "message_id": first["parent_id"]}
        sent = await app.handle("message.regenerate", params)
        assert text_of(await answered(host, sent["assistant_message_id"])) == "Two."


async def test_editing_keeps_the_pictures_and_the_older_branch() -> None:
    engine = ScriptedEngine("A dot.", "More.", "Grey.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        first = await ask(app, host, session_id, "What is it?", images=[PICTURE])
        await ask(app, host, session_id, "And?")
        params = {"session_id": session_id, "message_id": first["parent_id"], "text": "Which colour?"}
        sent = await app.handle("message.edit", params)
        await answered(host, sent["assistant_message_id"])
        assert [part["type"] for part in engine.requests[2]["messages"][0]["content"]] == ["image", "text"]
        conversation = await app.handle("session.open", {"session_id": session_id})
        assert len(conversation["messages"]) == 2
        assert conversation["messages"][0]["siblings"] == [first["parent_id"], sent["user_message_id"]]
        params = {"session_id": session_id, "message_id": first["parent_id"]}
        assert len((await app.handle("message.select_version", params))["messages"]) == 4


async def test_only_ones_own_messages_can_be_edited() -> None:
    host = ScriptedEngine("Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        with pytest.raises(BadInput):
            await app.handle("message.edit", {"session_id": session_id, "message_id": answer["id"], "text": "x"})


async def test_a_deleted_message_can_be_restored() -> None:
    host = ScriptedEngine("Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        params = {"session_id": session_id, "message_id": answer["parent_id"]}
        assert (await app.handle("message.delete", params))["messages"] == []
        assert len((await app.handle("message.restore", params))["messages"]) == 2
        assert len(host.told("conversation:changed")) == 2


async def test_a_conversation_that_is_being_answered_is_left_alone() -> None:
    reply = held("Well")
    host = ScriptedEngine(reply, "Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "Well")
        user = {"session_id": session_id, "message_id": sent["user_message_id"]}
        for method, params in (
            ("message.send", {"session_id": session_id, "text": "Again"}),
            ("message.edit", {**user, "text": "Again"}),
            ("message.regenerate", user),
            ("message.delete", user),
            ("message.restore", user),
            ("message.select_version", user),
        ):
            with pytest.raises(Busy):
                await app.handle(method, params)
        other = await new_session(app)
        assert text_of(await ask(app, host, other, "Hello")) == "Hi."
        reply.go_on.set()
        assert text_of(await answered(host, sent["assistant_message_id"])) == "Well"


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_an_empty_message_is_refused(text: str) -> None:
    async with running(ScriptedEngine().host()) as app:
        session_id = await new_session(app)
        with pytest.raises(EmptyMessage):
            await app.handle("message.send", {"session_id": session_id, "text": text})
        assert app.store.messages.branch(session_id) == []


async def test_a_file_that_is_no_picture_is_refused_and_nothing_is_kept() -> None:
    async with running(ScriptedEngine().host()) as app:
        session_id = await new_session(app)
        fake = {**PICTURE, "bytes": b"just some text", "name": "notes.txt"}
        with pytest.raises(BadImage, match=r"notes\.txt"):
            await app.handle("message.send", {"session_id": session_id, "text": "Look", "images": [PICTURE, fake]})
        assert app.store.messages.branch(session_id) == []
        assert app.store.database.row("SELECT count(*) FROM images") == (0,)


async def test_a_picture_for_a_model_that_reads_text_only_is_refused() -> None:
    host = ScriptedEngine().host(card={**CARD, "modalities": ["text"]})
    async with running(host) as app:
        await app.library.ready()
        session_id = await new_session(app)
        with pytest.raises(ImageUnsupported):
            await app.handle("message.send", {"session_id": session_id, "text": "Look", "images": [PICTURE]})


async def test_a_message_that_is_far_too_long_is_kept_and_answered_with_an_error() -> None:
    engine = ScriptedEngine("Hi.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        long = "word " * 40_000
        answer = await ask(app, host, session_id, long)
        assert answer["status"] == "error"
        assert answer["error"]["code"] == "message_too_long"
        assert "40,006 tokens" in answer["error"]["message"]
        conversation = await app.handle("session.open", {"session_id": session_id})
        assert text_of(conversation["messages"][0]) == long
        assert engine.requests == []
        assert text_of(await ask(app, host, session_id, "Hello")) == "Hi."
        assert [message["content"] for message in engine.requests[0]["messages"]] == ["Hello"]


@pytest.mark.parametrize("error", ["database or disk is full", "disk I/O error"])
async def test_a_full_disk_refuses_the_message_and_leaves_everything_as_it_was(error: str) -> None:
    host = ScriptedEngine("One.", "Two.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        before = await app.handle("session.open", {"session_id": session_id})
        disk = FullDisk(app.store, error)
        with pytest.raises(StorageFull):
            await app.handle("message.send", {"session_id": session_id, "text": "More"})
        assert await app.handle("session.open", {"session_id": session_id}) == before
        disk.full = False
        assert text_of(await ask(app, host, session_id, "More")) == "Two."


async def test_a_disk_that_is_full_at_the_commit_leaves_everything_as_it_was() -> None:
    host = ScriptedEngine("One.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        disk = FullDisk(app.store, on="COMMIT")
        with pytest.raises(StorageFull):
            await app.handle("message.send", {"session_id": session_id, "text": "Hello", "images": [PICTURE]})
        disk.full = False
        assert app.store.messages.branch(session_id) == []
        assert app.store.database.row("SELECT count(*) FROM images") == (0,)
        assert text_of(await ask(app, host, session_id, "Hello")) == "One."
