"""A watched question: its answer for each frame, and whether the answer has changed.

Owns how an answer is read out of what a model says, and the memory of the last one. What happens then is live.py's.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ..errors import BadInput
from ..structured.plan import plan_for
from ..structured.schema import Schema, read_schema
from .shapes import LiveWatch

YES_NO: Schema = {"enum": ["yes", "no"]}
FIRST_WORD = re.compile(r"[^\w]*(yes|no)\b", re.I)


class Change(NamedTuple):
    """From one answer to another."""

    before: str
    after: str


class Watch:
    """One watched question, from its first answer on: that one only says how things stand."""

    def __init__(self, watch: LiveWatch) -> None:
        self.watch = watch
        self._schema: Schema = YES_NO if watch.kind == "yes_no" else read_schema(watch.json_schema)
        self._plan = plan_for(self._schema)
        self.arguments = arguments_of(watch.arguments)
        self._answer: str | None = None

    def read(self, text: str) -> str | None:
        """The answer in what a model said freely; None where it has to be held to the form."""
        if self.watch.kind == "yes_no":
            found = FIRST_WORD.match(text)
            return found[1].lower() if found else None
        return self.read_formed(text)

    def read_formed(self, text: str) -> str | None:
        """The answer in what a model said that was held to the form; None where it was cut off."""
        try:
            value = self._plan.value(text)
        except ValueError:
            return None
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)

    @property
    def response_format(self) -> dict[str, Any]:
        """What the engine is held to."""
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": self._schema, "strict": True}}

    def hear(self, answer: str) -> Change | None:
        """Take the newest answer; the change, if there is one of the wanted kind."""
        before, self._answer = self._answer, answer
        if before is None or before == answer:
            return None
        return Change(before, answer) if self.watch.when in ("change", answer) else None


def arguments_of(text: str) -> dict[str, Any]:
    """The arguments of a watch's tool. Raises BadInput."""
    try:
        value = json.loads(text.strip() or "{}")
    except ValueError as error:
        raise BadInput(
            f"The tool's arguments are not JSON: {error}.", action='Write them like {"text": "…"}.'
        ) from error
    if not isinstance(value, dict):
        raise BadInput("The tool's arguments are not a JSON object.", action='Write them like {"text": "…"}.')
    return value


def filled(value: Any, words: dict[str, str]) -> Any:
    """Arguments with {answer} and the like filled in; other braces stay as they are."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {key: filled(part, words) for key, part in value.items()}
    return [filled(part, words) for part in value] if isinstance(value, list) else value
