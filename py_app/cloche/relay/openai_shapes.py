"""OpenAI's chat-completions request as it comes in, checked and turned into the engine's.

Owns what is understood of it, what is ignored (fields that change nothing here) and what is refused because ignoring it
would give a wrong answer. Source: OpenAI's API reference, "Create chat completion".
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..engine_contract import ChatMessage, ChatRequest, ImageContent, TextContent, ToolCall, ToolFunction, ToolSpec
from ..errors import BadImage, BadInput
from ..providers.messages import ROLES
from ..structured.schema import check_schema

DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,", re.ASCII)


class Incoming(BaseModel):
    """Fields that are not named here are ignored, as OpenAI-compatible servers do."""

    model_config = ConfigDict(extra="ignore")


class ImageUrl(Incoming):
    """A picture's address; only data addresses are taken."""

    url: str


class Part(Incoming):
    """A part of a message."""

    type: str
    text: str = ""
    image_url: ImageUrl | None = None


class IncomingMessage(Incoming):
    """A message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class Function(Incoming):
    """A tool's function."""

    name: str = Field(min_length=1, max_length=64)
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(Incoming):
    """A tool."""

    type: Literal["function"] = "function"
    function: Function


class StreamOptions(Incoming):
    """Whether the stream ends with usage."""

    include_usage: bool = False


class ChatBody(Incoming):
    """The body of POST /v1/chat/completions."""

    model: str
    messages: list[IncomingMessage] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    min_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _tools_for_a_choice(self) -> ChatBody:
        if self.tool_choice not in (None, "none", "auto") and not self.tools:
            raise ValueError("tool_choice needs tools")
        return self

    @model_validator(mode="after")
    def _a_tool_that_is_there(self) -> ChatBody:
        choice = self.choice
        if choice not in ("none", "auto", "required", *(tool.function.name for tool in self.tools or [])):
            raise ValueError("tool_choice must be none, auto, required, or a function that is among the tools")
        return self

    @property
    def choice(self) -> str:
        """Which tool must be called: none, auto, required, or its name."""
        if isinstance(self.tool_choice, dict):
            function = self.tool_choice.get("function")
            return str(function.get("name", "")) if isinstance(function, dict) else ""
        return self.tool_choice or "auto"

    def engine_request(self, defaults: dict[str, Any]) -> ChatRequest:
        """The engine's request; `defaults` are the model's own. Raises BadInput."""
        given = self.model_dump(include={"temperature", "top_p", "top_k", "min_p", "seed"}, exclude_none=True)
        return ChatRequest(
            **{
                **defaults,
                **given,
                "messages": [message_of(message) for message in self.messages],
                "tools": self._offered() or None,
                "tool_choice": None if self.choice in ("none", "auto") else self.choice,
                "max_tokens": self.max_completion_tokens or self.max_tokens or defaults["max_tokens"],
                "stop": [self.stop] if isinstance(self.stop, str) else self.stop,
                "response_format": format_of(self.response_format),
            }
        )

    def _offered(self) -> list[ToolSpec]:
        """The tools that the model may call."""
        if self.choice == "none":
            return []
        return [
            ToolSpec(
                function=ToolFunction(
                    name=tool.function.name,
                    description=tool.function.description or "",
                    parameters=tool.function.parameters or {"type": "object", "properties": {}},
                )
            )
            for tool in self.tools or []
        ]


def message_of(message: IncomingMessage) -> ChatMessage:
    """One message: pictures first, then the text, as the engines want it. Raises BadInput."""
    content: str | list[TextContent | ImageContent] | None
    if isinstance(message.content, list):
        pictures = [picture_of(part) for part in message.content if part.type == "image_url"]
        texts = [part.text for part in message.content if part.type in ("text", "refusal")]
        odd = {part.type for part in message.content} - {"image_url", "text", "refusal"}
        if odd:
            raise BadInput(f"Message parts of type {', '.join(sorted(odd))} are not supported here.")
        text = "\n".join(texts)
        content = [*pictures, *([TextContent(text=text)] if text else [])] if pictures else text
    else:
        content = message.content
    calls = [
        ToolCall.model_validate({key: call[key] for key in ("id", "type", "function") if key in call})
        for call in message.tool_calls or []
    ]
    return ChatMessage(
        role=ROLES[message.role], content=content, tool_calls=calls or None, tool_call_id=message.tool_call_id
    )


def picture_of(part: Part) -> ImageContent:
    """The bytes of a picture. Raises BadImage."""
    url = part.image_url.url if part.image_url else ""
    head = DATA_URL.match(url)
    if not head:
        raise BadImage("Pictures must be data URLs (data:image/jpeg;base64,...): nothing is fetched for a request.")
    try:
        return ImageContent(data=base64.b64decode(url[head.end() :], validate=True))
    except (binascii.Error, ValueError):
        raise BadImage("A picture's data URL is not base64.") from None


def format_of(wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    """The form of the answer. Raises BadInput."""
    kind = (wanted or {}).get("type", "text")
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return {"type": "json_object"}
    schema = wanted.get("json_schema", {}).get("schema") if isinstance(wanted.get("json_schema"), dict) else None
    if kind != "json_schema" or not isinstance(schema, dict):
        raise BadInput("response_format must be text, json_object, or json_schema with json_schema.schema.")
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": check_schema(schema), "strict": True},
    }
