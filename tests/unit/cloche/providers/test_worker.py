"""The transport to an engine in a worker: what each kind of engine gets."""

from __future__ import annotations

import pytest
from tests.unit.cloche.scripted import CARD, ScriptedEngine, library_on

from cloche.engine_contract import ChatMessage, ChatRequest
from cloche.providers.worker import WorkerTransport

GRAMMAR = {"type": "grammar", "grammar": 'root ::= "a"'}


@pytest.mark.parametrize("engine", ["llamacpp", "webllm"])
async def test_only_llama_gets_tools_and_each_engine_the_form_of_the_answer(engine: str) -> None:
    scripted = ScriptedEngine("yes")
    host = scripted.host(card={**CARD, "engine": engine})
    host.workers["webllm"] = host.workers["llamacpp"]
    transport = WorkerTransport(library_on(host))
    transport._library.load("cloche-starter")
    await transport.ready()
    assert transport.native_tools is (engine == "llamacpp")
    messages = [ChatMessage(role="user", content="Hello")]
    await transport.complete(ChatRequest(messages=messages, response_format=GRAMMAR), lambda _: None)
    assert scripted.requests[0]["response_format"] == GRAMMAR
