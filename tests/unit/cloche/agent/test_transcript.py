"""The store's messages as a provider's."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.agent.transcript import answer_messages, content, countable_text, history, image_count


def text(value: str) -> dict[str, Any]:
    """A text part."""
    return {"type": "text", "text": value}


def call(call_id: str, output: str | None = "42", status: str = "done") -> dict[str, Any]:
    """A tool call part."""
    told = {"arguments": {"x": 1}, "status": status, "output": output}
    return {"type": "tool_call", "id": call_id, "name": "calculator", **told}


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    """A person's message."""
    return {"role": "user", "parts": list(parts)}


def assistant(*parts: dict[str, Any]) -> dict[str, Any]:
    """An answer."""
    return {"role": "assistant", "parts": list(parts)}


IMAGE = {"type": "image", "image_id": "i1", "mime": "image/png", "width": 1, "height": 1, "name": ""}


def test_a_conversation_is_told_in_order() -> None:
    assert history([user(text("Hello")), assistant(text("Hi."))]) == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."},
    ]


def test_pictures_come_before_the_text() -> None:
    blocks = content([text("What is it?"), IMAGE])
    assert [block["type"] for block in blocks if isinstance(block, dict)] == ["image", "text"]


def test_a_picture_alone_has_no_text_block() -> None:
    assert len(content([IMAGE])) == 1


def test_a_turn_with_tools_becomes_calls_each_followed_by_its_result() -> None:
    messages = answer_messages([text("Let me see."), call("1"), call("2"), text("It is 42.")])
    assert [message["role"] for message in messages] == ["assistant", "tool", "tool", "assistant"]
    assert [block["type"] for block in messages[0]["content"]] == ["text", "tool_call", "tool_call"]
    assert [message["tool_call_id"] for message in messages[1:3]] == ["1", "2"]
    assert messages[3]["content"] == "It is 42."


def test_a_call_without_a_result_still_gets_one() -> None:
    messages = answer_messages([call("1", output=None)])
    assert messages[1]["content"] == "This call was cancelled."


@pytest.mark.parametrize("status", ["failed", "denied"])
def test_a_call_that_came_to_nothing_says_so_to_the_model(status: str) -> None:
    assert answer_messages([call("1", "No.", status)])[1]["content"] == "Error: No."


def test_reasoning_stays_behind() -> None:
    assert answer_messages([{"type": "reasoning", "text": "Hm."}, text("Yes.")]) == [
        {"role": "assistant", "content": "Yes."}
    ]


def test_a_message_that_was_never_answered_is_left_out() -> None:
    branch = [user(text("too long")), assistant(), user(text("Hello")), assistant(text("Hi."))]
    assert [message["content"] for message in history(branch)] == ["Hello", "Hi."]


def test_everything_that_costs_tokens_is_counted() -> None:
    (calling, result) = answer_messages([text("Let me see."), call("1")])
    assert "calculator" in countable_text(calling)
    assert countable_text(result) == "42"
    assert image_count({"role": "user", "content": content([IMAGE, IMAGE])}) == 2
