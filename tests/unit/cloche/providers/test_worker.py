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


async def test_the_numbers_of_an_answers_tokens_come_when_they_are_asked_for() -> None:
    scripted = ScriptedEngine("yes", "yes")
    scripted.token_ids = [7, 8]
    library = library_on(scripted.host())
    library.load("cloche-starter")
    transport = WorkerTransport(library)
    messages = [ChatMessage(role="user", content="Hello")]
    assert (await transport.complete(ChatRequest(messages=messages), lambda _: None)).token_ids == []
    asked = ChatRequest(messages=messages, token_ids=True)
    assert (await transport.complete(asked, lambda _: None)).token_ids == [7, 8]
