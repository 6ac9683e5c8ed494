"""The commands and events of the person's own folder of models.

Owns these shapes; contract.py makes them part of the contract. Sizes are bytes.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import Model
from .shapes import ModelRef


class FolderModel(Model):
    """A model that lies in the folder."""

    model_id: str
    name: str
    size: int


class FolderProblem(Model):
    """A file in the folder that is no model, and why."""

    path: str
    message: str


class Moving(Model):
    """A model on its way into the folder; every byte is written and read again."""

    model_id: str
    loaded_bytes: int
    total_bytes: int


class FolderState(Model):
    """The folder on the person's disk, and what was found there when it could be read last.

    `none`: none was chosen; `ask`: the browser wants the person to allow it again; `denied`: they, or the browser, said
    no; `gone`: it is no longer where it was.
    """

    state: Literal["none", "open", "ask", "denied", "gone"] = "none"
    name: str = ""
    models: list[FolderModel] = Field(default=[])
    problems: list[FolderProblem] = Field(default=[])
    moving: Moving | None = None


COMMANDS: dict[str, Command] = {
    "folder.look": Command(NoParams, FolderState),
    "folder.move": Command(ModelRef, FolderState),
}
EVENTS: dict[str, type[Model]] = {"folder:changed": FolderState}
