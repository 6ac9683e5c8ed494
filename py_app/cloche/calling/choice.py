"""Which tool a model must call: "required" is any of them, a tool's name that one.

Owns the schema that an engine is held to where it does not know such a choice by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine_contract import ToolSpec

AUTO, NONE, REQUIRED = "auto", "none", "required"
Schema = dict[str, Any]


def chosen(tools: Sequence[ToolSpec], choice: str) -> list[ToolSpec]:
    """The tools that such a choice leaves."""
    return [tool for tool in tools if choice in (REQUIRED, tool.function.name)]


def call_format(tools: Sequence[ToolSpec], choice: str) -> dict[str, Any]:
    """The response format of one call of a tool that is chosen."""
    functions = [tool.function for tool in chosen(tools, choice)]
    calls = [
        {
            "type": "object",
            "properties": {"name": {"const": function.name}, "arguments": {"$ref": f"#/$defs/{function.name}"}},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for function in functions
    ]
    schema: Schema = {
        **(calls[0] if len(calls) == 1 else {"anyOf": calls}),
        "$defs": {function.name: arguments_schema(function.name, function.parameters) for function in functions},
    }
    return {"type": "json_schema", "json_schema": {"name": "call", "schema": schema, "strict": True}}


def arguments_schema(name: str, schema: Schema) -> Schema:
    """The schema of a tool's arguments at another place; an object without arguments stays empty."""
    moved: Schema = with_references(schema, f"#/$defs/{name}")
    return {"type": "object", "properties": {}, "additionalProperties": False, **moved}


def with_references(part: Any, root: str) -> Any:
    """A schema whose references begin at another root."""
    if isinstance(part, dict):
        return {
            key: f"{root}{value[1:]}" if key == "$ref" and isinstance(value, str) else with_references(value, root)
            for key, value in part.items()
        }
    return [with_references(item, root) for item in part] if isinstance(part, list) else part
