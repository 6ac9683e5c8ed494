"""Schemas that can be held to, those that cannot, and what is wrong with a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from cloche.structured.schema import BadSchema, check_schema, fault_of, read_schema

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 9},
        "age": {"type": "integer", "minimum": 0, "exclusiveMaximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", 1, None]}, "maxItems": 2, "uniqueItems": True},
        "boss": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "pair": {"type": "array", "prefixItems": [{"type": "number"}, {"const": "x"}], "items": False},
        "step": {"type": "number", "multipleOf": 0.5},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Ada"},
        {"name": "Ada", "age": 36, "tags": ["a", None], "boss": None},
        {"name": "Ada", "boss": {"name": "Bob", "boss": {"name": "Cy"}}, "code": "XY", "pair": [1.5, "x"], "step": 1.5},
        {"name": "Ada", "age": 36.0},
    ],
)
def test_a_value_that_fits_has_no_fault(value: Any) -> None:
    assert fault_of(value, check_schema(PERSON)) == ""


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "the answer must be object"),
        ({}, "the answer lacks “name”"),
        ({"name": ""}, "“name” has 0 characters"),
        ({"name": 1}, "“name” must be string"),
        ({"name": "Ada", "age": True}, "“age” must be integer"),
        ({"name": "Ada", "age": 1.5}, "“age” must be integer"),
        ({"name": "Ada", "age": -1}, "“age” is -1, which is out of range"),
        ({"name": "Ada", "age": 150}, "“age” is 150, which is out of range"),
        ({"name": "Ada", "tags": [True]}, "“tags”, item 1 must be one of"),
        ({"name": "Ada", "tags": ["a", "a"]}, "“tags” has an item twice"),
        ({"name": "Ada", "tags": ["a", 1, None]}, "“tags” has 3 items"),
        ({"name": "Ada", "boss": {"age": 1}}, "“boss” fits none of the anyOf schemas"),
        ({"name": "Ada", "code": "xy"}, "“code” must match"),
        ({"name": "Ada", "pair": [1, "y"]}, '“pair”, item 2 must be "x"'),
        ({"name": "Ada", "pair": [1, "x", 2]}, "“pair”, item 3 is one too many"),
        ({"name": "Ada", "step": 0.7}, "“step” must be a multiple of 0.5"),
        ({"name": "Ada", "more": 1}, "“more” is not in the schema"),
    ],
)
def test_the_first_fault_is_named_with_its_place(value: Any, fault: str) -> None:
    assert fault_of(value, check_schema(PERSON)).startswith(fault)


def test_one_of_several_must_be_exactly_one() -> None:
    schema = check_schema({"oneOf": [{"type": "integer"}, {"type": "number"}]})
    assert fault_of(1.5, schema) == ""
    assert "more than one" in fault_of(1, schema)
    both = check_schema({"allOf": [{"minimum": 1}, {"maximum": 2}]})
    assert (fault_of(1, both), bool(fault_of(3, both))) == ("", True)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("{", "This is not JSON"),
        ("[]", "A schema is a JSON object"),
        ("{}", "says nothing about the answer"),
        ('{"title": "x"}', "says nothing about the answer"),
        ('{"type": "text"}', "there is no type “text”"),
        ('{"type": "object", "not": {}}', "“not” is not supported"),
        ('{"type": "object", "properties": {"a": {"if": {}}}}', "In “a”: the keyword “if” is not supported"),
        ('{"type": "object", "properties": []}', "“properties” must be an object"),
        ('{"type": "array", "items": 3}', "a schema must be an object"),
        ('{"anyOf": []}', "must be a list of schemas"),
        ('{"enum": []}', "must be a list of values"),
        ('{"type": "object", "required": "name"}', "must be a list of names"),
        ('{"type": "string", "maxLength": "9"}', "“maxLength” must be a number"),
        ('{"type": "number", "multipleOf": 0}', "greater than 0"),
        ('{"type": "string", "pattern": "a+"}', "must begin with"),
        ('{"type": "string", "pattern": "^($"}', "not a regular expression"),
        ('{"$ref": "#/$defs/None"}', "leads nowhere"),
        ('{"$ref": "https://example.org/x"}', "leads nowhere"),
        ('{"$ref": "#"}', "in a circle"),
    ],
)
def test_a_schema_that_cannot_be_held_to_is_refused_with_a_reason(schema: str, reason: str) -> None:
    with pytest.raises(BadSchema, match=reason.replace("$", r"\$").replace("(", r"\(")):
        read_schema(schema)


def test_a_schema_nested_without_end_is_refused() -> None:
    nested: dict[str, Any] = {"type": "null"}
    for _ in range(100):
        nested = {"type": "array", "items": nested}
    with pytest.raises(BadSchema, match="nested too deeply"):
        read_schema(json.dumps(nested))


class Address(BaseModel):
    """Where."""

    street: str
    zip: str | None = None


class Person(BaseModel):
    """Who."""

    name: str = Field(min_length=1)
    addresses: list[Address] = []
    friends: dict[str, int] = {}
    position: tuple[float, float] = (0, 0)


def test_what_pydantic_writes_is_understood() -> None:
    schema = check_schema(Person.model_json_schema())
    assert fault_of({"name": "Ada", "addresses": [{"street": "x"}], "friends": {"Bob": 1}}, schema) == ""
    assert "lacks “street”" in fault_of({"name": "Ada", "addresses": [{}]}, schema)
