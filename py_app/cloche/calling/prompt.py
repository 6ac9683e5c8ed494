"""A request with tools as one without: tools, calls and results become text of ordinary messages.

Owns where the text goes. Tools stand at the end of the system message, a call where the assistant made it, the results
of one round together in a message of the person's side.
"""

from __future__ import annotations

from ..engine_contract import ChatMessage, ChatRequest, TextContent
from .formats import Format, arguments_of


def as_text(request: ChatRequest, written: Format) -> ChatRequest:
    """The request for an engine that knows no tools."""
    names = {call.id: call.function.name for message in request.messages for call in message.tool_calls or ()}
    messages: list[ChatMessage] = []
    results: list[str] = []
    for message in request.messages:
        if message.role == "tool":
            results.append(written.result(names.get(message.tool_call_id or "", "the tool"), text_of(message)))
            continue
        if results:
            messages.append(ChatMessage(role="user", content="\n".join(results)))
            results.clear()
        messages.append(with_calls(message, written))
    if results:
        messages.append(ChatMessage(role="user", content="\n".join(results)))
    if request.tools:
        messages = with_system(messages, written.tools(request.tools))
    return request.model_copy(update={"messages": messages, "tools": None, "tool_choice": None})


def with_calls(message: ChatMessage, written: Format) -> ChatMessage:
    """A message with its calls as text."""
    if not message.tool_calls:
        return message
    calls = [written.call(call.function.name, arguments_of(call)) for call in message.tool_calls]
    return ChatMessage(role=message.role, content="\n".join(filter(None, (text_of(message), *calls))))


def with_system(messages: list[ChatMessage], text: str) -> list[ChatMessage]:
    """The messages with more at the end of the system message."""
    if messages and messages[0].role == "system":
        text = f"{text_of(messages[0])}\n\n{text}"
        messages = messages[1:]
    return [ChatMessage(role="system", content=text), *messages]


def text_of(message: ChatMessage) -> str:
    """The text of a message."""
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content or () if isinstance(part, TextContent))
