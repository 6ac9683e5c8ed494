"""The format of exported files: what stands in `cloche.json`, and what is wrong with one that cannot be taken.

Owns the format and its version. Two files carry it:

- `*.json`: one document, UTF-8. Each picture, file and package has its bytes in `data` as base64.
- `*.zip`: the same document as the member `cloche.json`, without `data`; the bytes of each are the member named by its
  `file`.

The document, version 2 (times are seconds since the Unix epoch, sizes are pixels):

    {"format": "cloche", "version": 2, "exported_at": 1760000000.0,
     "sessions": [{"id", "title", "title_by_person", "created_at", "updated_at", "parameters", "active_leaf",
                   "choices": {...},                      what else was chosen for this conversation
                   "tools": [names] or null, "extensions": {name: on or off},
                   "messages": [{"id", "parent_id", "role", "parts", "status", "error", "finish_reason",
                                 "usage", "timings", "model", "created_at"}],
                   "trace": [{"turn", "at", "event", "outcome", "data"}]}],
     "images": [{"id", "mime", "width", "height", "name", "created_at", "data" or "file"}],
     "files": [{"id", "mime", "name", "created_at", "data" or "file"}],
     "settings": {...} or null,
     "belongings": {"todos", "notes", "extensions", "packages", "providers", "console"} or null}

Sessions and messages stand in the order in which they were made, so a message comes after its parent. All versions of
a message are there; what was deleted is not. `active_leaf` is the last message of the branch on screen. Settings, the
trace and what belongs to no conversation are there when everything was exported; keys of providers never are. A reader
refuses a document whose version is greater than its own; any change of the format raises the version. Version 1 had
none of tools, extensions, trace, files and belongings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import from_json

from ..errors import BadInput
from ..extensions.shapes import NAME
from ..shapes import FilePart, ImagePart, Message, Model, Parameters, ProviderModel

VERSION = 2
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

    @property
    def file_ids(self) -> list[str]:
        """The files that it holds."""
        return [part.file_id for part in self.parts if isinstance(part, FilePart)]


class ArchivedEvent(Model):
    """One recorded event of a turn."""

    turn: str | None = Field(max_length=200)
    at: Time
    event: str = Field(max_length=200)
    outcome: Literal["passed", "changed", "ended"]
    data: dict[str, Any]


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
    tools: list[Annotated[str, Field(max_length=200)]] | None = Field(default=None, max_length=200)
    extensions: dict[Annotated[str, Field(pattern=NAME)], bool] = Field(default={})
    messages: list[ArchivedMessage]
    trace: list[ArchivedEvent] = Field(default=[])

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


class ArchivedBytes(Model):
    """Something whose bytes are `data` or stand in the member `file` of the ZIP."""

    id: Id
    mime: str = Field(max_length=200)
    name: str = Field(default="", max_length=10_000)
    created_at: Time
    data: str | None = None
    file: str | None = None


class ArchivedImage(ArchivedBytes):
    """A picture."""

    mime: Literal["image/png", "image/jpeg"]
    width: int = Field(ge=1, le=16_384)
    height: int = Field(ge=1, le=16_384)


class ArchivedFile(ArchivedBytes):
    """An attached text file."""


class ArchivedPackage(ArchivedBytes):
    """A Python package: `id` is its name, `name` that of its wheel, `origin` where it came from."""

    version: str = Field(max_length=200)
    origin: str = Field(max_length=2000)


class ArchivedTodo(Model):
    """A thing to do."""

    text: str = Field(min_length=1, max_length=2000)
    created_at: Time
    done_at: Time | None


class ArchivedNote(Model):
    """A note."""

    key: str = Field(min_length=1, max_length=1000)
    value: str = Field(max_length=100_000)
    updated_at: Time


class ArchivedExtension(Model):
    """A file of the person's own."""

    name: str = Field(pattern=NAME)
    source: str = Field(max_length=500_000)
    everywhere: bool
    updated_at: Time


class ArchivedProvider(Model):
    """A server that runs models, without its key."""

    id: Id
    kind: Literal["openai", "anthropic"]
    name: str = Field(max_length=1000)
    base_url: str = Field(pattern=r"^https?://[^\s]+$", max_length=2000)
    models: list[ProviderModel] = Field(max_length=10_000)


class ArchivedCode(Model):
    """Code that was run in the console."""

    code: str = Field(max_length=1_000_000)
    run_at: Time


class Belongings(Model):
    """What belongs to no conversation."""

    todos: list[ArchivedTodo] = Field(default=[])
    notes: list[ArchivedNote] = Field(default=[])
    extensions: list[ArchivedExtension] = Field(default=[])
    packages: list[ArchivedPackage] = Field(default=[])
    providers: list[ArchivedProvider] = Field(default=[])
    console: list[ArchivedCode] = Field(default=[])


class Document(Model):
    """A whole document."""

    format: Literal["cloche"] = "cloche"
    version: Literal[1, 2] = 2
    exported_at: Time
    sessions: list[ArchivedSession]
    images: list[ArchivedImage]
    files: list[ArchivedFile] = Field(default=[])
    settings: dict[str, Any] | None = None
    belongings: Belongings | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Document:
        once("conversations", [session.id for session in self.sessions])
        once("messages", [message.id for session in self.sessions for message in session.messages])
        once("pictures", [image.id for image in self.images])
        once("files", [file.id for file in self.files])
        there = {one.id for one in (*self.images, *self.files)}
        for session in self.sessions:
            for message in session.messages:
                if not there.issuperset((*message.image_ids, *message.file_ids)):
                    raise ValueError(f"a picture or a file of message {message.id} is missing")
        return self

    def with_bytes(self, change: Callable[[ArchivedBytes], dict[str, Any]]) -> Document:
        """The document with fields of everything that has bytes changed."""

        def changed(found: list[Any]) -> list[Any]:
            return [one.model_copy(update=change(one)) for one in found]

        update: dict[str, Any] = {"images": changed(self.images)}
        if self.files:
            update["files"] = changed(self.files)
        if self.belongings is not None:
            packages = changed(self.belongings.packages)
            update["belongings"] = self.belongings.model_copy(update={"packages": packages})
        return self.model_copy(update=update)

    def all_bytes(self) -> list[ArchivedBytes]:
        """Everything that has bytes."""
        return [*self.images, *self.files, *(self.belongings.packages if self.belongings else [])]

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
