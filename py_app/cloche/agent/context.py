"""The context manager: keeps a conversation's messages and fits them into the model's context window.

Owns what a model gets to see. The system prompt stays, the newest turn stays, older turns are dropped whole and oldest
first, so that a tool call is never separated from its result. Tokens are counted by the model's own engine, each
message once and only where it matters. A newest message that cannot fit even alone is an error with figures, never cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from amplifier_core.events import CONTEXT_COMPACTION

from ..errors import MessageTooLong
from .transcript import Data, countable_text, image_count

#: what a chat template puts around a message (role and turn marks)
MESSAGE_OVERHEAD = 6
#: turns whose tokens are counted in one request to the engine
TURNS_AT_ONCE = 4
CHARACTERS_PER_TOKEN = 3


class ContextWindow:
    """An Amplifier context manager."""

    def __init__(self, coordinator: Any = None) -> None:
        self._coordinator = coordinator
        self._messages: list[Data] = []
        self._attached: list[Data] = []
        self._counts: dict[tuple[int, int], int] = {}

    def attach(self, blocks: Iterable[Data]) -> None:
        """Content blocks (pictures) that go before the text of the next user message."""
        self._attached = list(blocks)

    async def add_message(self, message: Data) -> None:
        """Append a message."""
        if message.get("role") == "user" and self._attached:
            text = message.get("content") or ""
            blocks = [{"type": "text", "text": text}] if isinstance(text, str) and text else list(text)
            message = {**message, "content": [*self._attached, *blocks]}
            self._attached = []
        self._messages.append(message)

    async def get_messages(self) -> list[Data]:
        """All messages."""
        return list(self._messages)

    async def set_messages(self, messages: list[Data]) -> None:
        """Replace all messages."""
        self._messages = list(messages)

    async def clear(self) -> None:
        """Forget everything."""
        self._messages.clear()
        self._attached.clear()

    async def get_messages_for_request(self, token_budget: int | None = None, provider: Any = None) -> list[Data]:
        """The messages that fit: the system prompt, the newest turn and as many turns before it as have room."""
        window = Window(provider, token_budget)
        leading = next((i for i, message in enumerate(self._messages) if message.get("role") != "system"), None)
        system, rest = self._messages[:leading], self._messages[leading:] if leading is not None else []
        turns = split_turns(rest)
        tools = self._tool_texts()
        if at_most(self._messages, window) <= window.preferred and not tools:
            return list(self._messages)
        fixed = await self._cost(system, window)
        newest = await self._cost(turns[-1], window) if turns else 0
        for_tools = sum(await self._count_texts(tools, window))
        if turns and fixed + newest + for_tools > window.limit:
            raise too_long(newest, window.limit - fixed - for_tools, alone=len(turns[-1]) == 1)
        kept = await self._newest_that_fit(turns, window.preferred - fixed, newest, window)
        dropped = len(turns) - len(kept)
        if dropped and self._coordinator is not None:
            await self._coordinator.hooks.emit(
                CONTEXT_COMPACTION, {"strategy": "drop_oldest_turns", "dropped_turns": dropped, "kept_turns": len(kept)}
            )
        return [*system, *(message for turn in kept for message in turn)]

    async def _newest_that_fit(
        self, turns: Sequence[list[Data]], budget: int, newest: int, window: Window
    ) -> list[list[Data]]:
        used, start = newest, len(turns) - 1
        while start > 0:
            first = max(0, start - TURNS_AT_ONCE)
            costs = await self._turn_costs(turns[first:start], window)
            for cost in reversed(costs):
                if used + cost > budget:
                    return list(turns[start:])
                used += cost
                start -= 1
        return list(turns[max(start, 0) :])

    async def _turn_costs(self, turns: Sequence[list[Data]], window: Window) -> list[int]:
        await self._count_texts([countable_text(message) for turn in turns for message in turn], window)
        return [await self._cost(turn, window) for turn in turns]

    async def _cost(self, messages: Sequence[Data], window: Window) -> int:
        texts = await self._count_texts([countable_text(message) for message in messages], window)
        images = sum(image_count(message) for message in messages)
        return sum(texts) + images * window.image_tokens + len(messages) * MESSAGE_OVERHEAD

    async def _count_texts(self, texts: Sequence[str], window: Window) -> list[int]:
        keys = [(len(text), hash((window.model, text))) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._counts}
        if missing:
            counted = await window.count(list(missing.values()))
            self._counts.update(zip(missing, counted, strict=True))
        return [self._counts[key] for key in keys]

    def _tool_texts(self) -> list[str]:
        tools = (self._coordinator.get("tools") if self._coordinator is not None else None) or {}
        return [
            json.dumps({"name": name, "description": tool.description, "parameters": tool.input_schema})
            for name, tool in tools.items()
        ]


class Window:
    """The room there is: the engine's limit, and the length up to which the model was trained."""

    def __init__(self, provider: Any, token_budget: int | None) -> None:
        info = provider.get_info() if provider is not None and hasattr(provider, "get_info") else None
        defaults = getattr(info, "defaults", None) or {}
        context = defaults.get("context_window") or 1_000_000
        answer = min(defaults.get("max_output_tokens") or context // 8, max(context // 8, 64))
        self.model = defaults.get("model", "")
        self.image_tokens: int = defaults.get("image_tokens", 256)
        self.limit: int = context - answer
        self.preferred: int = min(self.limit, defaults.get("trained_context") or self.limit, token_budget or self.limit)
        self._count = getattr(provider, "count_tokens", None)

    async def count(self, texts: list[str]) -> list[int]:
        """Tokens of each text, by the engine; estimated where the provider has no tokenizer."""
        if self._count is None:
            return [len(text) // CHARACTERS_PER_TOKEN + 1 for text in texts]
        counted: list[int] = await self._count(texts)
        return counted


def at_most(messages: Iterable[Data], window: Window) -> int:
    """More tokens than these the messages cannot have: no token is shorter than a byte. Asks no engine."""
    return sum(
        len(countable_text(message).encode(errors="replace"))
        + image_count(message) * window.image_tokens
        + MESSAGE_OVERHEAD
        for message in messages
    )


def split_turns(messages: Iterable[Data]) -> list[list[Data]]:
    """Turns: each begins with a person's message. What a hook injected, or what stands between a tool call and its
    result, begins none."""
    turns: list[list[Data]] = []
    open_calls: set[str] = set()
    for message in messages:
        injected = (message.get("metadata") or {}).get("source") == "hook"
        if not turns or (message.get("role") == "user" and not open_calls and not injected):
            turns.append([])
            open_calls.clear()
        turns[-1].append(message)
        body = message.get("content")
        if isinstance(body, list):
            open_calls.update(block["id"] for block in body if block["type"] == "tool_call")
        if message.get("role") == "tool":
            open_calls.discard(message.get("tool_call_id", ""))
    return turns


def too_long(needed: int, room: int, *, alone: bool) -> MessageTooLong:
    """The error for a newest turn that does not fit."""
    what = "This message needs" if alone else "This message with the results of its tool calls needs"
    return MessageTooLong(f"{what} about {needed:,} tokens, but the model has room for {max(room, 0):,}.")
