"""A typed function with a docstring as a tool."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from amplifier_core.interfaces import Tool as AmplifierTool
from pydantic import BaseModel, Field

from cloche.tools.tool import FunctionTool, ToolFault, tool


@tool(access="read")
def add(a: float, b: float = 1) -> float:
    """Add two numbers.

    They may be negative.

    Args:
        a: the first number,
            whatever it is
        b (float): the second number

    Returns:
        their sum
    """
    return a + b


@tool()
async def paint(
    colour: Literal["red", "blue"], schema: Annotated[str, Field(description="its name", max_length=5)]
) -> dict[str, Any]:
    """Paint."""
    if schema == "wall":
        raise ToolFault("The wall is wet.")
    return {"painted": colour, "né": schema}


class Point(BaseModel):
    """A point."""

    x: int
    y: int


@tool()
def move(to: Point, tags: list[str] | None = None) -> None:
    """Move."""
    assert isinstance(to, Point)


def test_name_purpose_and_schema_come_from_the_function() -> None:
    assert add.name == "add"
    assert add.description == "Add two numbers. They may be negative."
    assert add.input_schema == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "a": {"type": "number", "description": "the first number, whatever it is"},
            "b": {"type": "number", "description": "the second number", "default": 1},
        },
        "required": ["a"],
    }


def test_a_field_describes_and_limits() -> None:
    assert paint.input_schema["properties"] == {
        "colour": {"type": "string", "enum": ["red", "blue"]},
        "schema": {"type": "string", "description": "its name", "maxLength": 5},
    }


def test_a_schema_of_shapes_has_no_titles_but_keeps_fields_named_so() -> None:
    class Book(BaseModel):
        title: str

    def read(book: Book) -> str:
        """Read."""
        return book.title

    read.__annotations__["book"] = Book
    schema = tool("read")(read).input_schema
    assert schema["$defs"]["Book"]["properties"] == {"title": {"type": "string"}}
    assert "title" not in schema["$defs"]["Book"]


def test_what_says_nothing_changes_things() -> None:
    assert paint.access == "write"
    assert not paint.outside


def test_it_is_a_tool_of_amplifier_and_still_a_function() -> None:
    assert isinstance(add, FunctionTool)
    as_amplifier: AmplifierTool = add
    assert as_amplifier.input_schema["type"] == "object"
    assert add(2, 3) == 5


async def test_it_runs_with_checked_arguments() -> None:
    result = await add.execute({"a": "2"})
    assert (result.success, result.output) == (True, "3.0")
    result = await paint.execute({"colour": "red", "schema": 5})
    assert json.loads(result.output) == {"painted": "red", "né": "5"}
    assert "né" in result.output
    assert (await move.execute({"to": {"x": 1, "y": "2"}})).output == "Done."


async def test_a_fault_of_the_tool_is_its_answer() -> None:
    result = await paint.execute({"colour": "red", "schema": "wall"})
    assert (result.success, result.output) == (False, "The wall is wet.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, ["'a' is missing", "It takes: a, b (optional)"]),
        ({"a": 1, "c": 2}, ["'c' is not known"]),
        ({"a": "two"}, ["'a'", 'not "two"']),
        ({"a": None}, ["'a'", "not null"]),
    ],
)
async def test_wrong_arguments_are_named_exactly(arguments: dict[str, Any], words: list[str]) -> None:
    fault = add.fault_in(arguments)
    assert fault is not None
    assert all(word in fault for word in words), fault
    assert not (await add.execute(arguments)).success


def test_right_arguments_have_no_fault() -> None:
    assert add.fault_in({"a": 1, "b": 2.5}) is None


def test_arguments_without_a_name_cannot_be_described() -> None:
    def many(*numbers: int) -> int:
        """Add."""
        return sum(numbers)

    with pytest.raises(TypeError, match="numbers"):
        tool("read")(many)
