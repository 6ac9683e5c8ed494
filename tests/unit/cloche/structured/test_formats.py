"""Answers of a form: good as a whole, repaired once, or an error that names the fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, field_validator
from tests.unit.cloche.scripted import (
    PICTURE,
    ScriptedEngine,
    answered,
    ask,
    held,
    new_session,
    running,
    until_streamed,
)

from cloche.errors import BadInput, NotFound
from cloche.structured.plan import plan_for
from cloche.structured.schema import BadSchema

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
BY_SCHEMA = {"kind": "json_schema", "json_schema": json.dumps(SCHEMA)}


async def set_format(app: Any, session_id: str, **form: Any) -> Any:
    """Choose the form of a session's answers."""
    return await app.handle("session.set_answer_format", {"session_id": session_id, "format": form})


async def test_a_good_answer_is_kept_as_json() -> None:
    engine = ScriptedEngine('{"n":1}')
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await set_format(app, session_id, **BY_SCHEMA)
        message = await ask(app, host, session_id, "How many?")
        kept = await app.handle("session.open", {"session_id": session_id})
    (request,) = engine.requests
    wanted = {"name": "answer", "schema": SCHEMA, "strict": True}
    assert request["response_format"] == {"type": "json_schema", "json_schema": wanted}
    assert request["tools"] is None
    assert message["status"] == "complete"
    assert message["parts"] == [{"type": "text", "text": '{\n  "n": 1\n}', "format": "json"}]
    assert kept["messages"][1]["parts"] == message["parts"]


async def test_a_bad_answer_is_asked_for_once_more_with_the_fault() -> None:
    engine = ScriptedEngine('{"n": "one"}', '{"n": 1}')
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await set_format(app, session_id, **BY_SCHEMA)
        message = await ask(app, host, session_id, "How many?", images=[PICTURE])
    assert (message["status"], json.loads(message["parts"][0]["text"])) == ("complete", {"n": 1})
    asked = engine.requests[1]["messages"]
    assert [part["type"] for part in asked[0]["content"]] == ["image", "text"]
    assert asked[1]["content"] == '{"n": "one"}'
    assert "“n” must be integer" in asked[2]["content"]
    assert message["usage"]["prompt_tokens"] == 40


async def test_two_bad_answers_are_an_error_and_leave_nothing_half() -> None:
    engine = ScriptedEngine('{"n": ', '{"n": 1, "x"', "free")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await set_format(app, session_id, **BY_SCHEMA)
        message = await ask(app, host, session_id, "How many?")
        assert (message["status"], message["error"]["code"], message["parts"]) == ("error", "answer_invalid", [])
        assert "not JSON" in message["error"]["message"]
        assert message["error"]["action"]
        await set_format(app, session_id, kind="text")
        assert (await ask(app, host, session_id, "And now?"))["parts"] == [{"type": "text", "text": "free"}]
    assert engine.requests[2]["response_format"] is None
    assert len(engine.requests[2]["messages"]) == 1


async def test_a_choice_is_shown_as_it_was_written() -> None:
    engine = ScriptedEngine('"dark red"')
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await set_format(app, session_id, kind="choices", choices=["dark red", "blue"])
        message = await ask(app, host, session_id, "Which?")
    assert engine.requests[0]["response_format"]["json_schema"]["schema"] == {"enum": ["dark red", "blue"]}
    assert message["parts"][0]["text"] == "dark red"


async def test_a_stopped_answer_is_stopped_and_not_asked_for_again() -> None:
    engine = ScriptedEngine(held('{"n"'))
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await set_format(app, session_id, **BY_SCHEMA)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "How many?"})
        await until_streamed(host, '{"n"')
        await app.handle("message.stop", {"session_id": session_id})
        message = await answered(host, sent["assistant_message_id"])
    assert message["status"] == "stopped"
    assert len(engine.requests) == 1


async def test_a_form_is_kept_forked_and_exported_with_its_session() -> None:
    engine = ScriptedEngine('{"n":1}')
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        chosen = await set_format(app, session_id, **BY_SCHEMA)
        message = await ask(app, host, session_id, "How many?")
        forked = await app.handle("session.fork", {"session_id": session_id, "message_id": message["id"]})
        assert await app.handle("session.answer_format", {"session_id": forked["id"]}) == chosen
        file = await app.handle("archive.export", {})
    async with running(ScriptedEngine().host()) as fresh:
        await fresh.handle("archive.import", {"bytes": file["bytes"]})
        assert await fresh.handle("session.answer_format", {"session_id": session_id}) == chosen


async def test_a_form_that_cannot_be_held_to_is_refused() -> None:
    async with running(ScriptedEngine().host()) as app:
        session_id = await new_session(app)
        with pytest.raises(BadSchema, match="not supported"):
            await set_format(app, session_id, kind="json_schema", json_schema='{"type": "object", "not": {}}')
        with pytest.raises(BadInput, match="two different choices"):
            await set_format(app, session_id, kind="choices", choices=["a", "a"])
        with pytest.raises(NotFound):
            await set_format(app, "none", kind="text")
        assert (await app.handle("session.answer_format", {"session_id": session_id}))["kind"] == "text"


async def test_a_form_that_cannot_be_read_is_free_text() -> None:
    async with running(ScriptedEngine().host()) as app:
        session_id = await new_session(app)
        app.store.database.write("UPDATE sessions SET answer_format = ?", ('{"kind": "poem"}',))
        assert (await app.handle("session.answer_format", {"session_id": session_id}))["kind"] == "text"


class Count(BaseModel):
    """A model with a rule that no schema can say."""

    n: int

    @field_validator("n")
    @classmethod
    def _is_even(cls, n: int) -> int:
        if n % 2:
            raise ValueError("must be even")
        return n


def test_a_model_judges_beyond_its_schema() -> None:
    plan = plan_for(Count)
    assert plan.value('{"n": 2}') == Count(n=2)
    with pytest.raises(ValueError, match="n: Value error, must be even"):
        plan.value('{"n": 3}')
    with pytest.raises(ValueError, match="not JSON"):
        plan.value('{"n": NaN}')
    with pytest.raises(ValueError, match="empty"):
        plan.value(" ")
    assert plan_for(["a", "b"]).shown('"a"') == "a"
    assert plan_for(SCHEMA).value('{"n": 1}') == {"n": 1}
