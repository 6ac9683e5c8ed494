"""The stream of one OpenAI chat completion, read chunk by chunk.

Owns what the chunks mean and how they add up. It takes what the many servers that speak this protocol really send:
reasoning under two names, tool calls in pieces or whole, usage in the last chunk or in one of its own, errors in the
middle of the stream.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from ..engine_contract import Completion, Delta, FunctionCall, ToolCall, ToolCallDelta
from ..errors import AnswerUnreadable, ContentFiltered
from ..shapes import Timings, Usage
from .refusals import named, shortened
from .sse import Event

DONE = "[DONE]"
MAX_TOOL_CALLS = 128


class _Function(BaseModel):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(BaseModel):
    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class _Delta(BaseModel):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Cached(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = Field(default=None, ge=0)
    completion_tokens: int | None = Field(default=None, ge=0)
    prompt_tokens_details: _Cached | None = None

    def counted(self) -> Usage:
        cached = self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else 0
        return Usage(
            prompt_tokens=self.prompt_tokens or 0,
            completion_tokens=self.completion_tokens or 0,
            cached_tokens=max(cached or 0, 0),
        )


class _Chunk(BaseModel):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


class OpenAIReader:
    """Reads one answer of `server`."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._texts: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[ToolCall] = []
        self._by_index: dict[int, int] = {}
        self._usage = Usage()
        self._finish: str | None = None
        self._done = False

    @property
    def finished(self) -> bool:
        """A server may end after the reason or after [DONE]; either makes the answer whole."""
        return self._done or self._finish is not None

    def take(self, event: Event) -> Delta | None:
        """What a chunk adds, None if nothing that people see."""
        data = event.data.strip()
        if not data or self._done:
            return None
        if data == DONE:
            self._done = True
            return None
        try:
            chunk = _Chunk.model_validate_json(data)
        except ValidationError as error:
            quoted = shortened(data)[:80]
            raise AnswerUnreadable(f"{self._server} sent a piece that cannot be read: {quoted}") from error
        if chunk.error:
            said = chunk.error.get("message") if isinstance(chunk.error, dict) else chunk.error
            raise named(self._server, code_of(chunk.error), shortened(said) if isinstance(said, str) else "", data)
        if chunk.usage is not None:
            self._usage = chunk.usage.counted()
        return self._choice(chunk.choices[0]) if chunk.choices else None

    def completion(self, timings: Timings) -> Completion:
        """The whole answer."""
        return Completion(
            text="".join(self._texts),
            reasoning="".join(self._reasoning),
            tool_calls=self._calls,
            finish_reason=self._finish_reason(),
            usage=self._usage,
            timings=timings,
        )

    def _finish_reason(self) -> Literal["stop", "length", "tool_calls"]:
        if self._finish == "length":
            return "length"
        return "tool_calls" if self._calls else "stop"

    def _choice(self, choice: _Choice) -> Delta | None:
        delta = choice.delta or _Delta()
        text = (delta.content or "") + (delta.refusal or "")
        reasoning = delta.reasoning_content or delta.reasoning or ""
        calls = [self._call(call) for call in delta.tool_calls or ()]
        self._texts.append(text)
        self._reasoning.append(reasoning)
        if choice.finish_reason == "content_filter":
            raise ContentFiltered(f"The filter of {self._server} stopped the answer.")
        self._finish = choice.finish_reason or self._finish
        return Delta(text=text, reasoning=reasoning, tool_calls=calls) if text or reasoning or calls else None

    def _call(self, piece: _Call) -> ToolCallDelta:
        """Adds a piece to its call. Without an index a new id begins a new call."""
        position = self._position(piece)
        call = self._calls[position]
        arguments = piece.function.arguments
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if piece.id:
            call.id = piece.id
        if piece.function.name and not call.function.name:
            call.function.name = piece.function.name
        if arguments:
            call.function.arguments += arguments
        return ToolCallDelta(index=position, id=piece.id, name=piece.function.name, arguments=arguments)

    def _position(self, piece: _Call) -> int:
        if piece.index is not None and piece.index in self._by_index:
            return self._by_index[piece.index]
        if piece.index is None and self._calls and piece.id in (None, "", self._calls[-1].id):
            return len(self._calls) - 1
        if len(self._calls) >= MAX_TOOL_CALLS:
            raise AnswerUnreadable(f"{self._server} calls more than {MAX_TOOL_CALLS} tools at once.")
        self._calls.append(ToolCall(id="", function=FunctionCall(name="", arguments="")))
        if piece.index is not None:
            self._by_index[piece.index] = len(self._calls) - 1
        return len(self._calls) - 1


def code_of(error: Any) -> int:
    """The status inside an error of the stream, 0 where there is none."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 0
