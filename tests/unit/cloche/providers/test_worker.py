"""The transport to an engine in a worker: what each kind of engine gets."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.cloche.scripted import CARD, ScriptedEngine, library_on

from cloche.engine_contract import ChatMessage, ChatRequest
from cloche.providers.answer_forms import is_strict, rooted, unboxed
from cloche.providers.worker import WorkerTransport

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
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


def test_strict_schemas_close_and_require_everything_in_them() -> None:
    assert is_strict(SCHEMA)
    assert is_strict({"type": "object", "properties": {"x": {"type": "array", "items": SCHEMA}}, **CLOSED})
    assert not is_strict({**SCHEMA, "required": []})
    assert not is_strict({"anyOf": [SCHEMA, {"type": "object", "properties": {}}]})


CLOSED: dict[str, Any] = {"required": ["x"], "additionalProperties": False}


def test_an_answer_leaves_its_box_and_what_is_none_stays_to_be_judged() -> None:
    assert unboxed('{"answer": ["é"]}') == '["é"]'
    assert [unboxed(text) for text in ("", "no", '{"b": 1}', "[1]")] == ["", "no", '{"b": 1}', "[1]"]
    assert rooted({"items": {"$ref": "#"}}) == {"items": {"$ref": "#/properties/answer"}}
