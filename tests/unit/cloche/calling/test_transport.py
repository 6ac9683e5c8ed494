"""Tools over transports that know them, that do not, and that refuse them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.cloche.scripted import CARD

from cloche.calling.choice import call_format
from cloche.calling.formats import FORMATS
from cloche.calling.transport import CallingTransport
from cloche.engine_contract import (
    ChatMessage,
    ChatRequest,
    Completion,
    Delta,
    FunctionCall,
    ToolCall,
    ToolFunction,
    ToolSpec,
)
from cloche.errors import ToolsRefused
from cloche.model_shapes import EngineInfo, ModelCard
from cloche.providers.base import OnDeltas, Transport
from cloche.shapes import Timings, Usage
from cloche.structured.schema import check_schema, fault_of

WEATHER = {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}, "required": ["city"]}
DEFS = {"$defs": {"City": {"type": "string", "maxLength": 20}}}
TOOLS = [
    ToolSpec(function=ToolFunction(name="weather", description="The weather.", parameters={**WEATHER, **DEFS})),
    ToolSpec(function=ToolFunction(name="now", parameters={"type": "object", "properties": {}})),
]


class Engine(Transport):
    """Says what it is told to, in pieces of three letters."""

    def __init__(self, *texts: str, native: bool = False, choice: bool = False, **card: Any) -> None:
        self.texts = list(texts)
        self.requests: list[ChatRequest] = []
        self.native_choice = choice
        self.refusal: ToolsRefused | None = None
        self._native = native
        self._card = {**CARD, **card}

    @property
    def card(self) -> ModelCard | None:
        return ModelCard.model_validate(self._card)

    @property
    def engine(self) -> EngineInfo | None:
        return None

    @property
    def native_tools(self) -> bool:
        return self._native and not self.refuses_tools

    async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        self.requests.append(request)
        if self.refusal is not None and request.tools:
            raise self.refusal
        text = self.texts.pop(0)
        for at in range(0, len(text), 3):
            on_deltas([Delta(text=text[at : at + 3]).model_dump()])
        return Completion(text=text, finish_reason="stop", usage=Usage(), timings=Timings())

    async def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]


def asked(choice: str | None = None, *more: ChatMessage) -> ChatRequest:
    """A request with tools."""
    messages = [ChatMessage(role="system", content="Be kind."), ChatMessage(role="user", content="Weather?"), *more]
    return ChatRequest(messages=messages, tools=TOOLS, tool_choice=choice)


async def answer(engine: Engine, request: ChatRequest) -> tuple[Completion, str]:
    """The completion, and the text as it streamed."""
    streamed: list[str] = []
    transport = CallingTransport(engine)
    completion = await transport.complete(request, lambda batch: streamed.extend(item["text"] for item in batch))
    return completion, "".join(streamed)


def made(completion: Completion) -> list[tuple[str, Any]]:
    """The calls of a completion."""
    return [(call.function.name, json.loads(call.function.arguments)) for call in completion.tool_calls]


@pytest.mark.parametrize("name", FORMATS)
async def test_a_model_that_writes_its_calls_again_as_it_was_told_is_understood(name: str) -> None:
    written = FORMATS[name].call("weather", {"city": "Bern"})
    engine = Engine(f"I look.\n{written}" if name != "llama3" else written, tool_format=name)
    completion, streamed = await answer(engine, asked())
    assert made(completion) == [("weather", {"city": "Bern"})]
    assert completion.finish_reason == "tool_calls"
    assert completion.text == streamed == ("I look.\n" if name != "llama3" else "")
    (request,) = engine.requests
    assert request.tools is None
    system = str(request.messages[0].content)
    assert system.startswith("Be kind.\n\n")
    assert "weather" in system
    assert "maxLength" in system


@pytest.mark.parametrize(
    ("card", "mark"),
    [
        ({"id": "llama-3.2-1b-instruct"}, '"parameters": dictionary'),
        ({"id": "qwen2.5-0.5b"}, "<tool_call></tool_call> XML tags"),
        ({"id": "qwen3-coder-30b"}, "<function=example_function_name>"),
        ({"id": "ministral-3b"}, "[AVAILABLE_TOOLS]"),
        ({"id": "gemma-2-2b"}, "You can use these tools:"),
        ({"id": "gemma-2-2b", "tool_format": "llama3"}, '"parameters": dictionary'),
    ],
)
async def test_the_format_is_the_cards_or_the_familys(card: dict[str, Any], mark: str) -> None:
    engine = Engine("Hello.", **card)
    await answer(engine, asked())
    assert mark in str(engine.requests[0].messages[0].content)


async def test_calls_and_results_of_the_past_become_text() -> None:
    function = FunctionCall(name="weather", arguments='{"city": "Bern"}')
    calls = [ToolCall(id="a", function=function), ToolCall(id="b", function=FunctionCall(name="now", arguments="{}"))]
    past = [
        ChatMessage(role="assistant", content="I look.", tool_calls=calls),
        ChatMessage(role="tool", content="sunny", tool_call_id="a"),
        ChatMessage(role="tool", content="noon", tool_call_id="b"),
        ChatMessage(role="assistant", content="Sunny."),
        ChatMessage(role="user", content="Thanks"),
    ]
    engine = Engine("You are welcome.", tool_format="generic")
    await answer(engine, asked(None, *past))
    roles = [(message.role, message.content) for message in engine.requests[0].messages[2:]]
    call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Bern"}}\n</tool_call>'
    now = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    assert roles[0] == ("assistant", f"I look.\n{call}\n{now}")
    assert roles[1:] == [
        ("user", "Result of weather:\nsunny\nResult of now:\nnoon"),
        ("assistant", "Sunny."),
        ("user", "Thanks"),
    ]
    assert all(message.tool_calls is None for message in engine.requests[0].messages)


async def test_an_engine_that_knows_tools_gets_them_and_its_unparsed_text_is_read() -> None:
    engine = Engine('<tool_call>{"name": "now", "arguments": {}}</tool_call>', native=True)
    completion, streamed = await answer(engine, asked())
    assert engine.requests[0] == asked()
    assert (made(completion), streamed) == ([("now", {})], "")


async def test_a_server_that_refuses_tools_gets_them_as_text_and_is_not_asked_again() -> None:
    engine = Engine('<tool_call>{"name": "now", "arguments": {}}</tool_call>', "Hi.", native=True)
    engine.refusal = ToolsRefused("It takes no tools.")
    completion, _ = await answer(engine, asked())
    assert made(completion) == [("now", {})]
    await answer(engine, asked())
    assert [bool(request.tools) for request in engine.requests] == [True, False, False]


@pytest.mark.parametrize("native", [True, False])
async def test_a_call_that_must_come_is_held_to_its_schema(native: bool) -> None:
    engine = Engine('{"name": "weather", "arguments": {"city": "Bern"}}', native=native)
    completion, streamed = await answer(engine, asked("weather"))
    assert (made(completion), streamed) == ([("weather", {"city": "Bern"})], "")
    (request,) = engine.requests
    assert request.response_format == call_format(TOOLS, "weather")
    assert request.tool_choice is None
    assert bool(request.tools) is native


async def test_an_engine_that_enforces_the_choice_itself_gets_it() -> None:
    engine = Engine("No.", native=True, choice=True)
    await answer(engine, asked("required"))
    assert engine.requests[0] == asked("required")


def test_the_schema_of_a_call_is_the_tools_with_its_references() -> None:
    schema = check_schema(call_format(TOOLS, "required")["json_schema"]["schema"])
    assert not fault_of({"name": "weather", "arguments": {"city": "Bern"}}, schema)
    assert not fault_of({"name": "now", "arguments": {}}, schema)
    assert fault_of({"name": "weather", "arguments": {"city": "B" * 21}}, schema)
    assert fault_of({"name": "now", "arguments": {"city": "Bern"}}, schema)
    assert fault_of({"name": "fly", "arguments": {}}, schema)


async def test_thoughts_of_a_model_are_told_from_its_answer_without_tools_as_well() -> None:
    engine = Engine("<think>Hm.</think>\n\nYes.", native=True)
    completion, streamed = await answer(engine, ChatRequest(messages=asked().messages))
    assert (completion.reasoning, completion.text, streamed) == ("Hm.", "Yes.", "Yes.")


async def test_what_an_engine_does_not_stream_is_read_as_well() -> None:
    class Silent(Engine):
        async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
            return await super().complete(request, lambda _: None)

    completion, streamed = await answer(Silent('Yes.<tool_call>{"name": "now"}</tool_call>'), asked())
    assert (completion.text, streamed, made(completion)) == ("Yes.", "Yes.", [("now", {})])
