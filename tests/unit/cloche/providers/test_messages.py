"""Amplifier's messages in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from amplifier_core import Message, ToolSpec

from cloche.providers.messages import engine_messages, engine_tools

PICTURE = {"type": "image", "data": b"i1", "fit": "auto", "detail": "auto"}


def engine_message(role: Any, content: Any, **more: Any) -> dict[str, Any]:
    """One message as the engine gets it."""
    (message,) = engine_messages([Message(role=role, content=content, **more)], lambda image_id: image_id.encode())
    return message.model_dump(exclude_none=True)


def test_text_stays_text() -> None:
    assert engine_message("user", "Hello") == {"role": "user", "content": "Hello"}


def test_a_chosen_detail_goes_with_each_picture() -> None:
    block = {"type": "image", "source": {"image_id": "i1"}}
    (message,) = engine_messages([Message(role="user", content=[block])], lambda image_id: image_id.encode(), "high")
    assert [part.detail for part in message.content] == ["high"]  # type: ignore[union-attr]


def test_a_developer_speaks_as_system() -> None:
    assert engine_message("developer", "Be brief.")["role"] == "system"


def test_pictures_come_before_the_text_with_their_bytes() -> None:
    picture = {"type": "image", "source": {"type": "stored", "image_id": "i1"}}
    message = engine_message("user", [{"type": "text", "text": "What is it?"}, picture])
    assert message["content"] == [PICTURE, {"type": "text", "text": "What is it?"}]
    assert engine_message("user", [picture])["content"] == [PICTURE]


def test_a_call_and_its_result_carry_the_same_id() -> None:
    block = {"type": "tool_call", "id": "c1", "name": "add", "input": {"a": "ä"}}
    calling = engine_message("assistant", [block])
    assert "content" not in calling
    (call,) = calling["tool_calls"]
    assert call["id"] == "c1"
    assert call["function"] == {"name": "add", "arguments": '{"a": "ä"}'}
    assert engine_message("tool", "5", tool_call_id="c1") == {"role": "tool", "content": "5", "tool_call_id": "c1"}


def test_reasoning_stays_behind() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]
    assert engine_message("assistant", blocks)["content"] == "Yes."


def test_tools_are_functions() -> None:
    assert engine_tools(None) is None
    (tool,) = engine_tools([ToolSpec(name="add", parameters={"type": "object"}, description="Adds.")]) or []
    assert tool.function.model_dump() == {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}
