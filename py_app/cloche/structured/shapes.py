"""The form of a conversation's answers as the page gives it, and its commands.

Owns these shapes; what a schema may say is schema.py's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..commands import Command, SessionRef
from ..shapes import Model

Choice = Annotated[str, Field(min_length=1, max_length=200)]


class AnswerFormat(Model):
    """How answers are to look: `text` as the model likes, JSON of the schema in `json_schema`, one of `choices`, or
    text that follows `grammar` (GBNF)."""

    kind: Literal["text", "json_schema", "choices", "grammar"] = "text"
    json_schema: str = Field(default="", max_length=20_000)
    choices: list[Choice] = Field(default=[], max_length=100)
    grammar: str = Field(default="", max_length=20_000)


class SessionAnswerFormat(SessionRef):
    """The form of a session's answers."""

    format: AnswerFormat


COMMANDS: dict[str, Command] = {
    "session.answer_format": Command(SessionRef, AnswerFormat),
    "session.set_answer_format": Command(SessionAnswerFormat, AnswerFormat),
}
