"""The browser's own model as a provider: there only once the page says so."""

from __future__ import annotations

import pytest
from tests.unit.cloche.scripted import ScriptedEngine, ask, new_session, running, text_of

from cloche.errors import BadInput

CHOICE = [{"provider_id": "browser", "model": "browser"}]
CALL = '<tool_call>{"name": "calculator", "arguments": {"expression": "6 * 7"}}</tool_call>'


async def test_it_is_offered_once_it_is_there_and_answers_in_plain_text() -> None:
    engine = ScriptedEngine(CALL, "It is 42.")
    host = engine.host()
    host.workers["browser"] = host.workers["llamacpp"]
    async with running(host) as app:
        assert [provider["id"] for provider in await app.handle("providers.list", {})] == ["local"]
        await app.handle("provider.browser", {"context_window": 4096})
        assert host.told("providers:changed")[-1]["providers"][1]["kind"] == "browser"
        assert app.providers.find("browser").provider_id == "browser"
        session_id = await new_session(app)
        await app.handle("session.set_chain", {"session_id": session_id, "chain": CHOICE})
        answer = await ask(app, host, session_id, "6 times 7?")
    assert (text_of(answer), answer["provider"], answer["remote"]) == ("It is 42.", "The browser's own model", False)
    assert [request["tools"] for request in engine.requests] == [None, None]
    assert engine.requests[1]["messages"][-1] == {
        "role": "user",
        "content": "Result of calculator:\n42",
        "tool_calls": None,
        "tool_call_id": None,
    }


async def test_where_it_is_not_the_answer_says_so_and_the_next_model_speaks() -> None:
    host = ScriptedEngine("Here.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        chain = [*CHOICE, {"provider_id": "local", "model": ""}]
        await app.handle("session.set_chain", {"session_id": session_id, "chain": chain})
        answer = await ask(app, host, session_id, "Hello")
        with pytest.raises(BadInput, match="No provider has the model"):
            app.providers.find("browser")
    assert text_of(answer) == "Here."
    assert "not on this device" in answer["note"]
