"""The form of an answer in the words of each kind of engine.

Owns the translation of `response_format` (OpenAI's `json_schema`, or a grammar) for engines that pass over that form,
know another, or know none: those are told in the prompt. Whether an answer has the form is judged by whoever asked.
"""

from __future__ import annotations

import json
from typing import Any

from ..calling.prompt import with_system
from ..engine_contract import ChatRequest

Data = dict[str, Any]
ANSWER = "answer"


def schema_of(form: Data | None) -> Data | None:
    """The schema of a form; None where it is no schema."""
    if form is None or form.get("type") != "json_schema":
        return None
    schema: Data = form["json_schema"]["schema"]
    return schema


def in_words(request: ChatRequest) -> ChatRequest:
    """The request with its form said in the system message, for engines that cannot be held to it."""
    form = request.response_format
    if form is None:
        return request
    schema = schema_of(form)
    if schema is not None:
        told = f"Answer with nothing but JSON that fits this JSON schema:\n{json.dumps(schema, ensure_ascii=False)}"
    elif form["type"] == "grammar":
        told = f"Answer with nothing but text that this grammar (GBNF) derives from root:\n{form['grammar']}"
    else:
        told = "Answer with nothing but JSON."
    return request.model_copy(update={"response_format": None, "messages": with_system(request.messages, told)})


def is_object(schema: Data) -> bool:
    """Whether a schema is that of an object at its root, which is all that some servers take."""
    return schema.get("type") == "object" and "$ref" not in schema


def boxed(request: ChatRequest) -> ChatRequest:
    """The request for an object that holds the answer."""
    schema = dict(schema_of(request.response_format) or {})
    kept: Data = {key: schema.pop(key) for key in ("$defs", "definitions") if key in schema}
    box: Data = {
        "type": "object",
        "properties": {ANSWER: schema},
        "required": [ANSWER],
        "additionalProperties": False,
        **kept,
    }
    form: Data = {"type": "json_schema", "json_schema": {"name": ANSWER, "schema": rooted(box), "strict": True}}
    return request.model_copy(update={"response_format": form})


def rooted(part: Any) -> Any:
    """A box in which references to the whole schema lead to what is in it."""
    if isinstance(part, dict):
        moved = {key: rooted(value) for key, value in part.items()}
        return {**moved, "$ref": f"#/properties/{ANSWER}"} if part.get("$ref") == "#" else moved
    return [rooted(item) for item in part] if isinstance(part, list) else part


def unboxed(text: str) -> str:
    """The answer in its box as JSON; text that is no such box stays as it is, to be judged."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(found[ANSWER], ensure_ascii=False) if isinstance(found, dict) and ANSWER in found else text


def is_strict(schema: Any) -> bool:
    """Whether all objects of a schema name and require all they may have: OpenAI's `strict` wants that."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    names = schema.get("properties")
    closed = schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(names or ())
    parts = [part for key, part in schema.items() if key not in ("enum", "const", "default", "examples", "properties")]
    whole = all(map(is_strict, parts)) and all(map(is_strict, (names or {}).values()))
    return whole and (closed if schema.get("type") == "object" or names is not None else True)
