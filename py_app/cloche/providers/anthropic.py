"""Servers that speak Anthropic's messages API.

Owns the form of the request, the reading of its events, and the list of models. A browser may only ask such a server
with a header that says that the key's owner knows what this means.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from ..calling.choice import AUTO, REQUIRED
from ..calling.formats import FORMATS
from ..calling.prompt import as_text, text_of
from ..engine_contract import (
    ChatMessage,
    ChatRequest,
    Completion,
    Delta,
    FunctionCall,
    ImageContent,
    ToolCall,
    ToolCallDelta,
)
from ..errors import AnswerUnreadable, ContentFiltered
from ..remote_shapes import HttpRequest
from ..shapes import Timings, Usage
from .answer_forms import ANSWER, in_words, schema_of
from .http_transport import OK, Endpoint, HttpTransport, Reader, ServedModel
from .openai_http import MAX_MODELS, image_type
from .openai_stream import MAX_TOOL_CALLS
from .refusals import named, refusal, shortened
from .remote import Remote, host_of
from .sse import Event

Data = dict[str, Any]
VERSION = "2023-06-01"


class AnthropicTransport(HttpTransport):
    """One model of one server."""

    def request(self, request: ChatRequest) -> HttpRequest:
        schema = schema_of(request.response_format)
        if schema is None:
            request = in_words(request)
        if schema is None and not request.tools:
            # The server takes calls in the history only together with tools.
            request = as_text(request, FORMATS["generic"])
        system = "\n\n".join(text_of(message) for message in request.messages if message.role == "system")
        body: Data = {
            "model": self._model.id,
            "messages": turns(request.messages),
            "max_tokens": request.max_tokens,
            "stream": True,
            **({"system": system} if system else {}),
            **request.model_dump(include={"top_p", "top_k"}, exclude_none=True),
        }
        if request.temperature is not None:
            body["temperature"] = min(request.temperature, 1.0)
        if request.stop:
            body["stop_sequences"] = request.stop
        if schema is not None:
            body["tools"] = [{"name": ANSWER, "description": "Give the answer.", "input_schema": schema}]
            body["tool_choice"] = {"type": "tool", "name": ANSWER}
        elif request.tools:
            functions = [tool.function for tool in request.tools]
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
                for tool in functions
            ]
            body["tool_choice"] = tool_choice(request.tool_choice)
        return HttpRequest(
            url=self.url("/messages"),
            method="POST",
            headers={**headers(self._endpoint), "Content-Type": "application/json", "Accept": "text/event-stream"},
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        )

    def reader(self, request: ChatRequest) -> Reader:
        formed = schema_of(request.response_format) is not None
        return AnthropicReader(host_of(self._endpoint.base_url), formed=formed)


def tool_choice(choice: str | None) -> Data:
    """The choice in Anthropic's form."""
    if choice in (None, AUTO):
        return {"type": "auto"}
    return {"type": "any"} if choice == REQUIRED else {"type": "tool", "name": choice}


def headers(endpoint: Endpoint) -> dict[str, str]:
    """The headers that say who asks, and how."""
    key = endpoint.key()
    known = {"anthropic-version": VERSION, "anthropic-dangerous-direct-browser-access": "true"}
    return {**known, "x-api-key": key} if key else known


def turns(messages: list[ChatMessage]) -> list[Data]:
    """The conversation: people and models by turns, results of tools as what a person says."""
    found: list[Data] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        content = blocks(message)
        if found and found[-1]["role"] == role:
            found[-1]["content"].extend(content)
        elif content:
            found.append({"role": role, "content": content})
    return found


def blocks(message: ChatMessage) -> list[Data]:
    """A message as content blocks; empty texts, which the server refuses, are left out."""
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": text_of(message)}]
    parts = message.content if isinstance(message.content, list) else []
    images = [part.data for part in parts if isinstance(part, ImageContent)]
    found: list[Data] = [
        {"type": "image", "source": {"type": "base64", "media_type": image_type(data), "data": encoded(data)}}
        for data in images
    ]
    text = text_of(message)
    if text.strip():
        found.append({"type": "text", "text": text})
    for call in message.tool_calls or ():
        given = json.loads(call.function.arguments or "{}")
        found.append({"type": "tool_use", "id": call.id, "name": call.function.name, "input": given})
    return found


def encoded(data: bytes) -> str:
    """Bytes as base64 text."""
    return base64.b64encode(data).decode("ascii")


# ---------------------------------------------------------------- the stream


class _Usage(BaseModel):
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    cache_read_input_tokens: int | None = Field(default=None, ge=0)


class _Message(BaseModel):
    usage: _Usage | None = None


class _Block(BaseModel):
    type: str = ""
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""


class _Delta(BaseModel):
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Error(BaseModel):
    type: str = ""
    message: str = ""


class _Event(BaseModel):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | None = None


class AnthropicReader:
    """Reads one answer of `server`. One that must have a form comes as a call, whose arguments are its text."""

    def __init__(self, server: str, *, formed: bool = False) -> None:
        self._server = server
        self._formed = formed
        self._texts: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._usage = _Usage()
        self._stop: str | None = None
        self._done = False

    @property
    def finished(self) -> bool:
        """Whether the message has ended."""
        return self._done or self._stop is not None

    def take(self, event: Event) -> Delta | None:
        """What an event adds, None if nothing that people see."""
        try:
            read = _Event.model_validate_json(event.data)
        except ValidationError as error:
            quoted = shortened(event.data)[:80]
            raise AnswerUnreadable(f"{self._server} sent a piece that cannot be read: {quoted}") from error
        if read.type == "error":
            raise named(self._server, 0, shortened(read.error.message) if read.error else "", event.data)
        for usage in (read.message and read.message.usage, read.usage):
            if usage is not None:
                self._usage = self._usage.model_copy(update=usage.model_dump(exclude_none=True))
        if read.type == "message_stop":
            self._done = True
        if read.type == "message_delta" and read.delta is not None:
            self._stop = read.delta.stop_reason or self._stop
            if self._stop == "refusal":
                raise ContentFiltered(f"{self._server} refused to go on for reasons of content.")
        if read.type == "content_block_start" and read.content_block is not None:
            return self._begin(read.index, read.content_block)
        if read.type == "content_block_delta" and read.delta is not None:
            return self._go_on(read.index, read.delta)
        return None

    def completion(self, timings: Timings) -> Completion:
        """The whole answer."""
        finish: Literal["stop", "length", "tool_calls"] = "tool_calls" if self._calls else "stop"
        usage = self._usage
        cached = usage.cache_read_input_tokens or 0
        return Completion(
            text="".join(self._texts),
            reasoning="".join(self._reasoning),
            tool_calls=[self._calls[index] for index in sorted(self._calls)],
            finish_reason="length" if self._stop == "max_tokens" else finish,
            usage=Usage(
                prompt_tokens=(usage.input_tokens or 0) + cached,
                completion_tokens=usage.output_tokens or 0,
                cached_tokens=cached,
            ),
            timings=timings,
        )

    def _begin(self, index: int, block: _Block) -> Delta | None:
        if block.type != "tool_use" or self._formed:
            return self._said("" if self._formed else block.text, block.thinking)
        if len(self._calls) >= MAX_TOOL_CALLS:
            raise AnswerUnreadable(f"{self._server} calls more than {MAX_TOOL_CALLS} tools at once.")
        self._calls[index] = ToolCall(id=block.id, function=FunctionCall(name=block.name, arguments=""))
        return Delta(tool_calls=[ToolCallDelta(index=len(self._calls) - 1, id=block.id, name=block.name)])

    def _go_on(self, index: int, delta: _Delta) -> Delta | None:
        call = self._calls.get(index)
        if call is None or not delta.partial_json:
            # Words beside an answer that must have a form are no part of it.
            return self._said(delta.partial_json if self._formed else delta.text, delta.thinking)
        call.function.arguments += delta.partial_json
        position = sorted(self._calls).index(index)
        return Delta(tool_calls=[ToolCallDelta(index=position, arguments=delta.partial_json)])

    def _said(self, text: str, reasoning: str) -> Delta | None:
        self._texts.append(text)
        self._reasoning.append(reasoning)
        return Delta(text=text, reasoning=reasoning) if text or reasoning else None


# ---------------------------------------------------------------- the list of models


class _Listed(BaseModel):
    id: str
    display_name: str = ""


class _List(BaseModel):
    data: list[_Listed]


async def list_models(remote: Remote, endpoint: Endpoint) -> list[ServedModel]:
    """The models that the server offers. Raises RemoteError."""
    server = host_of(endpoint.base_url)
    url = endpoint.base_url.rstrip("/") + "/models?limit=1000"
    head, text = await remote.fetch(HttpRequest(url=url, headers=headers(endpoint)))
    if head.status != OK:
        raise refusal(server, head, text)
    try:
        listed = _List.model_validate_json(text)
    except ValidationError as error:
        raise AnswerUnreadable(f"{server} did not answer with a list of models.") from error
    return [ServedModel(model.id, model.display_name or model.id, 200_000) for model in listed.data[:MAX_MODELS]]
