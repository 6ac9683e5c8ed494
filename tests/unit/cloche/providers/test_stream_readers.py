"""Whatever a server sends, the readers of its stream answer with deltas or with an error of errors.py."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from cloche.errors import ClocheError
from cloche.providers.anthropic import AnthropicReader
from cloche.providers.openai_stream import OpenAIReader
from cloche.providers.sse import SseParser
from cloche.shapes import Timings

CALL = {"index": 0, "id": "a", "function": {"name": "clock", "arguments": "{}"}}
OPENAI: list[Any] = [
    {"choices": [{"delta": {"role": "assistant", "content": "Hé"}, "finish_reason": None}]},
    {"choices": [{"delta": {"tool_calls": [CALL]}}]},
    {"choices": [{"delta": {"reasoning_content": "Hm"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}},
    {"error": {"message": "Overloaded", "code": 503}},
]
ANTHROPIC: list[Any] = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 3}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "a", "name": "clock"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hé"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
]
ODD = [
    "null",
    "[]",
    "{}",
    "-1",
    "1e999",
    "true",
    '""',
    '"\\ud800"',
    "}",
    "]",
    ",",
    ":",
    "\n\n",
    "\r",
    "\x00",
    "9" * 400,
]


def mutated(chance: random.Random, events: list[Any]) -> str:
    """A stream of some of the events, damaged in a few places."""
    chosen = chance.sample(events, chance.randint(1, len(events)))
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in chosen)
    for _ in range(chance.randrange(5)):
        start = chance.randrange(len(text) + 1)
        text = text[:start] + chance.choice(ODD) + text[start + chance.randrange(12) :]
    return text


@pytest.mark.parametrize(("reader", "events"), [(OpenAIReader, OPENAI), (AnthropicReader, ANTHROPIC)])
def test_damaged_streams_end_in_an_answer_or_in_an_error_of_ours(reader: Any, events: list[Any]) -> None:
    chance = random.Random(11)  # noqa: S311 - a seed makes the test the same each time
    failed: list[ClocheError] = []
    for _ in range(5000):
        text = mutated(chance, events)
        parser, reading = SseParser(), reader("server")
        cut = chance.randrange(len(text) + 1)
        try:
            for part in (text[:cut], text[cut:]):
                for event in parser.feed(part):
                    reading.take(event)
            reading.completion(Timings()).model_dump_json()
        except ClocheError as error:
            failed.append(error)
    assert 0 < len(failed) < 5000
    assert all(error.info().action for error in failed)
