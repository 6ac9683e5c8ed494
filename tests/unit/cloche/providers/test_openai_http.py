"""The OpenAI transport against a real server that has all the faults of the world. Needs sockets: CPython only."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from amplifier_core import ContextLengthError, LLMError
from tests.unit.cloche.providers.faulty_llm_server import (
    Answer,
    FaultyServer,
    chunk,
    event,
    fails,
    says,
)
from tests.unit.cloche.scripted import PNG

from cloche import errors
from cloche.engine_contract import (
    ChatMessage,
    ChatRequest,
    Completion,
    ImageContent,
    TextContent,
    ToolFunction,
    ToolSpec,
)
from cloche.host.http_link import HttpLink
from cloche.host.memory import MemoryHost
from cloche.providers.failures import as_llm_error
from cloche.providers.http_transport import Endpoint, ServedModel
from cloche.providers.openai_http import OpenAITransport, list_models
from cloche.providers.remote import Patience, Remote


class Asking:
    """A transport to a server; `pauses` are the seconds that it would have waited."""

    def __init__(self, url: str, key: str = "", patience: Patience | None = None) -> None:
        self.host = MemoryHost(workers={"remote": HttpLink})
        self.remote = Remote(self.host)
        self.endpoint = Endpoint(url, lambda: key)
        self.pauses: list[float] = []
        self.deltas: list[dict[str, Any]] = []
        self.transport = OpenAITransport(
            self.remote,
            self.endpoint,
            ServedModel("small", "Small"),
            patience=patience or Patience(),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def ask(self, request: ChatRequest | None = None) -> Completion:
        """The completion of a request."""
        request = request or ChatRequest(messages=[ChatMessage(role="user", content="Hello")])
        return await self.transport.complete(request, self.deltas.extend)

    @property
    def streamed(self) -> str:
        """The text that came as deltas."""
        return "".join(delta["text"] for delta in self.deltas)


async def test_an_answer_streams_and_is_given_whole() -> None:
    with FaultyServer(says("Hello ", "from ", "afar.")) as server:
        asking = Asking(server.url, key="secret")
        completion = await asking.ask()
    assert completion.text == asking.streamed == "Hello from afar."
    assert (completion.finish_reason, completion.usage.prompt_tokens, completion.usage.completion_tokens) == (
        "stop",
        7,
        3,
    )
    assert completion.timings.total_ms is not None
    assert completion.timings.time_to_first_token_ms is not None
    path, headers, body = server.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer secret"
    assert (body["model"], body["stream"], body["stream_options"]) == ("small", True, {"include_usage": True})


async def test_without_a_key_none_is_sent() -> None:
    with FaultyServer() as server:
        await Asking(server.url).ask()
    assert "authorization" not in server.asked[0][1]


async def test_pictures_tools_and_parameters_have_openais_form() -> None:
    request = ChatRequest(
        messages=[ChatMessage(role="user", content=[ImageContent(data=PNG), TextContent(text="What is it?")])],
        tools=[ToolSpec(function=ToolFunction(name="clock", parameters={"type": "object"}))],
        temperature=0.5,
        seed=3,
        max_tokens=99,
    )
    with FaultyServer() as server:
        await Asking(server.url).ask(request)
    (body,) = server.bodies()
    picture, text = body["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert text == {"type": "text", "text": "What is it?"}
    assert body["tools"][0]["function"]["name"] == "clock"
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.5, 3, 99)
    assert "top_k" not in body


async def test_reasoning_is_told_apart() -> None:
    pieces = [chunk({"reasoning_content": "Hm"}), chunk({"reasoning": "."}), chunk({"content": "Yes."}, "stop")]
    with FaultyServer(Answer(pieces)) as server:
        completion = await Asking(server.url).ask()
    assert (completion.reasoning, completion.text) == ("Hm.", "Yes.")


async def test_tool_calls_come_in_pieces() -> None:
    def call(index: int, call_id: str | None = None, **function: str) -> dict[str, Any]:
        return {"tool_calls": [{"index": index, "id": call_id, "function": function}]}

    pieces = [
        chunk(call(0, "a", name="clock", arguments="")),
        chunk(call(0, arguments='{"zo')),
        chunk(call(1, "b", name="calculator", arguments='{"expression": "1+1"}')),
        chunk(call(0, arguments='ne": 1}')),
        chunk({}, "tool_calls"),
    ]
    with FaultyServer(Answer(pieces)) as server:
        completion = await Asking(server.url).ask()
    assert [(call.id, call.function.name, json.loads(call.function.arguments)) for call in completion.tool_calls] == [
        ("a", "clock", {"zone": 1}),
        ("b", "calculator", {"expression": "1+1"}),
    ]
    assert completion.finish_reason == "tool_calls"


async def test_whole_tool_calls_without_an_index_are_calls_of_their_own() -> None:
    calls = [{"id": name, "function": {"name": name, "arguments": {"a": 1}}} for name in ("x", "y")]
    with FaultyServer(Answer([chunk({"tool_calls": calls}, "stop")])) as server:
        completion = await Asking(server.url).ask()
    assert [call.function.name for call in completion.tool_calls] == ["x", "y"]
    assert completion.tool_calls[1].function.arguments == '{"a": 1}'
    assert completion.finish_reason == "tool_calls"


async def test_pieces_of_characters_and_events_are_put_together() -> None:
    whole = (chunk({"content": "Grüße, 世界 👋"}) + chunk(finish="stop")).encode()
    with FaultyServer(Answer([bytes([byte]) for byte in whole])) as server:
        completion = await Asking(server.url).ask()
    assert completion.text == "Grüße, 世界 👋"


@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [
        (fails(401, "Incorrect API key."), errors.KeyRefused, 1),
        (fails(403), errors.KeyRefused, 1),
        (fails(404, "The model `x` does not exist"), errors.ModelUnknown, 1),
        (fails(400, "This model's maximum context length is 10 tokens."), errors.MessageTooLong, 1),
        (fails(400, "Flagged: content_filter"), errors.ContentFiltered, 1),
        (fails(400, "top_k is unknown"), errors.RequestRefused, 1),
        (fails(429, "Slow down."), errors.RateLimited, 3),
        (fails(500), errors.ServerFailed, 3),
        (fails(503), errors.ServerFailed, 3),
        (Answer(["<html>"], headers={"Content-Type": "text/html"}), errors.AnswerUnreadable, 1),
        (Answer(["{}"], headers={"Content-Type": "application/json"}), errors.AnswerUnreadable, 1),
        (Answer([event('{"choices": [')]), errors.AnswerUnreadable, 1),
        (Answer([event("[1, 2]")]), errors.AnswerUnreadable, 1),
        (Answer([event({"error": {"message": "CUDA error"}})]), errors.ServerFailed, 3),
        (
            Answer([event({"error": {"message": "too big", "code": "context_length_exceeded"}})]),
            errors.MessageTooLong,
            1,
        ),
        (Answer([]), errors.AnswerDropped, 3),
        (Answer([chunk({"role": "assistant"})], cut=True), errors.AnswerDropped, 3),
        (Answer([chunk({"content": "Half an ans"})], cut=True), errors.AnswerDropped, 1),
        (Answer([chunk({"content": "Half an ans"})]), errors.AnswerDropped, 1),
        (Answer([chunk({"content": "Half"}), 'data: {"choices": [{"del'], cut=True), errors.AnswerDropped, 1),
        (Answer([chunk({"content": "Bad"}, "content_filter")]), errors.ContentFiltered, 1),
    ],
)
async def test_every_fault_has_its_error(answer: Answer, error: type[errors.ClocheError], tries: int) -> None:
    with FaultyServer(answer) as server:
        asking = Asking(server.url)
        with pytest.raises(error) as caught:
            await asking.ask()
    assert type(caught.value) is error
    assert caught.value.info().action
    assert len(server.bodies()) == tries
    assert isinstance(as_llm_error(caught.value, "remote"), LLMError)
    assert isinstance(as_llm_error(errors.MessageTooLong("x"), "remote"), ContextLengthError)


async def test_what_came_before_a_fault_has_been_handed_on() -> None:
    with FaultyServer(Answer([chunk({"content": "Half "}), chunk({"content": "an"}) + event("{")])) as server:
        asking = Asking(server.url)
        with pytest.raises(errors.AnswerUnreadable):
            await asking.ask()
    assert asking.streamed == "Half an"


async def test_a_server_that_comes_back_is_asked_again_with_growing_pauses() -> None:
    with FaultyServer(fails(500), fails(502), says("Here I am.")) as server:
        asking = Asking(server.url)
        completion = await asking.ask()
    assert completion.text == asking.streamed == "Here I am."
    first, second = asking.pauses
    assert 0.5 <= first < 1.5
    assert 1 <= second < 3


async def test_retry_after_is_honoured() -> None:
    with FaultyServer(fails(429, Retry_After="7"), says("Yes.")) as server:
        asking = Asking(server.url)
        await asking.ask()
    assert asking.pauses == [7]


async def test_a_wait_beyond_a_minute_is_told_instead_of_waited_for() -> None:
    with FaultyServer(fails(429, "Quota used up.", Retry_After="3600")) as server:
        asking = Asking(server.url)
        with pytest.raises(errors.RateLimited, match=r"wait 3600 seconds.*Quota used up"):
            await asking.ask()
    assert asking.pauses == []


async def test_nobody_there_is_said_and_tried_again() -> None:
    with FaultyServer() as server:
        url = server.url
    asking = Asking(url)
    with pytest.raises(errors.ServerUnreachable):
        await asking.ask()
    assert len(asking.pauses) == 2


async def test_stop_ends_the_request_at_the_server() -> None:
    answer = Answer([chunk({"content": "One "})], held=threading.Event())
    with FaultyServer(answer) as server:
        asking = Asking(server.url)
        begun = asyncio.Event()
        request = ChatRequest(messages=[ChatMessage(role="user", content="Count")])
        task = asyncio.create_task(asking.transport.complete(request, lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(answer.left.wait, 10)


async def test_a_pause_can_be_stopped() -> None:
    asking = Asking("http://127.0.0.1:9/v1")
    pausing = asyncio.Event()

    async def sleep(_: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    asking.transport._sleep = sleep
    task = asyncio.create_task(asking.ask())
    await pausing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("pieces", [[], [chunk({"content": "One "})]])
async def test_silence_is_an_error(pieces: list[bytes | str]) -> None:
    with FaultyServer(*(Answer(pieces, held=threading.Event()) for _ in range(3))) as server:
        asking = Asking(server.url, patience=Patience(0.4, 0.2))
        with pytest.raises(errors.ServerSilent):
            await asking.ask()


async def test_the_models_are_listed() -> None:
    with FaultyServer() as server:
        asking = Asking(server.url, key="k")
        models = await list_models(asking.remote, asking.endpoint)
    assert models == [ServedModel("small", "small", 8192), ServedModel("large", "large", 8192)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fails(401), errors.KeyRefused),
        (Answer(["<html>"], headers={"Content-Type": "text/html"}), errors.AnswerUnreadable),
        (Answer(['{"data": [{}]}'], headers={}), errors.AnswerUnreadable),
        (Answer(['{"data": ['], cut=True), errors.ServerUnreachable),
    ],
)
async def test_a_list_that_fails_says_why(answer: Answer, error: type[errors.ClocheError]) -> None:
    with FaultyServer() as server:
        server.models = answer
        asking = Asking(server.url)
        with pytest.raises(error):
            await list_models(asking.remote, asking.endpoint)


async def test_a_closed_link_is_opened_anew() -> None:
    with FaultyServer() as server:
        asking = Asking(server.url)
        await asking.ask()
        await asking.remote.close()
        assert (await asking.ask()).text


async def test_a_renewed_link_lets_what_is_under_way_end() -> None:
    answer = Answer([chunk({"content": "One "})], held=threading.Event())
    answer.pieces_after = [chunk({"content": "two."}, "stop")]
    with FaultyServer(answer, says("Other.")) as server:
        asking = Asking(server.url)
        begun = asyncio.Event()
        request = ChatRequest(messages=[ChatMessage(role="user", content="Count")])
        task = asyncio.create_task(asking.transport.complete(request, lambda _: begun.set()))
        await begun.wait()
        await asking.remote.renew()
        assert (await asking.ask()).text == "Other."
        answer.go_on.set()
        assert (await task).text == "One two."
    (_, first), (_, second) = asking.host.links
    assert isinstance(first, HttpLink)
    assert isinstance(second, HttpLink)
    assert (first.closed, second.closed) == (True, False)


async def test_only_open_origins_are_reached() -> None:
    with FaultyServer() as server:
        remote = Remote(MemoryHost(workers={"remote": lambda: HttpLink({"http://127.0.0.1:1"})}))
        with pytest.raises(errors.OriginClosed):
            await list_models(remote, Endpoint(server.url, lambda: ""))
    assert server.asked == []


SCHEMA = {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}


def formed(form: dict[str, Any], **more: Any) -> ChatRequest:
    """A request for an answer of a form."""
    return ChatRequest(messages=[ChatMessage(role="user", content="Hello")], response_format=form, **more)


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as the engines' contract has it."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


async def test_a_schema_is_strict_only_where_it_can_be() -> None:
    closed = {**SCHEMA, "additionalProperties": False}
    with FaultyServer(says('{"color": "red"}')) as server:
        asking = Asking(server.url)
        for schema in (SCHEMA, closed):
            assert (await asking.ask(formed(json_schema(schema)))).text == '{"color": "red"}'
    assert [body["response_format"]["json_schema"]["strict"] for body in server.bodies()] == [False, True]


async def test_an_answer_that_is_no_object_comes_in_a_box() -> None:
    with FaultyServer(says('{"answer": ', '"blue"}')) as server:
        asking = Asking(server.url)
        completion = await asking.ask(formed(json_schema({"enum": ["red", "blue"]})))
    assert (completion.text, asking.streamed) == ('"blue"', "")
    sent = server.bodies()[0]["response_format"]["json_schema"]["schema"]
    assert sent["properties"] == {"answer": {"enum": ["red", "blue"]}}


async def test_a_server_that_wants_another_name_for_the_limit_gets_it_from_then_on() -> None:
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    with FaultyServer(fails(400, said), says("Yes.")) as server:
        asking = Asking(server.url)
        for _ in range(2):
            assert (await asking.ask()).text == "Yes."
    limits = [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in server.bodies()]
    assert limits == [(512, None), (None, 512), (None, 512)]


async def test_parameters_that_a_server_does_not_know_are_left_out_and_a_form_is_said_in_words() -> None:
    unknown = [
        fails(400, "Unrecognized request argument supplied: top_k"),
        fails(422, "min_p: extra inputs are not permitted; response_format: extra inputs are not permitted"),
    ]
    with FaultyServer(*unknown, says("{}")) as server:
        await Asking(server.url).ask(formed(json_schema(SCHEMA), top_k=3, min_p=0.1, temperature=0.5))
    last = server.bodies()[-1]
    assert not {"top_k", "min_p", "response_format"} & set(last)
    assert last["temperature"] == 0.5
    assert '"color"' in last["messages"][0]["content"]
    assert len(server.bodies()) == 3


async def test_a_refusal_for_another_reason_is_told() -> None:
    with FaultyServer(fails(400, "temperature must be at most 1")) as server, pytest.raises(errors.RequestRefused):
        await Asking(server.url).ask()


async def test_a_grammar_is_sent_and_said() -> None:
    with FaultyServer(says("yes")) as server:
        await Asking(server.url).ask(formed({"type": "grammar", "grammar": 'root ::= "yes"'}))
    (body,) = server.bodies()
    assert body["grammar"] == 'root ::= "yes"'
    assert 'root ::= "yes"' in body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, "auto"),
        ("required", "required"),
        ("clock", {"type": "function", "function": {"name": "clock"}}),
    ],
)
async def test_a_tool_choice_has_openais_form(choice: str | None, sent: Any) -> None:
    tools = [ToolSpec(function=ToolFunction(name="clock", parameters={"type": "object"}))]
    messages = [ChatMessage(role="user", content="Hello")]
    with FaultyServer() as server:
        await Asking(server.url).ask(ChatRequest(messages=messages, tools=tools, tool_choice=choice))
    assert server.bodies()[0]["tool_choice"] == sent


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "registry.ollama.ai/library/tiny does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (500, "tools param requires --jinja flag"),
    ],
)
async def test_a_refusal_of_tools_is_told_from_others(status: int, said: str) -> None:
    with FaultyServer(fails(status, said)) as server, pytest.raises(errors.ToolsRefused):
        await Asking(server.url).ask()
    assert len(server.bodies()) == 1
