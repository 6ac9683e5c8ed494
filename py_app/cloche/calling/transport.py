"""A transport whose engine calls tools, whether the engine knows of tools or not.

Owns the decision. An engine that knows tools gets them; what it leaves unparsed is read out of its text all the same.
One that does not, or refuses them, gets them as text. A call that must come is enforced by the engine where it can be,
else by holding the answer to the schema of a call.
"""

from __future__ import annotations

from typing import Any

from ..engine_contract import ChatRequest, Completion, Delta, ToolCall, ToolCallDelta
from ..errors import ToolsRefused
from ..model_shapes import EngineInfo, ModelCard
from ..providers.base import OnDeltas, Transport
from .choice import AUTO, call_format
from .formats import format_of
from .prompt import as_text
from .reader import AnswerReader


class CallingTransport(Transport):
    """Carries requests with tools over another transport."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    @property
    def card(self) -> ModelCard | None:
        return self._inner.card

    @property
    def engine(self) -> EngineInfo | None:
        return self._inner.engine

    async def ready(self) -> None:
        await self._inner.ready()

    async def count_tokens(self, texts: list[str]) -> list[int]:
        return await self._inner.count_tokens(texts)

    async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        if self._inner.native_tools:
            try:
                return await self._ask(request, on_deltas)
            except ToolsRefused:
                self._inner.refuses_tools = True
        return await self._ask(as_text(request, format_of(self.card)), on_deltas, request)

    async def _ask(self, request: ChatRequest, on_deltas: OnDeltas, wanted: ChatRequest | None = None) -> Completion:
        """Ask for what is `wanted`, which is the request itself unless tools have become text in it."""
        wanted = wanted or request
        choice = wanted.tool_choice or AUTO
        if wanted.tools and choice != AUTO and not (request.tools and self._inner.native_choice):
            form = call_format(wanted.tools, choice)
            request = request.model_copy(update={"response_format": form, "tool_choice": None})
        stream = Stream(wanted, on_deltas)
        return stream.completion(await self._inner.complete(request, stream.push))


class Stream:
    """One answer on its way through: its text is read for calls and thoughts."""

    def __init__(self, request: ChatRequest, on_deltas: OnDeltas) -> None:
        self._reader = AnswerReader({tool.function.name: tool.function.parameters for tool in request.tools or ()})
        self._on_deltas = on_deltas
        self._chars = 0
        self._native = 0
        self._texts: list[str] = []
        self._reasoning: list[str] = []

    def push(self, batch: list[dict[str, Any]]) -> None:
        """Take a batch of deltas and hand on what it comes to."""
        deltas = [self._read(Delta.model_validate(item)) for item in batch]
        self._on_deltas([delta.model_dump() for delta in deltas if delta != Delta()])

    def completion(self, completion: Completion) -> Completion:
        """The whole answer; what was not streamed is read now."""
        rest = [self._read(Delta(text=completion.text[self._chars :])), self._keep(self._reader.end())]
        self._on_deltas([delta.model_dump() for delta in rest if delta != Delta()])
        calls: list[ToolCall] = [*completion.tool_calls, *self._reader.calls]
        finish = "tool_calls" if calls and completion.finish_reason == "stop" else completion.finish_reason
        return completion.model_copy(
            update={
                "text": "".join(self._texts),
                "reasoning": completion.reasoning + "".join(self._reasoning),
                "tool_calls": calls,
                "finish_reason": finish,
            }
        )

    def _read(self, delta: Delta) -> Delta:
        self._chars += len(delta.text)
        self._native = max([self._native, *(piece.index + 1 for piece in delta.tool_calls)])
        read = self._keep(self._reader.feed(delta.text)) if delta.text else Delta()
        return Delta(
            text=read.text,
            reasoning=delta.reasoning + read.reasoning,
            tool_calls=[*delta.tool_calls, *read.tool_calls],
        )

    def _keep(self, read: Delta) -> Delta:
        self._texts.append(read.text)
        self._reasoning.append(read.reasoning)
        pieces: list[ToolCallDelta] = [
            piece.model_copy(update={"index": piece.index + self._native}) for piece in read.tool_calls
        ]
        return read.model_copy(update={"tool_calls": pieces})
