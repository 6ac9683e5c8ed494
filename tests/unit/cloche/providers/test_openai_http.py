"""The OpenAI transport against a real server that has all the faults of the world. Needs sockets: CPython only."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from amplifier_core import ContextLengthError, LLMError
from tests.unit.cloche.providers.asking import Asking
from tests.unit.cloche.providers.faulty_llm_server import Answer, FaultyServer, chunk, event, fails, says

from cloche import errors
from cloche.engine_contract import ChatMessage, ChatRequest
from cloche.host.http_link import HttpLink
from cloche.host.memory import MemoryHost
from cloche.providers.failures import as_llm_error
from cloche.providers.http_transport import Endpoint, ServedModel
from cloche.providers.openai_http import list_models
from cloche.providers.remote import Patience, Remote


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
