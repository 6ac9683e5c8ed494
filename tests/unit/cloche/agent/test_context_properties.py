"""Whatever a conversation looks like, what is fitted into the window is a proper part of it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloche.agent.context import MESSAGE_OVERHEAD, ContextWindow
from cloche.agent.transcript import countable_text
from cloche.errors import MessageTooLong

SIZES = st.integers(min_value=1, max_value=60)


def text(size: int) -> str:
    """A text of so many tokens."""
    return " ".join(["word"] * size)


@st.composite
def turns(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Turns with and without tool calls; the last one is a question."""
    made = []
    for number in range(draw(st.integers(min_value=0, max_value=12))):
        turn: list[dict[str, Any]] = [{"role": "user", "content": text(draw(SIZES))}]
        for call in range(draw(st.integers(min_value=0, max_value=2))):
            call_id = f"{number}-{call}"
            block = {"type": "tool_call", "id": call_id, "name": "tool", "input": {}}
            turn.append({"role": "assistant", "content": [block]})
            turn.append({"role": "tool", "tool_call_id": call_id, "content": text(draw(SIZES))})
        turn.append({"role": "assistant", "content": text(draw(SIZES))})
        made.append(turn)
    return [*made, [{"role": "user", "content": text(draw(st.integers(min_value=1, max_value=400)))}]]


class Words:
    """A provider for which each word is a token."""

    def __init__(self, window: int, trained: int) -> None:
        self.defaults = {"context_window": window, "trained_context": trained, "max_output_tokens": 64}

    def get_info(self) -> Any:
        """The figures."""
        return SimpleNamespace(defaults=self.defaults)

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """The words of each text."""
        return [len(text.split()) for text in texts]


def cost(messages: list[dict[str, Any]]) -> int:
    """The tokens of messages."""
    return sum(len(countable_text(message).split()) + MESSAGE_OVERHEAD for message in messages)


@given(turns(), st.booleans(), st.integers(min_value=80, max_value=600), st.integers(min_value=50, max_value=600))
def test_what_is_kept_is_the_system_prompt_and_whole_newest_turns(
    made: list[list[dict[str, Any]]], prompted: bool, window: int, trained: int
) -> None:
    system = [{"role": "system", "content": "Be kind."}] if prompted else []
    context = ContextWindow()
    asyncio.run(context.set_messages([*system, *(message for turn in made for message in turn)]))
    limit = window - min(64, max(window // 8, 64))
    try:
        kept = asyncio.run(context.get_messages_for_request(provider=Words(window, trained)))
    except MessageTooLong:
        assert cost(system) + cost(made[-1]) > limit
        return
    whole = [[*system, *(message for turn in made[start:] for message in turn)] for start in range(len(made))]
    assert kept in whole
    assert kept == whole[-1] or cost(kept) <= min(limit, trained)
    started = whole.index(kept)
    assert started == 0 or cost(whole[started - 1]) > min(limit, trained)
