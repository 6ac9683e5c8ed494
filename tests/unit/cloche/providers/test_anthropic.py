"""The Anthropic transport against a real server with faults. Needs sockets: CPython only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.cloche.providers.asking import SCHEMA, formed, json_schema
from tests.unit.cloche.providers.faulty_llm_server import Answer, FaultyServer, fails
from tests.unit.cloche.scripted import PNG

from cloche import errors
from cloche.engine_contract import (
    ChatMessage,
    ChatRequest,
    Completion,
    FunctionCall,
    ImageContent,
    TextContent,
    ToolCall,
    ToolFunction,
    ToolSpec,
)
from cloche.host.http_link import HttpLink
from cloche.host.memory import MemoryHost
from cloche.providers.anthropic import AnthropicTransport, list_models
from cloche.providers.http_transport import Endpoint, ServedModel
from cloche.providers.remote import Remote

HELLO = ChatRequest(messages=[ChatMessage(role="user", content="Hello")])


def event(kind: str, **data: Any) -> str:
    """One event of the stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def block(index: int, **what: Any) -> str:
    """The beginning of a block."""
    return event("content_block_start", index=index, content_block=what)


def piece(index: int, **delta: Any) -> str:
    """A piece of a block."""
    return event("content_block_delta", index=index, delta=delta)


def message(*pieces: str, stop: str = "end_turn") -> Answer:
    """A whole message."""
    started = {"usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}}
    ended = event("message_delta", delta={"stop_reason": stop}, usage={"output_tokens": 9})
    return Answer([event("message_start", message=started), event("ping"), *pieces, ended, event("message_stop")])


async def asked(server: FaultyServer, request: ChatRequest = HELLO) -> tuple[Completion, str]:
    """The completion, and the text that was streamed."""
    remote = Remote(MemoryHost(workers={"remote": HttpLink}))
    deltas: list[dict[str, Any]] = []

    async def sleep(_: float) -> None:
        """Wait for nothing."""

    endpoint = Endpoint(server.url, lambda: "secret")
    transport = AnthropicTransport(remote, endpoint, ServedModel("m", "M"), sleep=sleep)
    completion = await transport.complete(request, deltas.extend)
    return completion, "".join(delta["text"] for delta in deltas)


async def test_an_answer_streams_and_is_given_whole() -> None:
    thinking = [block(0, type="thinking"), piece(0, type="thinking_delta", thinking="Hm.")]
    texts = [block(1, type="text"), piece(1, type="text_delta", text="Hel"), piece(1, type="text_delta", text="lo.")]
    with FaultyServer(message(*thinking, *texts)) as server:
        completion, streamed = await asked(server)
    assert (completion.text, streamed, completion.reasoning) == ("Hello.", "Hello.", "Hm.")
    usage = completion.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (9, 9, 4)
    path, headers, _ = server.asked[0]
    assert path == "/v1/messages"
    assert headers["x-api-key"] == "secret"
    assert headers["anthropic-dangerous-direct-browser-access"] == "true"


async def test_the_conversation_has_the_servers_form() -> None:
    call = ToolCall(id="a", function=FunctionCall(name="clock", arguments='{"zone": 1}'))
    request = ChatRequest(
        messages=[
            ChatMessage(role="system", content="Be kind."),
            ChatMessage(role="user", content=[ImageContent(data=PNG), TextContent(text="What is it?")]),
            ChatMessage(role="assistant", content=None, tool_calls=[call]),
            ChatMessage(role="tool", content="noon", tool_call_id="a"),
            ChatMessage(role="user", content="And now?"),
        ],
        tools=[ToolSpec(function=ToolFunction(name="clock", parameters={"type": "object"}))],
        temperature=2,
        stop=["END"],
    )
    with FaultyServer(message()) as server:
        await asked(server, request)
    (body,) = server.bodies()
    first, second, third = body["messages"]
    assert body["system"] == "Be kind."
    assert [part["type"] for part in first["content"]] == ["image", "text"]
    assert first["content"][0]["source"]["media_type"] == "image/png"
    assert second["content"] == [{"type": "tool_use", "id": "a", "name": "clock", "input": {"zone": 1}}]
    assert third["content"][0] == {"type": "tool_result", "tool_use_id": "a", "content": "noon"}
    assert third["content"][1] == {"type": "text", "text": "And now?"}
    assert body["tools"][0]["input_schema"] == {"type": "object"}
    assert (body["temperature"], body["stop_sequences"]) == (1.0, ["END"])


async def test_tool_calls_come_in_pieces() -> None:
    pieces = [
        block(0, type="tool_use", id="a", name="clock"),
        piece(0, type="input_json_delta", partial_json='{"zo'),
        piece(0, type="input_json_delta", partial_json='ne": 1}'),
        block(1, type="tool_use", id="b", name="todo_list"),
    ]
    with FaultyServer(message(*pieces, stop="tool_use")) as server:
        completion, _ = await asked(server)
    calls = [(call.id, call.function.name, call.function.arguments) for call in completion.tool_calls]
    assert calls == [("a", "clock", '{"zone": 1}'), ("b", "todo_list", "")]
    assert completion.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [
        (fails(401), errors.KeyRefused, 1),
        (fails(400, "prompt is too long: 9 tokens > 8 maximum"), errors.MessageTooLong, 1),
        (fails(404, "model: x"), errors.ModelUnknown, 1),
        (fails(429), errors.RateLimited, 3),
        (fails(529, "Overloaded"), errors.ServerFailed, 3),
        (Answer([event("error", error={"type": "overloaded_error", "message": "Overloaded"})]), errors.ServerFailed, 3),
        (Answer([event("message_start")], cut=True), errors.AnswerDropped, 3),
        (Answer([block(0, type="text"), piece(0, text="Half")], cut=True), errors.AnswerDropped, 1),
        (Answer(["data: {oops\n\n"]), errors.AnswerUnreadable, 1),
        (Answer(["hello"], headers={"Content-Type": "text/plain"}), errors.AnswerUnreadable, 1),
        (message(stop="refusal"), errors.ContentFiltered, 1),
    ],
)
async def test_every_fault_has_its_error(answer: Answer, error: type[errors.ClocheError], tries: int) -> None:
    with FaultyServer(answer) as server, pytest.raises(error) as caught:
        await asked(server)
    assert type(caught.value) is error
    assert len(server.bodies()) == tries


async def test_the_models_are_listed() -> None:
    listed = {"data": [{"type": "model", "id": "m-1", "display_name": "M 1"}], "has_more": False}
    with FaultyServer() as server:
        server.models = Answer([json.dumps(listed)], headers={"Content-Type": "application/json"})
        remote = Remote(MemoryHost(workers={"remote": HttpLink}))
        models = await list_models(remote, Endpoint(server.url, lambda: "k"))
    assert [(model.id, model.name) for model in models] == [("m-1", "M 1")]


CLOCK = ToolSpec(function=ToolFunction(name="clock", description="The time.", parameters={"type": "object"}))


@pytest.mark.parametrize(
    ("choice", "sent"),
    [(None, {"type": "auto"}), ("required", {"type": "any"}), ("clock", {"type": "tool", "name": "clock"})],
)
async def test_a_tool_choice_has_anthropics_form(choice: str | None, sent: Any) -> None:
    with FaultyServer(message(block(0, type="text", text="Hi."))) as server:
        await asked(server, HELLO.model_copy(update={"tools": [CLOCK], "tool_choice": choice}))
    assert server.bodies()[0]["tool_choice"] == sent


async def test_an_answer_of_a_form_is_a_forced_call_whose_arguments_are_the_answer() -> None:
    pieces = [
        block(0, type="text", text="Here it is."),
        block(1, type="tool_use", id="t1", name="answer"),
        piece(1, type="input_json_delta", partial_json='{"color": '),
        piece(1, type="input_json_delta", partial_json='"red"}'),
    ]
    with FaultyServer(message(*pieces, stop="tool_use")) as server:
        completion, streamed = await asked(server, formed(json_schema(SCHEMA)))
    assert completion.text == streamed == '{"color": "red"}'
    assert (completion.tool_calls, completion.finish_reason) == ([], "stop")
    (body,) = server.bodies()
    assert body["tools"] == [{"name": "answer", "description": "Give the answer.", "input_schema": SCHEMA}]
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}


async def test_a_choice_comes_in_a_box() -> None:
    pieces = [
        block(0, type="tool_use", id="t1", name="answer"),
        piece(0, type="input_json_delta", partial_json='{"answer": "red"}'),
    ]
    with FaultyServer(message(*pieces, stop="tool_use")) as server:
        completion, _ = await asked(server, formed(json_schema({"enum": ["red", "blue"]})))
    assert completion.text == '"red"'


async def test_a_grammar_is_said_in_words() -> None:
    with FaultyServer(message(block(0, type="text", text="yes"))) as server:
        await asked(server, formed({"type": "grammar", "grammar": 'root ::= "yes"'}))
    (body,) = server.bodies()
    assert 'root ::= "yes"' in body["system"]
    assert "tool_choice" not in body


async def test_calls_of_the_past_become_words_where_no_tools_are_offered() -> None:
    call = ToolCall(id="t1", function=FunctionCall(name="clock", arguments="{}"))
    past = [
        ChatMessage(role="assistant", content=None, tool_calls=[call]),
        ChatMessage(role="tool", content="noon", tool_call_id="t1"),
    ]
    with FaultyServer(message(block(0, type="text", text="Noon."))) as server:
        await asked(server, ChatRequest(messages=[*HELLO.messages, *past]))
    kinds = [part["type"] for turn in server.bodies()[0]["messages"] for part in turn["content"]]
    assert kinds == ["text", "text", "text"]
