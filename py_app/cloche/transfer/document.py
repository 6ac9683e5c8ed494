"""The format of exported files: what stands in `cloche.json`, and what is wrong with one that cannot be taken.

Owns the format and its version. Two files carry it:

- `*.json`: one document, UTF-8. Each picture has its bytes in `data` as base64.
- `*.zip`: the same document as the member `cloche.json`, without `data`; the bytes of each picture are the member
  named by its `file`.

The document, version 1 (times are seconds since the Unix epoch, sizes are pixels):

    {"format": "cloche", "version": 1, "exported_at": 1760000000.0,
     "sessions": [{"id", "title", "title_by_person", "created_at", "updated_at", "parameters", "active_leaf",
                   "choices": {...},                      what else was chosen for this conversation
                   "messages": [{"id", "parent_id", "role", "parts", "status", "error", "finish_reason",
                                 "usage", "timings", "model", "created_at"}]}],
     "images": [{"id", "mime", "width", "height", "name", "created_at", "data" or "file"}],
     "settings": {...} or null}

Sessions and messages stand in the order in which they were made, so a message comes after its parent. All versions of
a message are there; what was deleted is not. `active_leaf` is the last message of the branch on screen. A reader
refuses a document whose version is greater than its own; any change of the format raises the version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import from_json

from ..errors import BadInput
from ..shapes import ImagePart, Message, Model, Parameters

VERSION = 1
Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Time = Annotated[float, Field(ge=0, le=1e11)]


class BadFile(BadInput):
    """A file that cannot be imported. Nothing was changed."""

    code = "bad_file"
    action = "Choose a file that Cloche has exported. Nothing was changed."


class ArchivedMessage(Message):
    """A message without what its place in the document says already."""

    id: Id
    parent_id: Id | None
    session_id: str = ""
    created_at: Time

    @property
    def image_ids(self) -> list[str]:
        """The pictures that it shows."""
        return [part.image_id for part in self.parts if isinstance(part, ImagePart)]


class ArchivedSession(Model):
    """A conversation with all its versions."""

    id: Id
    title: str = Field(min_length=1, max_length=200)
    title_by_person: bool
    created_at: Time
    updated_at: Time
    parameters: Parameters
    active_leaf: Id | None
    choices: dict[str, Any] = Field(default={})
    messages: list[ArchivedMessage]

    @model_validator(mode="after")
    def _is_a_tree(self) -> ArchivedSession:
        known: set[str] = set()
        for message in self.messages:
            if message.id in known:
                raise ValueError(f"two messages have the id {message.id}")
            if message.parent_id is not None and message.parent_id not in known:
                raise ValueError(f"the message before {message.id} is missing")
            known.add(message.id)
        if self.active_leaf is not None and self.active_leaf not in known:
            raise ValueError("the last message is missing")
        return self


class ArchivedImage(Model):
    """A picture; its bytes are `data` or stand in the member `file` of the ZIP."""

    id: Id
    mime: Literal["image/png", "image/jpeg"]
    width: int = Field(ge=1, le=16_384)
    height: int = Field(ge=1, le=16_384)
    name: str = Field(default="", max_length=10_000)
    created_at: Time
    data: str | None = None
    file: str | None = None


class Document(Model):
    """A whole document."""

    format: Literal["cloche"] = "cloche"
    version: Literal[1] = 1
    exported_at: Time
    sessions: list[ArchivedSession]
    images: list[ArchivedImage]
    settings: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Document:
        once("conversations", [session.id for session in self.sessions])
        once("messages", [message.id for session in self.sessions for message in session.messages])
        once("pictures", [image.id for image in self.images])
        images = {image.id for image in self.images}
        for session in self.sessions:
            for message in session.messages:
                if not images.issuperset(message.image_ids):
                    raise ValueError(f"a picture of message {message.id} is missing")
        return self

    def to_json(self) -> bytes:
        """The document as it stands in a file; what a message does not say is not made up."""
        outside = {"session_id", "siblings"}
        layout = {"sessions": {"__all__": {"messages": {"__all__": outside}}}}
        return self.model_dump_json(exclude=layout, exclude_unset=True, indent=1).encode()


def once(what: str, ids: Iterable[str]) -> None:
    """Raise where an id stands twice."""
    seen: set[str] = set()
    for found in ids:
        if found in seen:
            raise ValueError(f"two {what} have the id {found}")
        seen.add(found)


def read_document(text: bytes) -> Document:
    """The document of a file. Raises BadFile."""
    try:
        data = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise BadFile(f"This is not a file that Cloche has exported: {error}.") from error
    if not isinstance(data, dict) or data.get("format") != "cloche":
        raise BadFile("This is not a file that Cloche has exported.")
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        raise BadFile(
            f"A newer Cloche wrote this file (format {version}; this one reads up to {VERSION}).",
            action="Reload the page to get the newest version, then import again. Nothing was changed.",
        )
    try:
        return Document.model_validate(data)
    except ValidationError as error:
        raise BadFile(f"The file is damaged: {fault_of(error)}.") from error


def fault_of(error: ValidationError) -> str:
    """The first fault, and where it is."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    fault = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {fault}" if where else fault
