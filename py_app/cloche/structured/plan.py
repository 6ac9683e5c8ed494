"""What an answer must be: what the engine is asked for, how an answer is judged, and how it is shown.

Owns the forms: a schema, a pydantic model, a list of choices, a grammar. An answer is good as a whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from .grammar import Grammar
from .schema import Schema, check_schema, fault_of, read_schema
from .shapes import AnswerFormat


class GrammarPlan(NamedTuple):
    """An answer that follows a grammar; it is its own value."""

    grammar: Grammar
    format: Literal["markdown", "json"] = "markdown"

    @property
    def options(self) -> dict[str, Any]:
        """As fields of Amplifier's request, which has no name for grammars but takes other fields."""
        return {"grammar": self.grammar.text}

    def value(self, text: str) -> str:
        """The answer. Raises ValueError with the fault."""
        fault = self.grammar.fault_of(text)
        if not fault:
            return text
        if self.grammar.fault_of(text.strip()):
            raise ValueError(fault)
        return text.strip()

    def value_shown(self, text: str) -> str:
        """The answer as it is shown."""
        return text

    def shown(self, text: str) -> str:
        """The answer as people see it."""
        return self.value(text)


class SchemaPlan(NamedTuple):
    """`schema` is what the engine holds to; `judge` gives the value or raises ValueError with the fault."""

    schema: Schema
    judge: Callable[[Any], Any]
    format: Literal["markdown", "json"] = "json"

    @property
    def options(self) -> dict[str, Any]:
        """As fields of Amplifier's request."""
        return {"response_format": {"type": "json_schema", "json_schema": self.schema, "strict": True}}

    def value(self, text: str) -> Any:
        """The value of an answer. Raises ValueError with the fault."""
        if not text.strip():
            raise ValueError("the answer is empty")
        try:
            data = from_json(text, allow_inf_nan=False)
        except ValueError as error:
            raise ValueError(f"the answer is not JSON ({error})") from error
        fault = fault_of(data, self.schema)
        if fault:
            raise ValueError(fault)
        return self.judge(data)

    def value_shown(self, text: str) -> Any:
        """The value of an answer as `shown` has it."""
        return self.value(json.dumps(text) if self.format == "markdown" else text)

    def shown(self, text: str) -> str:
        """A good answer as people see it."""
        data = from_json(text)
        if self.format == "markdown" and isinstance(data, str):
            return data
        return json.dumps(data, ensure_ascii=False, indent=2)


Plan = SchemaPlan | GrammarPlan


def plan_of(chosen: AnswerFormat) -> Plan | None:
    """The plan of a session's form; None where the model may answer as it likes. Raises BadSchema."""
    if chosen.kind == "json_schema":
        return SchemaPlan(read_schema(chosen.json_schema), lambda data: data)
    if chosen.kind == "choices":
        return SchemaPlan(check_schema({"enum": chosen.choices}), lambda data: data, "markdown")
    if chosen.kind == "grammar":
        return GrammarPlan(Grammar(chosen.grammar))
    return None


def plan_for(schema: type[BaseModel] | Schema | list[str] | str) -> Plan:
    """The plan for what a program asks for: a pydantic model, a schema, choices, or a grammar. Raises BadSchema."""
    if isinstance(schema, str):
        return GrammarPlan(Grammar(schema))
    if isinstance(schema, list):
        return SchemaPlan(check_schema({"enum": schema}), lambda data: data, "markdown")
    if isinstance(schema, dict):
        return SchemaPlan(check_schema(schema), lambda data: data)

    def judge(data: Any) -> BaseModel:
        try:
            return schema.model_validate_json(json.dumps(data))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ValueError(f"{where}: {first['msg']}" if where else str(first["msg"])) from error

    return SchemaPlan(check_schema(schema.model_json_schema()), judge)
