"""A hundred thousand damaged inputs through all that reads what others write: nothing crashes, hangs or grows.

Deterministic; the inputs are good ones with pieces cut out, doubled, swapped, and letters changed.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from amplifier_core import ToolCall
from pydantic import ValidationError
from tests.unit.cloche.calling.test_reader import CALLS, TEXTS, TOOLS

from cloche.calling.reader import AnswerReader
from cloche.contract import COMMANDS
from cloche.engine_contract import Completion, Delta
from cloche.errors import ClocheError
from cloche.providers.anthropic import AnthropicReader
from cloche.providers.completion import response_from
from cloche.providers.openai_stream import OpenAIReader
from cloche.providers.sse import SseParser
from cloche.shapes import Model, Timings, Usage

INPUTS = 100_000
#: far more than it takes; a hang is more than that
SECONDS = 120
SPICE = [
    "<tool_call>",
    "</tool_call>",
    "{",
    "}",
    '"',
    "\\",
    "[TOOL_CALLS]",
    "\n\n",
    "data: ",
    "é🙂",
    "\u2028",
    "null",
    "-1e999",
]

CHUNK = {"choices": [{"index": 0, "delta": {"content": "Hé", "tool_calls": None}, "finish_reason": None}]}
CALL = {"index": 0, "id": "a", "function": {"name": "now", "arguments": '{"a": 1}'}}
CALL_CHUNK = {
    "choices": [{"delta": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}],
    "usage": {"prompt_tokens": 3},
}
STREAM = f"data: {json.dumps(CHUNK)}\n\n: ping\n\ndata: {json.dumps(CALL_CHUNK)}\r\n\r\ndata: [DONE]\n\n"
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "now"}}
PIECE = {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}}
MESSAGES = f"event: content_block_start\ndata: {json.dumps(BLOCK)}\n\nevent: x\ndata: {json.dumps(PIECE)}\n\n"
PARAMS = [
    {"session_id": "s", "text": "Hello", "images": []},
    {"session_id": "s", "parameters": {"temperature": 0.5, "stop": ["a"], "seed": 3, "tool_choice": "auto"}},
    {"session_id": "s", "format": {"kind": "choices", "choices": ["a", "b"]}},
    {"kind": "openai", "base_url": "http://localhost", "key": "k"},
    {"session_id": "s", "chain": [{"provider_id": "local", "model": ""}]},
    {"query": "word", "limit": 3},
    {"text": "a", "reasoning": "", "tool_calls": [{"index": 0, "id": None, "name": "n", "arguments": "{}"}]},
]


def damaged(chance: random.Random, text: str) -> str:
    """A text with a few things wrong."""
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(text)) for _ in range(2))
        end = min(end, at + 40)
        piece = text[at:end]
        text = chance.choice(
            (
                text[:at] + text[end:],
                text[:end] + piece * chance.randint(1, 3) + text[end:],
                text[:at] + chance.choice(SPICE) + text[at:],
                text[:at] + chr(chance.randint(0, 0x2FF)) + text[at + 1 :],
                text[:at] + piece[::-1] + text[end:],
            )
        )
    return text


def pieces(chance: random.Random, text: str) -> list[str]:
    """A text in pieces of some size."""
    size = chance.choice((2, 7, 40, 1000))
    return [text[at : at + size] for at in range(0, len(text), size)]


def read_answer(chance: random.Random) -> None:
    """An answer with calls, up to what the agent gets of it."""
    written = damaged(chance, chance.choice(ANSWERS))
    reader = AnswerReader(TOOLS)
    deltas = [*map(reader.feed, pieces(chance, written)), reader.end()]
    assert sum(len(delta.text) + len(delta.reasoning) for delta in deltas) <= len(written)
    completion = Completion(
        text="", tool_calls=reader.calls, finish_reason="tool_calls", usage=Usage(), timings=Timings()
    )
    for call in response_from(completion, "m").tool_calls or []:
        assert isinstance(call, ToolCall)


def read_stream(chance: random.Random) -> None:
    """A server's stream; what is wrong with it has a name."""
    openai = chance.random() < 0.5
    written = damaged(chance, STREAM if openai else MESSAGES)
    parser = SseParser()
    reader: Any = OpenAIReader("server") if openai else AnthropicReader("server")
    try:
        for piece in pieces(chance, written):
            for event in parser.feed(piece):
                reader.take(event)
        response_from(reader.completion(Timings()), "m")
    except ClocheError:
        return


def read_contract(chance: random.Random) -> None:
    """A command's parameters or an engine's answer."""
    written = damaged(chance, json.dumps(chance.choice(PARAMS)))
    shape: type[Model] = chance.choice(SHAPES)
    try:
        shape.model_validate(json.loads(written))
    except (ValidationError, json.JSONDecodeError):
        return


ANSWERS = [*(written for written, _, _ in CALLS.values()), *TEXTS]
SHAPES: list[type[Model]] = [*(command.params for command in COMMANDS.values()), Delta, Completion]


@pytest.mark.parametrize(("read", "share"), [(read_answer, 0.4), (read_stream, 0.35), (read_contract, 0.25)])
def test_damaged_inputs_do_no_harm(read: Callable[[random.Random], None], share: float) -> None:
    started = time.process_time()
    chance = random.Random(share)  # noqa: S311 - the same damage each time
    for _ in range(round(INPUTS * share)):
        read(chance)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize(
    "piece",
    [
        "<tool_call>",
        '<tool_call>{"',
        "{",
        '[{"name": "weather", ',
        "<function=a><parameter=b>",
        "[TOOL_CALLS]a",
        "```<tool_call>{",
        "<think>",
        "<",
        " ",
        "<|python_tag|>[",
        '\\"',
    ],
)
def test_what_goes_on_and_on_is_read_in_time_that_grows_with_it(piece: str) -> None:
    started = time.process_time()
    text = piece * (100_000 // len(piece))
    reader = AnswerReader(TOOLS)
    said = sum(len(reader.feed(text[at : at + 11]).text) for at in range(0, len(text), 11))
    said += len(reader.end().text)
    assert said <= len(text)
    assert len(reader.calls) <= 128
    assert time.process_time() - started < 10
