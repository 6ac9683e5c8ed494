"""Looking at the newest picture of a conversation."""

from __future__ import annotations

import pytest
from tests.unit.cloche.scripted import (
    CARD,
    PICTURE,
    PNG,
    Reply,
    ScriptedEngine,
    answered,
    ask,
    call_of,
    new_session,
    running,
    text_of,
)

from cloche.errors import BadImage

OFFERS = {**CARD, "default_tools": ["camera_look"]}


def looks(question: str = "What is it?") -> Reply:
    """The model wants to look."""
    return Reply(tool_calls=[call_of("camera_look", {"question": question})])


async def test_the_model_that_sees_is_asked_about_the_newest_picture() -> None:
    engine = ScriptedEngine("A dot.", looks("Which colour?"), "It is <|im_end|>red.", "The dot is red.")
    host = engine.host(card=OFFERS)
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "What is it?", images=[PICTURE])
        message = await ask(app, host, session_id, "Which colour is it?")
        assert text_of(message) == "The dot is red."
        assert message["parts"][0]["status"] == "done"
        assert "It is  red." in message["parts"][0]["output"]
    looked = engine.requests[2]["messages"]
    assert len(looked) == 1
    assert looked[0]["content"] == [
        {"type": "image", "data": PICTURE["bytes"], "fit": "auto", "detail": "auto"},
        {"type": "text", "text": "Which colour?"},
    ]
    assert engine.requests[3]["messages"][-1]["content"].startswith("[Data from camera_look")


async def test_an_open_camera_is_looked_through_instead() -> None:
    engine = ScriptedEngine("A dot.", looks(), "A cup.", "It is a cup.", looks(), "A dot.", "It is a dot.")
    host = engine.host(card=OFFERS)
    frame = {**PICTURE, "bytes": PNG + b"now", "name": "frame.png"}
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "What is it?", images=[PICTURE])
        await app.handle("camera.state", {"open": True})
        sent = await app.handle("message.send", {"session_id": session_id, "text": "And here?"})
        wanted = await host.event("camera:wanted")
        with pytest.raises(BadImage):
            await app.handle("camera.frame", {**wanted, "image": {**PICTURE, "bytes": b"no picture"}})
        await app.handle("camera.frame", {**wanted, "image": frame})
        assert text_of(await answered(host, sent["assistant_message_id"])) == "It is a cup."
        assert engine.requests[2]["messages"][0]["content"][0]["data"] == frame["bytes"]
        await app.handle("camera.state", {"open": False})
        await ask(app, host, session_id, "And there?")
        assert engine.requests[5]["messages"][0]["content"][0]["data"] == PNG
        assert len(host.told("camera:wanted")) == 1


async def test_a_camera_that_gives_nothing_leaves_the_newest_picture() -> None:
    engine = ScriptedEngine("A dot.", looks(), "A dot.", "It is a dot.")
    host = engine.host(card=OFFERS)
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "What is it?", images=[PICTURE])
        await app.handle("camera.state", {"open": True})
        sent = await app.handle("message.send", {"session_id": session_id, "text": "And here?"})
        await app.handle("camera.frame", {**await host.event("camera:wanted"), "image": None})
        assert text_of(await answered(host, sent["assistant_message_id"])) == "It is a dot."


async def test_without_a_picture_it_says_so() -> None:
    host = ScriptedEngine(looks(), "Please show me one.").host(card=OFFERS)
    async with running(host) as app:
        message = await ask(app, host, await new_session(app), "Look!")
        assert message["parts"][0]["status"] == "failed"
        assert message["parts"][0]["output"].startswith("There is no picture in this conversation.")


async def test_without_eyes_it_says_so() -> None:
    engine = ScriptedEngine("A dot.", looks(), "I cannot see.")
    host = engine.host(card=OFFERS)
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "What is it?", images=[PICTURE])
        app.turns.eyes = lambda session_id: None  # type: ignore[method-assign]
        tool = app.toolbox.all(session_id)["camera_look"]
        result = await tool.execute({"question": "What is it?"})
        assert (result.success, result.output) == (False, "No model that sees pictures is loaded.")
