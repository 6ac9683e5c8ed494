"""Amplifier's request messages in OpenAI's shape, as the engines read them.

Owns the mapping from Amplifier to the engine contract, one way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from amplifier_core import Message, ToolSpec

from ..engine_contract import (
    ChatMessage,
    FunctionCall,
    ImageContent,
    TextContent,
    ToolCall,
    ToolFunction,
)
from ..engine_contract import ToolSpec as EngineToolSpec
from ..shapes import ImageDetail

ReadImage = Callable[[str], bytes]
Role = Literal["system", "user", "assistant", "tool"]
ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def engine_messages(
    messages: Sequence[Message], read_image: ReadImage, detail: ImageDetail = "auto"
) -> list[ChatMessage]:
    """All messages of a request."""
    return [engine_message(message, read_image, detail) for message in messages]


def engine_message(message: Message, read_image: ReadImage, detail: ImageDetail) -> ChatMessage:
    """One message: pictures first, then the text; reasoning stays behind."""
    role = ROLES[message.role]
    if isinstance(message.content, str):
        return ChatMessage(role=role, content=message.content, tool_call_id=message.tool_call_id)
    images: list[TextContent | ImageContent] = []
    texts: list[str] = []
    calls: list[ToolCall] = []
    for block in message.content:
        if block.type == "image":
            images.append(ImageContent(data=read_image(block.source["image_id"]), detail=detail))
        elif block.type == "text":
            texts.append(block.text)
        elif block.type == "tool_result":
            texts.append(block.output if isinstance(block.output, str) else json.dumps(block.output, default=str))
        elif block.type == "tool_call":
            arguments = json.dumps(block.input, ensure_ascii=False)
            calls.append(ToolCall(id=block.id, function=FunctionCall(name=block.name, arguments=arguments)))
    text = "\n".join(texts)
    content: str | list[TextContent | ImageContent] | None = text
    if images:
        content = [*images, TextContent(text=text)] if text else images
    elif calls and not text:
        content = None
    return ChatMessage(role=role, content=content, tool_calls=calls or None, tool_call_id=message.tool_call_id)


def engine_tools(tools: Sequence[ToolSpec] | None) -> list[EngineToolSpec] | None:
    """The tools of a request."""
    if not tools:
        return None
    return [
        EngineToolSpec(
            function=ToolFunction(name=tool.name, description=tool.description or "", parameters=tool.parameters)
        )
        for tool in tools
    ]
