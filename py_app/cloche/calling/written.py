"""What a model wrote as a call, as calls of the engine contract.

Owns the many shapes of one thing: name and arguments under their several names, lists of calls, arguments given as
text. What cannot be read becomes a call with the exact fault, which is the model's answer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ..engine_contract import FunctionCall, ToolCall

MAX_DEPTH = 64
ARGUMENTS = ("arguments", "parameters", "args", "input")
OPENING = frozenset(("name", "type", "id", "function", "tool_call", "tool_calls", *ARGUMENTS))
#: longer names of keys and tools are none of a call
MAX_KEY = 128
#: the name of a call that has none
NAMELESS = "unreadable_call"


class FaultyCall(ToolCall):
    """A call that cannot be carried out as it is written."""

    fault: str


def read_calls(text: str, name: str = "") -> list[ToolCall] | None:
    """The calls in an object or a list; `name` is the tool's where only the arguments are written. None: no call."""
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return [faulty(name or name_in(text), f"The call is not valid JSON: {why}.")]
    if name:
        return [call_with(name, value)]
    calls = value.get("tool_calls", value) if isinstance(value, dict) else value
    found = [read_call(call) for call in (calls if isinstance(calls, list) else [calls])]
    return found or None


def read_call(value: Any) -> ToolCall:
    """One call."""
    if not isinstance(value, dict):
        return faulty("", f"A call must be a JSON object, not {json.dumps(value)[:80]}.")
    inner = value.get("function", value.get("tool_call"))
    if isinstance(inner, dict):
        return read_call(inner)
    name = value.get("name", inner)
    if not isinstance(name, str) or not name.strip():
        return faulty("", f"A call must have a “name”; this one has {', '.join(map(str, value)) or 'nothing'}.")
    given: Any = next((value[key] for key in ARGUMENTS if key in value), {})
    return call_with(name.strip(), given)


def call_with(name: str, arguments: Any) -> ToolCall:
    """A call; arguments that are text are taken as JSON that was written twice."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id="", function=FunctionCall(name=name[:MAX_KEY], arguments=text.strip() or "{}"))


def faulty(name: str, fault: str) -> FaultyCall:
    """A call that only says what is wrong with it."""
    form = '{"name": "tool", "arguments": {"argument": "value"}}'
    function = FunctionCall(name=name or NAMELESS, arguments="{}")
    return FaultyCall(id="", function=function, fault=f"{fault} Write it like this: {form}")


def name_in(text: str) -> str:
    """The tool's name in text that is no JSON, as far as its beginning tells."""
    _, mark, rest = text[: 4 * MAX_KEY].partition('"name"')
    found = quoted(rest.lstrip().removeprefix(":").lstrip()) if mark else None
    return found[0] if found else ""


def read_parameters(name: str, given: Mapping[str, str], schema: Mapping[str, Any]) -> ToolCall:
    """A call whose arguments are written as text one by one: what is no string by the schema is read as JSON."""
    properties = schema.get("properties", {})
    arguments: dict[str, Any] = {}
    for key, text in given.items():
        value = text.removeprefix("\n").removesuffix("\n")
        arguments[key] = value
        if properties.get(key, {}).get("type") != "string":
            try:
                arguments[key] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return call_with(name, arguments)


def opens_call(text: str, tools: Collection[str]) -> bool | None:
    """Whether bare JSON that begins like this is a call of one of the tools; None while it may become one."""
    rest = text.lstrip()
    if rest.startswith("["):
        rest = rest[1:].lstrip()
    if not rest:
        return None
    inner = rest[1:].lstrip()
    if rest[0] != "{" or (inner and inner[0] != '"'):
        return False
    key = quoted(inner)
    if key is None:
        return None if len(inner) <= MAX_KEY else False
    if key[0] != "name":
        return key[0] in OPENING
    after = key[1].lstrip()
    value = after[1:].lstrip()
    if after and (after[0] != ":" or (value and value[0] != '"')):
        return False
    name = quoted(value)
    if name is None:
        return None if any(tool.startswith(value[1:]) for tool in tools) else False
    return name[0] in tools


def quoted(text: str) -> tuple[str, str] | None:
    """The plain string at the beginning of a text, and the rest; None where there is no whole one."""
    if not text.startswith('"'):
        return None
    value, mark, rest = text[1:].partition('"')
    return (value, rest) if mark else None
