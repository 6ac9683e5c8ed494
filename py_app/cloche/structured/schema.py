"""JSON Schema, as far as engines can hold to it: reading one, and telling what is wrong with a value.

Owns the keywords that are understood. A schema with any other is refused by name, because a rule that nobody checks is
worse than none. Rules that an engine passes over (ranges of numbers, `multipleOf`, `uniqueItems`) are checked here.
References stay inside the schema. Needs no library: what is understood is less than a page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from ..errors import BadInput

Schema = dict[str, Any]
MAX_DEPTH = 64
NOTES = frozenset(("title", "description", "default", "examples", "format", "deprecated", "discriminator"))
NOTES |= {"$schema", "$id", "$comment", "$defs", "definitions"}
ANY = frozenset(("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"))
OBJECT = frozenset(("properties", "required", "additionalProperties"))
ARRAY = frozenset(("items", "prefixItems", "minItems", "maxItems", "uniqueItems"))
STRING = frozenset(("minLength", "maxLength", "pattern"))
NUMBER = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
UNDERSTOOD = NOTES | ANY | OBJECT | ARRAY | STRING | NUMBER
LENGTHS = frozenset(("minItems", "maxItems", "minLength", "maxLength"))
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class BadSchema(BadInput):
    """A schema that cannot be held to."""

    code = "bad_schema"
    action = "Correct the schema and try again."


def read_schema(text: str) -> Schema:
    """The schema in a text. Raises BadSchema."""
    try:
        schema = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise BadSchema(f"This is not JSON: {error}.") from error
    return check_schema(schema)


def check_schema(schema: Any) -> Schema:
    """The same schema, if all of it is understood. Raises BadSchema."""
    if not isinstance(schema, dict):
        raise BadSchema("A schema is a JSON object, for example {“type”: “object”, “properties”: {…}}.")
    if not set(schema) - NOTES:
        raise BadSchema("The schema says nothing about the answer: it needs a “type”, “enum”, “anyOf” or “$ref”.")
    for where, part in parts_of(schema, "the schema", 0):
        problem = problem_of(part, schema)
        if problem:
            raise BadSchema(f"In {where}: {problem}")
    return schema


def parts_of(schema: Any, where: str, depth: int) -> Iterator[tuple[str, Any]]:
    """All schemas in a schema with their places."""
    yield where, schema
    if not isinstance(schema, dict):
        return
    if depth > MAX_DEPTH:
        raise BadSchema("The schema is nested too deeply.")
    for key in ("properties", "$defs", "definitions"):
        for name, part in table(schema.get(key, {}), key, where).items():
            yield from parts_of(part, f"“{name}”", depth + 1)
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        choices = schema.get(key, [])
        if not isinstance(choices, list) or (key in schema and not choices):
            raise BadSchema(f"In {where}: “{key}” must be a list of schemas.")
        for part in choices:
            yield from parts_of(part, f"{where}, {key}", depth + 1)
    for key in ("items", "additionalProperties"):
        if key in schema and not isinstance(schema[key], bool):
            yield from parts_of(schema[key], f"{where}, {key}", depth + 1)


def table(value: Any, key: str, where: str) -> Schema:
    """An object of schemas."""
    if not isinstance(value, dict):
        raise BadSchema(f"In {where}: “{key}” must be an object.")
    return value


def problem_of(schema: Any, root: Schema) -> str:
    """What is wrong with one schema, its parts aside; empty if nothing is."""
    if not isinstance(schema, dict):
        return "a schema must be an object."
    unknown = sorted(set(schema) - UNDERSTOOD)
    if unknown:
        return f"the keyword “{unknown[0]}” is not supported."
    types = schema.get("type", [])
    for name in types if isinstance(types, list) else [types]:
        if name not in TYPES:
            return f"there is no type “{name}”. Types: {', '.join(TYPES)}."
    if "enum" in schema and not (isinstance(schema["enum"], list) and schema["enum"]):
        return "“enum” must be a list of values."
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        return "“required” must be a list of names."
    for key in (NUMBER | LENGTHS) & set(schema):
        number = schema[key]
        if isinstance(number, bool) or not isinstance(number, (int, float)) or (key in LENGTHS and number < 0):
            return f"“{key}” must be a number."
        if key == "multipleOf" and number <= 0:
            return "“multipleOf” must be greater than 0."
    return pattern_problem(schema) or reference_problem(schema, root)


def pattern_problem(schema: Schema) -> str:
    """What is wrong with a pattern."""
    pattern = schema.get("pattern")
    if pattern is None:
        return ""
    if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")):
        return "a “pattern” must begin with ^ and end with $."
    try:
        re.compile(pattern)
    except re.error as error:
        return f"the “pattern” is not a regular expression: {error}."
    return ""


def reference_problem(schema: Schema, root: Schema) -> str:
    """What is wrong with a reference."""
    seen = 0
    while "$ref" in schema:
        reference, seen = schema["$ref"], seen + 1
        target = resolved(reference, root)
        if target is None:
            return f"the reference “{reference}” leads nowhere inside the schema."
        if seen > MAX_DEPTH:
            return f"the reference “{reference}” leads in a circle."
        schema = target
    return ""


def resolved(reference: Any, root: Schema) -> Schema | None:
    """What a reference such as #/$defs/Person names."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = root
    for step in reference[1:].strip("/").split("/") if reference != "#" else []:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found if isinstance(found, dict) else None


# ---------------------------------------------------------------- values


def fault_of(value: Any, schema: Schema) -> str:
    """What is wrong with a value by a checked schema, with the place; empty if nothing is."""
    return next(faults(value, schema, schema, "the answer", 0), "")


def faults(value: Any, schema: Schema, root: Schema, where: str, depth: int) -> Iterator[str]:
    """All that is wrong."""
    if depth > 2 * MAX_DEPTH:
        yield f"{where} is nested too deeply"
        return
    if "$ref" in schema:
        yield from faults(value, resolved(schema["$ref"], root) or {}, root, where, depth + 1)
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    if types and not any(is_of(value, name) for name in types):
        yield f"{where} must be {' or '.join(types)}"
    if "enum" in schema and not any(same(value, choice) for choice in schema["enum"]):
        yield f"{where} must be one of {json.dumps(schema['enum'], ensure_ascii=False)}"
    if "const" in schema and not same(value, schema["const"]):
        yield f"{where} must be {json.dumps(schema['const'], ensure_ascii=False)}"
    for part in schema.get("allOf", []):
        yield from faults(value, part, root, where, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            fitting = sum(not any(faults(value, part, root, where, depth + 1)) for part in schema[key])
            if fitting == 0 or (key == "oneOf" and fitting > 1):
                yield f"{where} fits {'none' if fitting == 0 else 'more than one'} of the {key} schemas"
    if isinstance(value, dict):
        yield from object_faults(value, schema, root, where, depth)
    elif isinstance(value, list):
        yield from array_faults(value, schema, root, where, depth)
    elif isinstance(value, str):
        yield from string_faults(value, schema, where)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from number_faults(value, schema, where)


def object_faults(value: Schema, schema: Schema, root: Schema, where: str, depth: int) -> Iterator[str]:
    """What is wrong with an object."""
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where} lacks “{name}”"
    others = schema.get("additionalProperties", True)
    for name, part in value.items():
        place = f"“{name}”" if where == "the answer" else f"{where}.“{name}”"
        if name in known:
            yield from faults(part, known[name], root, place, depth + 1)
        elif others is False:
            yield f"{place} is not in the schema"
        elif isinstance(others, dict):
            yield from faults(part, others, root, place, depth + 1)


def array_faults(value: list[Any], schema: Schema, root: Schema, where: str, depth: int) -> Iterator[str]:
    """What is wrong with a list."""
    if len(value) < schema.get("minItems", 0) or len(value) > schema.get("maxItems", len(value)):
        yield f"{where} has {len(value)} items, which is too few or too many"
    if schema.get("uniqueItems") and len({canonical(item) for item in value}) < len(value):
        yield f"{where} has an item twice"
    first = schema.get("prefixItems", [])
    rest = schema.get("items", True)
    for index, item in enumerate(value):
        place = f"{where}, item {index + 1}"
        if index < len(first):
            yield from faults(item, first[index], root, place, depth + 1)
        elif rest is False:
            yield f"{place} is one too many"
        elif isinstance(rest, dict):
            yield from faults(item, rest, root, place, depth + 1)


def string_faults(value: str, schema: Schema, where: str) -> Iterator[str]:
    """What is wrong with a string."""
    if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", len(value)):
        yield f"{where} has {len(value)} characters, which is too few or too many"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where} must match {schema['pattern']}"


def number_faults(value: float, schema: Schema, where: str) -> Iterator[str]:
    """What is wrong with a number."""
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        yield f"{where} is {value}, which is out of range"
    if ("exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]) or (
        "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]
    ):
        yield f"{where} is {value}, which is out of range"
    step = schema.get("multipleOf")
    if step is not None and abs(value / step - round(value / step)) > 1e-9:
        yield f"{where} must be a multiple of {step}"


def is_of(value: Any, name: str) -> bool:
    """Whether a value is of a type; 1.0 is an integer in JSON, true is no number."""
    if isinstance(value, bool) and name != "boolean":
        return False
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[name])


def canonical(value: Any) -> str:
    """A text that equal values share; 1 and true do not."""
    return json.dumps(value, sort_keys=True)


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values are equal."""
    return canonical(first) == canonical(second)
