"""Any server that speaks OpenAI's chat completions over HTTP: vLLM, llama-server, Ollama, LM Studio, OpenAI itself.

Owns the addresses, the form of the request and the list of models; the stream of an answer is read by
openai_stream.py.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from ..calling.choice import AUTO, REQUIRED
from ..engine_contract import ChatMessage, ChatRequest, Completion, ImageContent
from ..errors import AnswerUnreadable, RequestRefused
from ..remote_shapes import HttpRequest
from .answer_forms import in_words, is_strict, schema_of
from .base import OnDeltas
from .http_transport import OK, Endpoint, HttpTransport, Reader, ServedModel
from .openai_stream import OpenAIReader
from .refusals import refusal
from .remote import Remote, host_of

PASSED_ON = ("temperature", "top_p", "top_k", "min_p", "seed", "stop")
#: how servers say that they do not know a parameter
UNKNOWN = ("unsupported", "not support", "unrecognized", "unknown", "not permitted", "extra inputs", "unexpected")
#: what else a parameter is called
OTHER_NAMES = {"max_tokens": "max_completion_tokens"}
PNG_MAGIC = b"\x89PNG"
MAX_MODELS = 1000


class OpenAITransport(HttpTransport):
    """One model of one server. It learns which parameters that model does not take."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._unknown: set[str] = set()

    async def _complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        while True:
            try:
                return await super()._complete(request, on_deltas)
            except RequestRefused as error:
                unknown = unknown_parameters(error.message, self._optional(request)) - self._unknown
                if not unknown:
                    raise
                self._unknown |= unknown

    def _optional(self, request: ChatRequest) -> dict[str, Any]:
        """The parameters that a server may not know."""
        given = request.model_dump(include=set(PASSED_ON), exclude_none=True)
        return {
            "max_tokens": request.max_tokens,
            "stream_options": {"include_usage": True},
            **given,
            **form_body(request),
        }

    def request(self, request: ChatRequest) -> HttpRequest:
        optional = self._optional(request)
        if self._unknown & {"response_format", "grammar"} or "grammar" in optional:
            request = in_words(request)
        body: dict[str, Any] = {
            "model": self._model.id,
            "messages": [message_body(message) for message in request.messages],
            "stream": True,
        }
        for name, value in optional.items():
            known = name if name not in self._unknown else OTHER_NAMES.get(name)
            if known:
                body[known] = value
        if request.tools:
            body["tools"] = [tool.model_dump() for tool in request.tools]
            body["tool_choice"] = tool_choice(request.tool_choice)
        return HttpRequest(
            url=self.url("/chat/completions"),
            method="POST",
            headers={**headers(self._endpoint), "Content-Type": "application/json", "Accept": "text/event-stream"},
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        )

    def reader(self, request: ChatRequest) -> Reader:  # noqa: ARG002 - all answers look the same
        return OpenAIReader(host_of(self._endpoint.base_url))


def form_body(request: ChatRequest) -> dict[str, Any]:
    """The form of the answer; llama-server takes a grammar under its own name."""
    form = request.response_format
    schema = schema_of(form)
    if form is None:
        return {}
    if form["type"] == "grammar":
        return {"grammar": form["grammar"]}
    if schema is None:
        return {"response_format": form}
    return {"response_format": {**form, "json_schema": {**form["json_schema"], "strict": is_strict(schema)}}}


def unknown_parameters(said: str, given: Iterable[str]) -> set[str]:
    """Which of the given parameters a server does not know, by what it said when it refused them."""
    words = said.lower()
    if not any(mark in words for mark in UNKNOWN):
        return set()
    named = set(re.findall(r"\w+", words))
    return {name for name in given if name in named}


def tool_choice(choice: str | None) -> str | dict[str, Any]:
    """The choice in OpenAI's form."""
    if choice in (None, AUTO, REQUIRED):
        return choice or AUTO
    return {"type": "function", "function": {"name": choice}}


def headers(endpoint: Endpoint) -> dict[str, str]:
    """The headers that say who asks."""
    key = endpoint.key()
    return {"Authorization": f"Bearer {key}"} if key else {}


def message_body(message: ChatMessage) -> dict[str, Any]:
    """A message as OpenAI's API has it; pictures become data addresses."""
    body: dict[str, Any] = message.model_dump(exclude={"content"}, exclude_none=True)
    if isinstance(message.content, list):
        body["content"] = [
            {"type": "image_url", "image_url": image_url(part)}
            if isinstance(part, ImageContent)
            else {"type": "text", "text": part.text}
            for part in message.content
        ]
    else:
        body["content"] = message.content
    return body


def image_type(data: bytes) -> str:
    """The MIME type of a stored picture, which is PNG or JPEG."""
    return "image/png" if data.startswith(PNG_MAGIC) else "image/jpeg"


def image_url(content: ImageContent) -> dict[str, Any]:
    """A picture as OpenAI's API takes it; `detail` only where somebody chose one, since not every server knows it."""
    url = {"url": data_url(content.data)}
    return url if content.detail == "auto" else {**url, "detail": content.detail}


def data_url(data: bytes) -> str:
    """A picture as an address that holds it."""
    return f"data:{image_type(data)};base64,{base64.b64encode(data).decode('ascii')}"


# ---------------------------------------------------------------- the list of models


class _Meta(BaseModel):
    n_ctx_train: int | None = None
    n_ctx: int | None = None


class _Listed(BaseModel):
    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    context_window: int | None = None
    meta: _Meta | None = None

    def served(self) -> ServedModel:
        in_meta = (self.meta.n_ctx or self.meta.n_ctx_train) if self.meta else None
        context = self.max_model_len or self.context_length or self.context_window or in_meta
        return ServedModel(self.id, self.id, context if context is not None and context > 0 else None)


class _List(BaseModel):
    data: list[_Listed]


async def list_models(remote: Remote, endpoint: Endpoint) -> list[ServedModel]:
    """The models that the server offers. Raises RemoteError."""
    server = host_of(endpoint.base_url)
    url = endpoint.base_url.rstrip("/") + "/models"
    head, text = await remote.fetch(HttpRequest(url=url, headers={**headers(endpoint), "Accept": "application/json"}))
    if head.status != OK:
        raise refusal(server, head, text)
    try:
        listed = _List.model_validate_json(text)
    except ValidationError as error:
        raise AnswerUnreadable(f"{server} did not answer with a list of models.") from error
    return [model.served() for model in listed.data[:MAX_MODELS]]
