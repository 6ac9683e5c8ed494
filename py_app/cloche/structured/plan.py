"""What an answer must be: what the engine is asked for, how an answer is judged, and how it is shown.

Owns the three forms: a schema, a pydantic model, a list of choices. An answer is good as a whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from .schema import Schema, check_schema, fault_of, read_schema
from .shapes import AnswerFormat


class Plan(NamedTuple):
    """`schema` is what the engine holds to; `judge` gives the value or raises ValueError with the fault; `show` gives
    the text for people."""

    schema: Schema
    judge: Callable[[Any], Any]
    format: Literal["markdown", "json"] = "json"

    @property
    def response_format(self) -> dict[str, Any]:
        """As Amplifier's request has it."""
        return {"type": "json_schema", "json_schema": self.schema, "strict": True}

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


def plan_of(chosen: AnswerFormat) -> Plan | None:
    """The plan of a session's form; None where the model may answer as it likes. Raises BadSchema."""
    if chosen.kind == "json_schema":
        return Plan(read_schema(chosen.json_schema), lambda data: data)
    if chosen.kind == "choices":
        return Plan(check_schema({"enum": chosen.choices}), lambda data: data, "markdown")
    return None


def plan_for(schema: type[BaseModel] | Schema | list[str]) -> Plan:
    """The plan for what a program asks for: a pydantic model, a schema, or choices. Raises BadSchema."""
    if isinstance(schema, list):
        return Plan(check_schema({"enum": schema}), lambda data: data, "markdown")
    if isinstance(schema, dict):
        return Plan(check_schema(schema), lambda data: data)

    def judge(data: Any) -> BaseModel:
        try:
            return schema.model_validate_json(json.dumps(data))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ValueError(f"{where}: {first['msg']}" if where else str(first["msg"])) from error

    return Plan(check_schema(schema.model_json_schema()), judge)
