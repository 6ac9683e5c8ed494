"""The form of an answer for servers: strict where it can be, in a box where it is no object."""

from __future__ import annotations

from typing import Any

from cloche.providers.answer_forms import is_strict, rooted, unboxed

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
CLOSED: dict[str, Any] = {"required": ["x"], "additionalProperties": False}


def test_strict_schemas_close_and_require_everything_in_them() -> None:
    assert is_strict(SCHEMA)
    assert is_strict({"type": "object", "properties": {"x": {"type": "array", "items": SCHEMA}}, **CLOSED})
    assert not is_strict({**SCHEMA, "required": []})
    assert not is_strict({"anyOf": [SCHEMA, {"type": "object", "properties": {}}]})


def test_an_answer_leaves_its_box_and_what_is_none_stays_to_be_judged() -> None:
    assert unboxed('{"answer": ["é"]}') == '["é"]'
    assert [unboxed(text) for text in ("", "no", '{"b": 1}', "[1]")] == ["", "no", '{"b": 1}', "[1]"]
    assert rooted({"items": {"$ref": "#"}}) == {"items": {"$ref": "#/properties/answer"}}
