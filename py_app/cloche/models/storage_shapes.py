"""The commands and events of downloads and of what is kept on this device.

Owns these shapes; contract.py makes them part of the contract. Sizes are bytes, times seconds since the epoch.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..commands import Command, NoParams
from ..shapes import ErrorInfo, Model
from .shapes import ModelRef


class StartDownload(ModelRef):
    """Put a model into the queue; `first` before all others."""

    first: bool = False


class MoveDownload(ModelRef):
    """Another place in the queue, counted from 0."""

    place: int = Field(ge=0)


class FileProgress(Model):
    """How far one file is. `total_bytes` 0: not known yet."""

    name: str
    loaded_bytes: int
    total_bytes: int
    bytes_per_second: float = 0
    seconds_left: float | None = None


class Download(Model):
    """One model in the queue. `total_bytes` 0: not known yet. `stage` is what happens now, for people.

    `needs_space`: it waits until `needed_bytes` more are free. `paused` is the person's wish; `failed` says why.
    `engine` is "" as long as the model's files have not been looked up.
    """

    model_id: str
    name: str
    engine: str = ""
    state: Literal["queued", "running", "paused", "needs_space", "failed", "done"]
    stage: str = ""
    loaded_bytes: int = 0
    total_bytes: int = 0
    bytes_per_second: float = 0
    seconds_left: float | None = None
    files: list[FileProgress] = Field(default=[])
    needed_bytes: int = 0
    error: ErrorInfo | None = None


class Downloads(Model):
    """The queue in its order, what is done since the app started last; the rate and time left of all together."""

    downloads: list[Download]
    bytes_per_second: float = 0
    seconds_left: float | None = None


class KeptFile(Model):
    """A file on disk. `whole` false: not finished. `verified_at`: when its sha256 was last computed and right."""

    name: str
    size: int
    whole: bool
    sha256: str = ""
    verified_at: float | None = None


class KeptModel(Model):
    """A model on disk. `complete`: every file of its card is there. `loaded`: an engine is using it.

    A pinned model is never offered for eviction.
    """

    model_id: str
    name: str
    engine: str
    size: int
    complete: bool
    pinned: bool
    loaded: bool
    used_at: float | None
    files: list[KeptFile]


class StorageReport(Model):
    """Everything on this device, the least recently used model last. `quota` 0: the browser does not say.

    `prompt_bytes` is what engines have kept of conversations, so that they need not be read again.
    """

    models: list[KeptModel]
    usage: int
    quota: int
    prompt_bytes: int = 0


class PinModel(ModelRef):
    """Whether a model may ever be offered for eviction."""

    pinned: bool


class EvictionPlan(Model):
    """What would have to go so that a download fits: the least recently used models that are neither pinned nor in use.

    `enough` false: even without all of them there is no room.
    """

    needed_bytes: int
    models: list[KeptModel]
    enough: bool


class EvictModels(Model):
    """Delete these models, as the person agreed, and go on with the download that needs the room."""

    model_ids: list[str] = Field(min_length=1, max_length=100)
    then: str


class Verified(Model):
    """What a check found: the files whose bytes had changed, and how many bytes were fetched to mend them."""

    model_id: str
    repaired: list[str]
    fetched_bytes: int


class StorageChanged(Model):
    """What is on disk changed: ask again."""


COMMANDS: dict[str, Command] = {
    "download.list": Command(NoParams, Downloads),
    "download.start": Command(StartDownload, Downloads),
    "download.pause": Command(ModelRef, Downloads),
    "download.resume": Command(ModelRef, Downloads),
    "download.cancel": Command(ModelRef, Downloads),
    "download.move": Command(MoveDownload, Downloads),
    "storage.list": Command(NoParams, StorageReport),
    "storage.delete": Command(ModelRef, StorageReport),
    "storage.pin": Command(PinModel, StorageReport),
    "storage.verify": Command(ModelRef, Verified),
    "storage.forget_prompts": Command(NoParams, StorageReport),
    "storage.plan": Command(ModelRef, EvictionPlan),
    "storage.evict": Command(EvictModels, Downloads),
}
EVENTS: dict[str, type[Model]] = {"download:changed": Downloads, "storage:changed": StorageChanged}
