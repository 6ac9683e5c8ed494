"""The provider over a transport: streaming, pictures, errors, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from amplifier_core import ChatRequest, ContextLengthError, HookRegistry, InvalidRequestError, Message
from tests.unit.cloche.scripted import CARD, ENGINE

from cloche.engine_contract import ChatRequest as EngineRequest
from cloche.engine_contract import Completion
from cloche.errors import ImageUnsupported, MessageTooLong
from cloche.model_shapes import EngineInfo, ModelCard
from cloche.providers.base import OnDeltas, Transport
from cloche.providers.chat_completions import ChatCompletionsProvider
from cloche.shapes import Timings, Usage


class Scripted(Transport):
    """Answers with a function of the request."""

    def __init__(self, answer: Callable[[EngineRequest, OnDeltas], Any]) -> None:
        self.requests: list[EngineRequest] = []
        self.info = EngineInfo.model_validate(ENGINE)
        self._answer = answer

    @property
    def card(self) -> ModelCard | None:
        return ModelCard.model_validate(CARD)

    @property
    def engine(self) -> EngineInfo | None:
        return self.info

    async def complete(self, request: EngineRequest, on_deltas: OnDeltas) -> Completion:
        self.requests.append(request)
        answer = self._answer(request, on_deltas)
        completion: Completion = await answer if asyncio.iscoroutine(answer) else answer
        return completion

    async def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]


def completion(text: str) -> Completion:
    """A completion of text."""
    return Completion(text=text, finish_reason="stop", usage=Usage(), timings=Timings())


def delta(text: str = "", reasoning: str = "") -> dict[str, Any]:
    """A stream item."""
    return {"text": text, "reasoning": reasoning, "tool_calls": []}


class Fixture:
    """A provider with its transport and the events that it emitted."""

    def __init__(self, answer: Callable[[EngineRequest, OnDeltas], Any]) -> None:
        self.hooks = HookRegistry()
        self.events: list[tuple[str, dict[str, Any]]] = []
        for event in ("content_block:start", "content_block:delta"):
            self.hooks.register(event, self._heard)
        self.transport = Scripted(answer)
        self.provider = ChatCompletionsProvider("llamacpp", self.transport, lambda _: b"png", self.hooks)

    async def _heard(self, event: str, data: dict[str, Any]) -> None:
        self.events.append((event.removeprefix("content_block:"), data))


def request(content: Any = "Hello", **more: Any) -> ChatRequest:
    """A request with one message."""
    return ChatRequest(messages=[Message(role="user", content=content)], **more)


PICTURE = [{"type": "image", "source": {"type": "stored", "image_id": "i1"}}]


async def test_text_streams_as_one_event_a_batch() -> None:
    async def answer(_: EngineRequest, on_deltas: OnDeltas) -> Completion:
        for batch in ([delta("A"), delta("B")], [delta("C")]):
            on_deltas(batch)
            for _turn in range(10):
                await asyncio.sleep(0)
        return completion("ABC")

    fixture = Fixture(answer)
    response = await fixture.provider.complete(request())
    assert [(name, data.get("delta")) for name, data in fixture.events] == [
        ("start", None),
        ("delta", "AB"),
        ("delta", "C"),
    ]
    assert response.content[0].text == "ABC"


async def test_batches_that_pile_up_become_one_event() -> None:
    def answer(_: EngineRequest, on_deltas: OnDeltas) -> Completion:
        for _number in range(100):
            on_deltas([delta("x")])
        return completion("x" * 100)

    fixture = Fixture(answer)
    await fixture.provider.complete(request())
    assert [data["delta"] for name, data in fixture.events if name == "delta"] == ["x" * 100]


async def test_reasoning_is_a_block_of_its_own() -> None:
    def answer(_: EngineRequest, on_deltas: OnDeltas) -> Completion:
        on_deltas([delta(reasoning="Hm."), delta("Yes.")])
        return completion("Yes.")

    fixture = Fixture(answer)
    await fixture.provider.complete(request())
    blocks = [(data["block_index"], data["block_type"]) for name, data in fixture.events if name == "delta"]
    assert blocks == [(0, "thinking"), (1, "text")]


async def test_parameters_are_passed_on_and_the_rest_is_left_to_the_engine() -> None:
    fixture = Fixture(lambda *_: completion("Hi."))
    await fixture.provider.complete(request(temperature=0.5, max_output_tokens=7, top_k=3, seed=9, stop=["END"]))
    (asked,) = fixture.transport.requests
    assert (asked.temperature, asked.max_tokens, asked.top_k, asked.seed, asked.stop) == (0.5, 7, 3, 9, ["END"])
    assert (asked.top_p, asked.min_p, asked.tools) == (None, None, None)


async def test_a_picture_reaches_the_engine_as_bytes() -> None:
    fixture = Fixture(lambda *_: completion("A circle."))
    await fixture.provider.complete(request(PICTURE))
    (message,) = fixture.transport.requests[0].model_dump()["messages"]
    assert message["content"] == [{"type": "image", "data": b"png", "fit": "auto", "detail": "auto"}]


async def test_a_picture_for_a_model_without_eyes_is_refused() -> None:
    fixture = Fixture(lambda *_: completion("?"))
    fixture.transport.info.images = False
    with pytest.raises(InvalidRequestError) as caught:
        await fixture.provider.complete(request(PICTURE))
    assert isinstance(caught.value.__cause__, ImageUnsupported)
    assert fixture.transport.requests == []


async def test_an_error_keeps_its_code_behind_amplifiers_class() -> None:
    def answer(*_: Any) -> Completion:
        raise MessageTooLong("Too long.")

    with pytest.raises(ContextLengthError) as caught:
        await Fixture(answer).provider.complete(request())
    assert isinstance(caught.value.__cause__, MessageTooLong)


async def test_cancelling_the_request_cancels_the_transport() -> None:
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def answer(*_: Any) -> Completion:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    task = asyncio.ensure_future(Fixture(answer).provider.complete(request()))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(cancelled.wait(), 5)


async def test_it_says_what_it_can_do() -> None:
    provider = Fixture(lambda *_: completion("")).provider
    assert provider.get_info().defaults == {
        "model": "cloche-starter",
        "context_window": 2048,
        "trained_context": 512,
        "max_output_tokens": 256,
        "image_tokens": 64,
    }
    (model,) = await provider.list_models()
    assert model.capabilities == ["streaming", "tools", "vision"]
    assert await provider.count_tokens(["abc"]) == [3]
