"""OpenAI's API for programs on this machine: /v1/models and /v1/chat/completions, whole or streamed.

Owns the form of answers and of errors. What a request may hold is openai_shapes.py; who may ask the relay decides.
Tools are only offered to the model here: calling them is the program's part.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..calling.transport import CallingTransport
from ..engine_contract import Completion, ToolCall
from ..errors import BadInput, ClocheError, EngineCrashed, ImageUnsupported, MessageTooLong, ModelError
from ..model_shapes import ModelCard
from ..providers.base import Transport
from ..structured.schema import BadSchema
from ..tools.camera import sees
from .openai_shapes import ChatBody

JSON = "application/json"
EVENTS = "text/event-stream"
DEFAULT_MAX_TOKENS = 512
Head = Callable[[int, str], None]
Text = Callable[[str], None]


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An answer that is an error."""

    def __init__(self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class OpenAIEndpoint:
    """Answers requests with the model of this tab."""

    def __init__(self, transport: Transport) -> None:
        self._transport = CallingTransport(transport)

    async def answer(self, method: str, path: str, body: str, head: Head, text: Text) -> None:
        """Answer a request: `head` is called once with status and content type, `text` with pieces of the body."""
        try:
            if path == "/v1/chat/completions":
                expect(method, "POST")
                await self._complete(body, head, text)
                return
            if path == "/v1/models" or path.startswith("/v1/models/"):
                expect(method, "GET")
                answer = await self._models(path.removeprefix("/v1/models").removeprefix("/"))
            else:
                raise Refusal(404, f"Unknown request URL: {method} {path}.", "invalid_request_error", "unknown_url")
        except Refusal as refusal:
            head(refusal.status, JSON)
            text(json.dumps(refusal.body, ensure_ascii=False))
        else:
            head(200, JSON)
            text(json.dumps(answer, ensure_ascii=False))

    # ------------------------------------------------------------ models

    async def _models(self, model_id: str) -> dict[str, Any]:
        card = await self._card()
        listed = {"id": card.id, "object": "model", "created": 0, "owned_by": "cloche"}
        if not model_id:
            return {"object": "list", "data": [listed]}
        if model_id != card.id:
            raise unknown_model(model_id, card)
        return listed

    async def _card(self) -> ModelCard:
        try:
            await self._transport.ready()
        except ClocheError as error:
            raise refusal_of(error) from error
        card = self._transport.card
        if card is None:
            raise Refusal(503, "No model is loaded in the tab.", "server_error", "model_not_ready")
        return card

    # ------------------------------------------------------------ completions

    async def _complete(self, body: str, head: Head, text: Text) -> None:
        try:
            asked = ChatBody.model_validate_json(body)
        except ValidationError as error:
            raise invalid(error) from error
        card = await self._card()
        if asked.model != card.id:
            raise unknown_model(asked.model, card)
        defaults = card.defaults.model_dump(include={"temperature", "top_p", "top_k", "min_p"}, exclude_none=True)
        defaults["max_tokens"] = card.defaults.max_tokens or DEFAULT_MAX_TOKENS
        try:
            request = asked.engine_request(defaults)
            if not sees(self._transport) and any(isinstance(message.content, list) for message in request.messages):
                raise ImageUnsupported(f"{card.name} reads text only; it cannot see pictures.")
            if asked.stream:
                usage = asked.stream_options is not None and asked.stream_options.include_usage
                stream = _Stream(card.id, head, text, usage=usage)
                try:
                    stream.end(await self._transport.complete(request, stream.push))
                except ClocheError as error:
                    if not stream.begun:
                        raise
                    stream.fail(refusal_of(error))
                return
            completion = await self._transport.complete(request, lambda _: None)
        except ValidationError as error:
            raise invalid(error) from error
        except ClocheError as error:
            raise refusal_of(error) from error
        head(200, JSON)
        text(json.dumps(whole(completion, card.id), ensure_ascii=False))


class _Stream:
    """Server-sent events of one completion. The head leaves with the first words: an error before them has a status."""

    def __init__(self, model: str, head: Head, text: Text, *, usage: bool) -> None:
        self._head = head
        self._text = text
        self._usage = usage
        self._called: set[int] = set()
        self._chunk = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }
        self.begun = False

    def push(self, batch: list[dict[str, Any]]) -> None:
        """Pass deltas of the engine on."""
        for delta in batch:
            told: dict[str, Any] = {}
            if delta.get("text"):
                told["content"] = delta["text"]
            if delta.get("reasoning"):
                told["reasoning_content"] = delta["reasoning"]
            if delta.get("tool_calls"):
                told["tool_calls"] = [self._call(call) for call in delta["tool_calls"]]
            if told:
                self._say(told)

    def end(self, completion: Completion) -> None:
        """Close the stream properly."""
        late = [call for index, call in enumerate(completion.tool_calls) if index not in self._called]
        if late:
            first = len(completion.tool_calls) - len(late)
            self._say({"tool_calls": [{"index": first + index, **call_body(call)} for index, call in enumerate(late)]})
        self._say({}, completion.finish_reason)
        if self._usage:
            self._event({**self._chunk, "choices": [], "usage": usage_body(completion)})
        self._text("data: [DONE]\n\n")

    def fail(self, refusal: Refusal) -> None:
        """Say in the stream what went wrong."""
        self._event(refusal.body)

    def _call(self, call: dict[str, Any]) -> dict[str, Any]:
        index = int(call["index"])
        function = {key: call[key] for key in ("name", "arguments") if call.get(key) is not None}
        told: dict[str, Any] = {"index": index, "function": function}
        if index not in self._called:
            self._called.add(index)
            told |= {"id": call.get("id") or call_id(), "type": "function"}
        return told

    def _say(self, delta: dict[str, Any], finish: str | None = None) -> None:
        if not self.begun:
            self.begun = True
            self._head(200, EVENTS)
            delta = {"role": "assistant", "content": "", **delta}
        more = {"usage": None} if self._usage else {}
        self._event({**self._chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    def _event(self, data: dict[str, Any]) -> None:
        self._text(f"data: {json.dumps(data, ensure_ascii=False)}\n\n")


# ---------------------------------------------------------------- bodies


def whole(completion: Completion, model: str) -> dict[str, Any]:
    """A completion as OpenAI's API has it."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text or None, "refusal": None}
    if completion.reasoning:
        message["reasoning_content"] = completion.reasoning
    if completion.tool_calls:
        message["tool_calls"] = [call_body(call) for call in completion.tool_calls]
    else:
        message["content"] = completion.text
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": completion.finish_reason}],
        "usage": usage_body(completion),
    }


def call_body(call: ToolCall) -> dict[str, Any]:
    """A tool call; one that came without an id gets one."""
    return {**call.model_dump(), "id": call.id or call_id()}


def call_id() -> str:
    """A new id for a tool call."""
    return f"call_{uuid.uuid4().hex[:24]}"


def usage_body(completion: Completion) -> dict[str, Any]:
    """Token counts."""
    usage = completion.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


# ---------------------------------------------------------------- refusals


def expect(method: str, wanted: str) -> None:
    """Refuse any other method."""
    if method != wanted:
        raise Refusal(405, f"Not allowed to {method} here.", "invalid_request_error", "method_not_supported")


def unknown_model(model: str, card: ModelCard) -> Refusal:
    """The model is not the one that is loaded."""
    reason = f"The model '{model}' is not loaded in the tab; '{card.id}' is."
    return Refusal(404, reason, "invalid_request_error", "model_not_found", "model")


def invalid(error: ValidationError) -> Refusal:
    """The first thing that is wrong with a request."""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    message = f"Invalid '{where}': {problem['msg']}." if where else f"{problem['msg']}."
    return Refusal(400, message, "invalid_request_error", "invalid_value", where or None)


def refusal_of(error: ClocheError) -> Refusal:
    """An error of ours as OpenAI words it."""
    message = f"{error.message} {error.action}".strip()
    match error:
        case MessageTooLong():
            return Refusal(400, message, "invalid_request_error", "context_length_exceeded", "messages")
        case BadSchema():
            return Refusal(400, message, "invalid_request_error", error.code, "response_format")
        case BadInput():
            return Refusal(400, message, "invalid_request_error", error.code)
        case ModelError() | EngineCrashed():
            return Refusal(503, message, "server_error", error.code)
    return Refusal(500, message, "server_error", error.code)
