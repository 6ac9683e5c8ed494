"""The commands that carry conversations out of the app and into it, and the shapes of their answers.

Owns what crosses the page's boundary; what stands in an exported file is document.py's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..commands import Command, MessageRef, NoParams, SessionRef
from ..shapes import Model, Session, Settings

#: an imported file may take this many bytes, packed or not
MAX_FILE_BYTES = 256 * 1024 * 1024


class SessionExport(SessionRef):
    """Which conversation to export, and how: `json` has everything, `markdown` is the branch on screen to be read."""

    format: Literal["json", "markdown"]


class ExportedFile(Model):
    """A file to be saved by the person."""

    name: str
    mime: str
    bytes: bytes


class ImportFile(Model):
    """A file that this app has exported; `trusted`: its extensions are switched on where they were."""

    name: str = Field(default="", max_length=1000)
    bytes: Annotated[bytes, Field(max_length=MAX_FILE_BYTES)]
    trusted: bool = False


class Imported(Model):
    """What an import did. `added` and `copied` are ids of sessions; copies were needed where the same conversation is
    there and differs. `unchanged` counts those that are there already. `settings` are those that hold now, if the file
    had any."""

    added: list[str]
    copied: list[str]
    unchanged: int
    settings: Settings | None


COMMANDS: dict[str, Command] = {
    "session.export": Command(SessionExport, ExportedFile),
    "session.fork": Command(MessageRef, Session),
    "archive.export": Command(NoParams, ExportedFile),
    "archive.import": Command(ImportFile, Imported),
}
