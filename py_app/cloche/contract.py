"""Every command and event that crosses the boundary between the page and Python.

Owns the commands and events, nothing else; most data that they carry is in shapes.py and the capabilities' own shapes.
`js_bridge/contract.gen.ts` is generated from all of them, so a name or a field exists in one place. A command is a
request from the page with one answer; an event is a fact that Python tells the page, which folds it into its state.
Wire form: JSON, except `bytes`, which travel as `Uint8Array` (transferred, not copied).
"""

from __future__ import annotations

from types import ModuleType
from typing import Literal

from pydantic import Field

from .commands import Command, MessageRef, NoParams, SessionRef
from .console import shapes as console
from .extensions import shapes as extensions
from .model_shapes import ModelStatus
from .models import file_shapes, folder_shapes, storage_shapes
from .models import shapes as models
from .packages import shapes as packages
from .providers import shapes as providers
from .relay import shapes as relay
from .shapes import (
    Conversation,
    ErrorInfo,
    Message,
    Model,
    NewFile,
    NewImage,
    Parameters,
    Provider,
    SearchHit,
    Session,
    Settings,
)
from .speed import shapes as speed
from .structured import shapes as structured
from .tools import shapes as tools
from .trace import shapes as trace
from .transfer import shapes as transfer
from .vision import shapes as vision
from .vision import vila_shapes as vila

#: shapes of the capabilities; each may have COMMANDS and EVENTS of its own
CAPABILITIES: tuple[ModuleType, ...] = (
    *(structured, tools, transfer, console, extensions, packages, providers, trace, models),
    *(relay, file_shapes, storage_shapes, folder_shapes),
    vision,
    vila,
    speed,
)

# ---------------------------------------------------------------- commands


class StorageInfo(Model):
    """Where things are kept. `durable` is false when the browser gives no OPFS: then nothing outlives the tab."""

    durable: bool
    database_bytes: int = 0
    reason: str = ""


class AppInfo(Model):
    """What the page needs to draw itself, given once Python is up."""

    version: str
    sessions: list[Session]
    settings: Settings
    storage: StorageInfo
    model: ModelStatus
    providers: list[Provider]


class SessionRename(Model):
    """A new title for a session."""

    session_id: str
    title: str = Field(min_length=1, max_length=200)


class SessionParameters(Model):
    """All generation parameters of a session at once."""

    session_id: str
    parameters: Parameters


class SearchQuery(Model):
    """What to look for in titles and texts; words are matched by their beginning."""

    query: str = Field(max_length=500)
    limit: int = Field(default=30, ge=1, le=200)


class MessageSend(Model):
    """A person's message. At least text, one image or one file."""

    session_id: str
    text: str = Field(max_length=1_000_000)
    images: list[NewImage] = Field(default=[], max_length=8)
    files: list[NewFile] = Field(default=[], max_length=8)


class MessageEdit(Model):
    """A new version of a person's message; its images and files stay. The older version is kept as a sibling."""

    session_id: str
    message_id: str
    text: str = Field(max_length=1_000_000)


class ImageRef(Model):
    """Names a stored picture."""

    image_id: str


class ImageBytes(Model):
    """The bytes of a stored picture."""

    bytes: bytes
    mime: str


class FileRef(Model):
    """Names a stored file."""

    file_id: str


class FileText(Model):
    """A stored file; `text` is what was read in its bytes."""

    name: str
    mime: str
    text: str


class Sent(Model):
    """Both messages exist in the store when this answer arrives."""

    user_message_id: str
    assistant_message_id: str


COMMANDS: dict[str, Command] = {
    "app.info": Command(NoParams, AppInfo),
    "settings.set": Command(Settings, Settings),
    "model.load": Command(NoParams, ModelStatus),
    "session.create": Command(NoParams, Session),
    "session.open": Command(SessionRef, Conversation),
    "session.rename": Command(SessionRename, Session),
    "session.delete": Command(SessionRef, None),
    "session.restore": Command(SessionRef, Session),
    "session.set_parameters": Command(SessionParameters, Session),
    "session.search": Command(SearchQuery, list[SearchHit]),
    "message.send": Command(MessageSend, Sent),
    "message.stop": Command(SessionRef, None),
    "message.regenerate": Command(MessageRef, Sent),
    "message.edit": Command(MessageEdit, Sent),
    "message.delete": Command(MessageRef, Conversation),
    "message.restore": Command(MessageRef, Conversation),
    "message.select_version": Command(MessageRef, Conversation),
    "image.get": Command(ImageRef, ImageBytes),
    "file.get": Command(FileRef, FileText),
}
for capability in CAPABILITIES:
    COMMANDS.update(getattr(capability, "COMMANDS", {}))


# ---------------------------------------------------------------- events


class BootProgress(Model):
    """How far start-up is. `total_bytes` 0 means that the stage cannot be measured in bytes."""

    stage: Literal["python", "packages", "database", "app"]
    label: str
    loaded_bytes: int = 0
    total_bytes: int = 0


class BootFailed(Model):
    """Start-up ended; the page shows the reason and Retry."""

    error: ErrorInfo


class DatabaseOwner(Model):
    """Who holds the database: this tab, another one, or another one that took it over from this one."""

    owner: Literal["this", "other", "lost"]


class SessionChanged(Model):
    """A session is new or its title, order, parameters or state changed."""

    session: Session


class SessionRemoved(Model):
    """A session was deleted (it can be restored until the app ends)."""

    session_id: str


class MessageChanged(Model):
    """A message of the active branch is new or changed as a whole; unknown ids are appended."""

    message: Message


class ContentDelta(Model):
    """More text of an answer (Amplifier's `content_block:delta`), a batch of tokens at a time.

    `index` counts the parts of the message; a part that does not exist yet is created with type `kind`.
    """

    session_id: str
    message_id: str
    index: int
    kind: Literal["text", "reasoning"]
    text: str


class ConversationChanged(Model):
    """The active branch changed (edit, regenerate, other version, deletion): draw it anew."""

    conversation: Conversation


class Notice(Model):
    """Something people should know that belongs to no message. `level` error stays until dismissed."""

    level: Literal["info", "warning", "error"]
    code: str
    message: str
    action: str = ""


EVENTS: dict[str, type[Model]] = {
    "boot:progress": BootProgress,
    "boot:failed": BootFailed,
    "app:ready": AppInfo,
    "database:owner": DatabaseOwner,
    "model:status": ModelStatus,
    "session:changed": SessionChanged,
    "session:removed": SessionRemoved,
    "conversation:changed": ConversationChanged,
    "message:changed": MessageChanged,
    "content_block:delta": ContentDelta,
    "notice": Notice,
}
for capability in CAPABILITIES:
    EVENTS.update(getattr(capability, "EVENTS", {}))
