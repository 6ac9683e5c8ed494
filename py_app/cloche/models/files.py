"""The files of models, through the worker "downloads".

Owns starting that worker for each piece of work and ending it after: a worker may reach the addresses that were open
when it started, and one that has ended holds no memory. What is fetched and kept, others say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ..host.base import Host, Link
from .file_shapes import ReadUrl, RemoveFiles, StoredFiles, UrlContent

OnChunks = Callable[[list[Any]], None]


class Files:
    """What the worker can do."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Link]:
        """A worker of one's own."""
        link = await self._host.open_link("downloads")
        try:
            yield link
        finally:
            await link.close()

    async def list(self) -> StoredFiles:
        """Everything on the disk."""
        async with self.worker() as link:
            return StoredFiles.model_validate(await link.call("files.list", {}))

    async def remove(self, model_id: str) -> None:
        """Delete a model's files, unfinished ones too."""
        async with self.worker() as link:
            await link.call("files.remove", RemoveFiles(model_id=model_id).model_dump())

    async def forget_prompts(self) -> None:
        """Delete what engines have kept of prompts."""
        async with self.worker() as link:
            await link.call("prompts.remove", {})

    async def read(self, request: ReadUrl) -> UrlContent:
        """GET something small. Raises RemoteError."""
        async with self.worker() as link:
            return UrlContent.model_validate(await link.call("url.read", request.model_dump()))
