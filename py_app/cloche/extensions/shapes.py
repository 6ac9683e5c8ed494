"""What the page knows of a person's extensions, and the commands about them."""

from __future__ import annotations

from pydantic import Field

from ..commands import Command
from ..shapes import Model

NAME = r"^[a-z][a-z0-9_]{0,39}$"


class ExtensionInfo(Model):
    """One file: the names of what it brings, where it is switched on, and the traceback of what went wrong in it.

    `enabled` is about the session that was asked for; `everywhere` holds where no session says otherwise.
    """

    name: str
    tools: list[str]
    hooks: list[str]
    providers: list[str]
    module: bool
    error: str | None = None
    everywhere: bool
    enabled: bool
    updated_at: float


class ExtensionRef(Model):
    """Names an extension."""

    name: str


class ExtensionFile(Model):
    """An extension as a file `<name>.py`. Small letters, digits and underscores, so that it can be imported."""

    name: str = Field(pattern=NAME)
    source: str = Field(max_length=500_000)


class ExtensionQuery(Model):
    """Which session `enabled` is about; None stands for a new chat."""

    session_id: str | None = None


class ExtensionChoice(Model):
    """Switch an extension on or off in a session, or everywhere."""

    name: str
    session_id: str | None
    enabled: bool


COMMANDS: dict[str, Command] = {
    "extensions.list": Command(ExtensionQuery, list[ExtensionInfo]),
    "extensions.read": Command(ExtensionRef, ExtensionFile),
    "extensions.save": Command(ExtensionFile, ExtensionInfo),
    "extensions.delete": Command(ExtensionRef, None),
    "extensions.choose": Command(ExtensionChoice, list[ExtensionInfo]),
}
