"""What Python and the workers say about files of models: how they are fetched, and what is on disk.

Owns these shapes; engine_contract.py says which methods carry them. Sizes are bytes, times seconds since the epoch.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..shapes import Model


class FetchTuning(Model):
    """How a download goes about it. A part is what one request asks for; no more than half of one is ever lost.

    After a failure it waits `retry_ms`, twice as long after each further one, never more than half a minute unless the
    server asks for it; after `attempts` in a row that brought nothing it gives up. A connection on which nothing came
    for `stall_ms` counts as broken. `wait_online`: while the device is offline it waits instead of failing.
    """

    part_bytes: int = Field(default=16 * 2**20, ge=1024)
    connections: int = Field(default=4, ge=1, le=16)
    attempts: int = Field(default=2, ge=1)
    retry_ms: int = Field(default=250, ge=0)
    stall_ms: int = Field(default=30_000, ge=1)
    wait_online: bool = False


class FileFacts(Model):
    """What a file turned out to be."""

    name: str
    size: int
    sha256: str


class StoredFile(Model):
    """A file on disk. `whole` false: a download that is not finished; `size` then counts its durable bytes."""

    name: str
    size: int
    whole: bool
    modified_at: float


class StoredModel(Model):
    """The files of a model on disk."""

    model_id: str
    files: list[StoredFile]


class StoredFiles(Model):
    """Everything on disk, and how much the browser lets this origin keep (0: it does not say).

    `prompt_bytes` is what an engine has kept of prompts, so that conversations go on without being read again.
    """

    models: list[StoredModel]
    usage: int
    quota: int
    prompt_bytes: int = 0


class RemoveFiles(Model):
    """Delete a model's files, whole and unfinished ones."""

    model_id: str


class FolderFile(Model):
    """A GGUF file in the person's own folder. `path` is relative to it, with `/` between its steps."""

    path: str
    size: int


class FolderFiles(Model):
    """The folder on the person's disk, and its GGUF files while it may be read.

    `none`: none was chosen; `ask`: the browser wants the person to allow it again; `denied`: they, or the browser, said
    no; `gone`: it is no longer where it was.
    """

    state: Literal["none", "open", "ask", "denied", "gone"]
    name: str
    files: list[FolderFile]


class ReadFolder(Model):
    """The first `length` bytes of a file in that folder."""

    path: str
    length: int = Field(ge=1, le=64 * 2**20)


class FolderPiece(Model):
    """The beginning of a file."""

    bytes: bytes


class TakeIntoFolder(Model):
    """Copy a model's files from the browser's store into the person's folder, and check every copy by its hash."""

    model_id: str
    files: list[FileFacts]


class CopyProgress(Model):
    """Bytes written and read again so far; every byte counts for two."""

    loaded_bytes: int
    total_bytes: int


class ReadUrl(Model):
    """GET something small from an origin that is open for downloads; redirects are followed.

    `length` 0 asks for all of it, otherwise for that many bytes from `offset` on. Never more than 16 MiB come. Errors:
    `remote_off`, `origin_closed`, `server_unreachable`.
    """

    url: str
    offset: int = Field(default=0, ge=0)
    length: int = Field(default=0, ge=0, le=16 * 2**20)
    headers: dict[str, str] = Field(default={})


class UrlContent(Model):
    """An answer, whatever its status. `total` is the size of the whole thing, 0 where the server does not say."""

    status: int
    url: str
    headers: dict[str, str]
    total: int
    bytes: bytes
