"""The app as the page sees it: starting, a first answer, and what the commands give back."""

from __future__ import annotations

import pytest

from cloche import contract
from cloche.errors import BadInput, StorageLost

from .scripted import ScriptedEngine, answered, ask, new_session, running, text_of


async def test_it_tells_the_page_when_it_is_ready_and_then_loads_the_model() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        await app.library.ready()
        names = [name for name, _ in host.events]
        assert names[0] == "app:ready"
        assert [status["state"] for status in host.told("model:status")][-1] == "ready"
        contract.AppInfo.model_validate(host.told("app:ready")[0])


async def test_a_message_is_answered() -> None:
    host = ScriptedEngine("Hello there.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        assert text_of(answer) == "Hello there."
        assert answer["status"] == "complete"
