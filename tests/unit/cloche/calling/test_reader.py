"""Calls in every form that models write, in pieces of any size; and text that is none."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from cloche.calling.reader import AnswerReader
from cloche.calling.written import NAMELESS

TOOLS: dict[str, dict[str, Any]] = {
    "weather": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    "now": {"type": "object", "properties": {}},
}
WEATHER = [("weather", {"city": "Zürich", "days": 2})]
BOTH = [*WEATHER, ("now", {})]
JSON = '{"name": "weather", "arguments": {"city": "Zürich", "days": 2}}'
NOW = '{"name": "now", "arguments": {}}'

CALLS: dict[str, tuple[str, str, list[tuple[str, Any]]]] = {
    "hermes": (f"<tool_call>\n{JSON}\n</tool_call>", "", WEATHER),
    "hermes after text": (f"Let me see 🙂.\n<tool_call>{JSON}</tool_call>", "Let me see 🙂.\n", WEATHER),
    "hermes before text": (f"<tool_call>{JSON}</tool_call>\n\nDone <b>now</b>.", "Done <b>now</b>.", WEATHER),
    "hermes twice": (f"<tool_call>\n{JSON}\n</tool_call>\n<tool_call>\n{NOW}\n</tool_call>", "", BOTH),
    "hermes both in one mark": (f"<tool_call>{JSON}\n{NOW}</tool_call>", "", BOTH),
    "hermes list": (f"<tool_call>[{JSON}, {NOW}]</tool_call>", "", BOTH),
    "hermes without its end": (f"<tool_call>\n{JSON}", "", WEATHER),
    "hermes with a bracket too many": (f"<tool_call>{JSON}}}</tool_call>", "", WEATHER),
    "hermes with the mark in an argument": (
        '<tool_call>{"name": "weather", "arguments": {"city": "</tool_call>{\\"", "days": 2}}</tool_call>',
        "",
        [("weather", {"city": '</tool_call>{"', "days": 2})],
    ),
    "arguments written as text": (
        '<tool_call>{"name": "weather", "arguments": "{\\"city\\": \\"Zürich\\", \\"days\\": 2}"}</tool_call>',
        "",
        WEATHER,
    ),
    "a line break in a string": (
        '<tool_call>{"name": "weather", "arguments": {"city": "a\nb"}}</tool_call>',
        "",
        [("weather", {"city": "a\nb"})],
    ),
    "openai's shape": (f'<tool_call>{{"type": "function", "function": {JSON}}}</tool_call>', "", WEATHER),
    "an unknown tool": ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', "", [("fly", {})]),
    "qwen coder": (
        "<tool_call>\n<function=weather>\n<parameter=city>\nZürich\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
        "",
        WEATHER,
    ),
    "qwen coder without the outer mark": (
        "<function=weather><parameter=city>Zürich</parameter><parameter=days>2</parameter></function> ok",
        "ok",
        WEATHER,
    ),
    "qwen coder without arguments": ("<tool_call><function=now></function></tool_call>", "", [("now", {})]),
    "function with json": ('<function=weather>{"city": "Zürich", "days": 2}</function>', "", WEATHER),
    "llama": (f"<|python_tag|>{JSON.replace('arguments', 'parameters')}", "", WEATHER),
    "llama twice": (f"<|python_tag|>{JSON}; {NOW}", "", BOTH),
    "bare": (JSON.replace("arguments", "parameters"), "", WEATHER),
    "bare twice": (f"\n{JSON};{NOW}\n", "", BOTH),
    "bare list": (f"[{JSON}, {NOW}]", "", BOTH),
    "bare with type first": (f'{{"type": "function", {JSON[1:]}', "", WEATHER),
    "bare in a code block": (f"```json\n{JSON}\n```", "", WEATHER),
    "hermes in a code block": (f"```xml\n<tool_call>{JSON}</tool_call>\n```\nThere.", "There.", WEATHER),
    "mistral list": (f"[TOOL_CALLS] [{JSON}, {NOW}]", "", BOTH),
    "mistral names": (
        '[TOOL_CALLS]weather[ARGS]{"city": "Zürich", "days": 2}[TOOL_CALLS]now[CALL_ID]abc123[ARGS]{}',
        "",
        BOTH,
    ),
    "mistral after text": (f"One moment.[TOOL_CALLS][{JSON}]", "One moment.", WEATHER),
    "thinking first": (
        f"<think>\nMaybe <tool_call>{NOW}</tool_call>?\n</think>\n\n<tool_call>{JSON}</tool_call>",
        "",
        WEATHER,
    ),
}

TEXTS = [
    "Hello.",
    "  indented\n\ttext\n",
    "a < b, a <tool, <tool_cal and [TOOL_ and ``, <function",
    "The mark <tool_call> opens a call and </tool_call> ends it.",
    "`<tool_call>` and <function=> and <function=a b> and [TOOL_CALLS] and <|python_tag|>print(1)",
    'An example:\n```\n<tool_call>{"name": "fly", "arguments": {}}</tool_call>\n```\nThat was it.',
    '```python\nprint({"name": "weather"})\n```\n',
    '{"answer": 42}',
    '{"name": "Ada", "arguments": {}}',
    '[{"name": "Ada"}]',
    '{"name": "weath',
    '{"na',
    "[1, 2, 3]",
    "{x} and [y]",
    '{ "city": "Zürich"',
    f"He wrote {JSON} yesterday.",
    "[TOOL_CALLS]weather is a mark",
    "<",
    "```",
    "<think",
    "é👩‍👩‍👧 <t",
    "",
]


def read(pieces: Iterable[str], tools: dict[str, Any] = TOOLS) -> tuple[str, str, list[tuple[str, Any]]]:
    """Text, reasoning and calls of an answer."""
    reader = AnswerReader(tools)
    deltas = [*(reader.feed(piece) for piece in pieces), reader.end()]
    text, reasoning = ("".join(getattr(delta, name) for delta in deltas) for name in ("text", "reasoning"))
    told = [piece for delta in deltas for piece in delta.tool_calls]
    assert [piece.name for piece in told] == [call.function.name for call in reader.calls]
    return text, reasoning, [(call.function.name, json.loads(call.function.arguments)) for call in reader.calls]


def splits(text: str) -> Iterable[list[str]]:
    """A text whole, letter by letter, and in pieces of other sizes."""
    yield [text]
    for size in (1, 2, 3, 7, 16):
        yield [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("form", CALLS)
def test_calls_are_found_wherever_the_pieces_end(form: str) -> None:
    written, text, calls = CALLS[form]
    for pieces in splits(written):
        said, _, found = read(pieces)
        assert (said, found) == (text, calls), pieces


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_call_goes_through_as_it_is(text: str) -> None:
    for pieces in splits(text):
        assert read(pieces) == (text, "", []), pieces


@pytest.mark.parametrize("form", CALLS)
def test_without_tools_nothing_is_a_call(form: str) -> None:
    written, _, _ = CALLS[form]
    if not written.startswith("<think>"):
        assert read(list(written), {}) == (written, "", [])


def test_thinking_is_told_from_the_answer() -> None:
    for pieces in splits("<think>\nHm <b>.\n</think>\n\nYes."):
        assert read(pieces) == ("Yes.", "\nHm <b>.\n", [])
    assert read(["No <think>later</think>"]) == ("No <think>later</think>", "", [])
    assert read(["<think>cut o"]) == ("", "cut o", [])


def test_text_waits_only_while_it_may_become_a_call() -> None:
    reader = AnswerReader(TOOLS)
    assert reader.feed("Hello <").text == "Hello "
    assert reader.feed("b>").text == "<b>"
    assert reader.feed(" <tool_call>").text == " "
    assert reader.feed(" is").text == "<tool_call> is"


def test_bare_json_waits_only_until_its_first_words_are_no_call() -> None:
    reader = AnswerReader(TOOLS)
    assert reader.feed('{"answer').text == ""
    assert reader.feed('":').text == '{"answer":'
    reader = AnswerReader(TOOLS)
    assert reader.feed('{"name": "we').text == ""
    assert reader.feed("b").text == '{"name": "web'


@pytest.mark.parametrize(
    ("written", "name", "fault"),
    [
        ('<tool_call>{"name": "weather", "arguments": {"city": }}</tool_call>', "weather", "not valid JSON: Expecting"),
        ('<tool_call>{"name": "weather", "arguments": {"city": "A"}</tool_call>', "weather", "not valid JSON"),
        ('<tool_call>{"name": "weather", "argum', "weather", "not valid JSON: Unterminated"),
        ("<tool_call>{'name': 'weather'}</tool_call>", NAMELESS, "property name enclosed in double quotes"),
        ('<tool_call>{"tool": "weather"}</tool_call>', NAMELESS, "must have a “name”; this one has tool"),
        ("<tool_call>[1]</tool_call>", NAMELESS, "must be a JSON object, not 1"),
        ('[TOOL_CALLS]weather[ARGS]{"city"}', "weather", "not valid JSON"),
        ('{"name": "weather", "parameters": {', "weather", "not valid JSON"),
        ('<tool_call>{"name": "now", "arguments": ' + "[" * 9999, "now", "not valid JSON"),
    ],
)
def test_a_call_that_cannot_be_read_says_exactly_why(written: str, name: str, fault: str) -> None:
    for pieces in ([written], list(written)):
        reader = AnswerReader(TOOLS)
        for piece in pieces:
            reader.feed(piece)
        reader.end()
        assert reader.calls[0].function.name == name
        assert fault in reader.calls[0].fault  # type: ignore[attr-defined]


def test_calls_have_an_upper_bound() -> None:
    _, _, found = read([f"<tool_call>{NOW}</tool_call>" * 500])
    assert len(found) == 128
