"""Fitting a conversation into the context window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cloche.agent.context import ContextWindow, split_turns
from cloche.errors import MessageTooLong


class Words:
    """A provider for which each word is a token."""

    def __init__(self, window: int = 2048, trained: int | None = 100, answer: int = 64) -> None:
        self.defaults = {
            "model": "words",
            "context_window": window,
            "trained_context": trained,
            "max_output_tokens": answer,
            "image_tokens": 30,
        }
        self.counted: list[str] = []

    def get_info(self) -> Any:
        """The figures."""
        return SimpleNamespace(defaults=self.defaults)

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """The words of each text."""
        self.counted.extend(texts)
        return [len(text.split()) for text in texts]


def words(number: int, mark: str = "word") -> str:
    """A text of so many words."""
    return " ".join([mark] * number)


def turn(number: int, mark: str) -> list[dict[str, Any]]:
    """A question and an answer of so many words each."""
    return [{"role": "user", "content": words(number, mark)}, {"role": "assistant", "content": words(number, mark)}]


def call(name: str) -> dict[str, Any]:
    """A tool call as a block of a message."""
    return {"type": "tool_call", "id": "1", "name": name, "input": {}}


async def fitted(messages: list[dict[str, Any]], provider: Any) -> list[dict[str, Any]]:
    """What of these messages a request gets."""
    context = ContextWindow()
    await context.set_messages(messages)
    return await context.get_messages_for_request(provider=provider)


SYSTEM = {"role": "system", "content": "Be kind."}
NEWEST: dict[str, Any] = {"role": "user", "content": "And now?"}


async def test_a_short_conversation_goes_whole_and_nothing_is_counted() -> None:
    provider = Words()
    messages = [SYSTEM, *turn(2, "a"), NEWEST]
    assert await fitted(messages, provider) == messages
    assert provider.counted == []


async def test_the_oldest_turns_are_dropped_whole() -> None:
    messages = [SYSTEM, *turn(10, "old"), *turn(15, "middle"), *turn(15, "new"), NEWEST]
    kept = await fitted(messages, Words(trained=70))
    assert kept == [SYSTEM, *turn(15, "new"), NEWEST]


async def test_room_is_used_up_to_the_trained_context() -> None:
    messages = [*turn(10, "old"), *turn(10, "new"), NEWEST]
    needed = 2 * (20 + 12) + 2 + 6
    assert len(await fitted(messages, Words(trained=needed))) == 5
    assert len(await fitted(messages, Words(trained=needed - 1))) == 3


async def test_no_older_turn_slips_past_one_that_does_not_fit() -> None:
    messages = [*turn(1, "small"), *turn(60, "large"), *turn(1, "new"), NEWEST]
    assert await fitted(messages, Words(trained=100)) == [*turn(1, "new"), NEWEST]


async def test_the_newest_message_may_be_longer_than_the_trained_context() -> None:
    long = {"role": "user", "content": words(500)}
    assert await fitted([SYSTEM, *turn(5, "old"), long], Words(trained=100)) == [SYSTEM, long]


async def test_a_newest_message_that_cannot_fit_is_an_error_with_figures() -> None:
    with pytest.raises(MessageTooLong, match=r"about 5,006 tokens.*room for 1,984"):
        await fitted([*turn(1, "a"), {"role": "user", "content": words(5000)}], Words())


async def test_tool_results_that_cannot_fit_are_named_as_the_reason() -> None:
    calling: dict[str, Any] = {
        "role": "assistant",
        "content": [{"type": "tool_call", "id": "1", "name": "read", "input": {}}],
    }
    result: dict[str, Any] = {"role": "tool", "tool_call_id": "1", "content": words(5000)}
    with pytest.raises(MessageTooLong, match="results of its tool calls"):
        await fitted([NEWEST, calling, result], Words())


async def test_a_picture_takes_room() -> None:
    picture: dict[str, Any] = {"type": "image", "source": {"type": "stored", "image_id": "1"}}
    shown: list[dict[str, Any]] = [
        {"role": "user", "content": [picture]},
        {"role": "assistant", "content": "A circle."},
    ]
    assert len(await fitted([*shown, NEWEST], Words(trained=60))) == 3
    assert len(await fitted([*shown, NEWEST], Words(trained=40))) == 1


async def test_a_call_stays_with_its_result() -> None:
    calling: dict[str, Any] = {
        "role": "assistant",
        "content": [{"type": "tool_call", "id": "1", "name": "clock", "input": {}}],
    }
    between = {"role": "user", "content": "A reminder"}
    result = {"role": "tool", "tool_call_id": "1", "content": "noon"}
    messages = [
        {"role": "user", "content": "Time?"},
        calling,
        between,
        result,
        {"role": "assistant", "content": "Noon"},
    ]
    assert split_turns([*messages, NEWEST]) == [messages, [NEWEST]]


async def test_what_a_hook_injects_belongs_to_the_turn() -> None:
    injected = {"role": "user", "content": "By the way", "metadata": {"source": "hook"}}
    assert len(split_turns([NEWEST, injected])) == 1


async def test_each_text_is_counted_once() -> None:
    provider = Words(trained=60)
    context = ContextWindow()
    await context.set_messages([*turn(10, "a"), *turn(11, "b"), NEWEST])
    await context.get_messages_for_request(provider=provider)
    first = len(provider.counted)
    await context.get_messages_for_request(provider=provider)
    assert first > 0
    assert len(provider.counted) == first


async def test_old_turns_that_are_not_needed_are_not_counted() -> None:
    provider = Words(trained=100)
    await fitted([message for number in range(500) for message in turn(20, f"t{number}")] + [NEWEST], provider)
    assert len(provider.counted) < 40


async def test_pictures_attach_to_the_next_message_of_a_person() -> None:
    picture: dict[str, Any] = {"type": "image", "source": {"type": "stored", "image_id": "1"}}
    context = ContextWindow()
    context.attach([picture])
    await context.add_message({"role": "user", "content": "What is it?"})
    await context.add_message({"role": "user", "content": "And this?"})
    first, second = await context.get_messages()
    assert first["content"] == [picture, {"type": "text", "text": "What is it?"}]
    assert second["content"] == "And this?"


async def test_without_a_provider_tokens_are_estimated() -> None:
    context = ContextWindow()
    await context.set_messages([*turn(100, "a"), NEWEST])
    assert await context.get_messages_for_request(token_budget=50) == [NEWEST]


async def test_clearing_forgets_everything() -> None:
    context = ContextWindow()
    await context.add_message(NEWEST)
    await context.clear()
    assert await context.get_messages() == []
