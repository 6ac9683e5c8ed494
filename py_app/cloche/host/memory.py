"""The Host of CPython: for tests and for anyone who wants to drive the app without a browser.

Owns a host whose events are recorded, whose files are a dictionary and whose workers are links made on demand. It has
no engine of its own: `ScriptedLink` answers with whatever functions it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import EngineCrashed, FetchFailed
from .base import Host, Link

Push = Callable[[list[Any]], None]
Answer = Callable[[dict[str, Any], Push], Awaitable[Any]]


class ScriptedLink(Link):
    """A link whose methods are coroutine functions `answer(params, push)`; `push` streams a batch of items."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = dict(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.closed = False
        self._running: set[asyncio.Task[Any]] = set()

    async def call(
        self, method: str, params: dict[str, Any], on_chunks: Callable[[list[Any]], None] | None = None
    ) -> Any:
        if self.closed:
            raise EngineCrashed("The worker has ended.")
        self.calls.append((method, params))

        async def answer() -> Any:
            return await self.answers[method](params, on_chunks or (lambda _: None))

        running = asyncio.create_task(answer())
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            return await running
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise EngineCrashed("The worker has ended.") from None

    async def close(self) -> None:
        self.closed = True
        for running in self._running:
            running.cancel()


class MemoryHost(Host):
    """A host made of plain Python objects.

    `files` are the texts that `read_text` finds; `workers` makes a new link whenever a worker of that name is started.
    `pictures` are objects and the files that they are drawn as. `events` holds everything the app told the page.
    """

    def __init__(
        self,
        *,
        database: str = ":memory:",
        files: Mapping[str, str] | None = None,
        workers: Mapping[str, Callable[[], Link]] | None = None,
        base_url: str = "http://localhost/",
    ) -> None:
        self.base_url = base_url
        self.database = database
        self.durable = database != ":memory:"
        self.reason = "" if self.durable else "This run keeps everything in memory."
        self.files = dict(files or {})
        self.workers = dict(workers or {})
        self.pictures: list[tuple[object, bytes]] = []
        self.links: list[tuple[str, Link]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._waiting: list[tuple[str, Callable[[dict[str, Any]], bool], asyncio.Future[dict[str, Any]]]] = []

    def emit(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        self.events.extend(events)
        for name, data in events:
            for waiting in list(self._waiting):
                wanted, where, future = waiting
                if wanted == name and where(data):
                    self._waiting.remove(waiting)
                    if not future.done():
                        future.set_result(data)

    def flush(self) -> None:
        """Events are there at once."""

    async def open_link(self, worker: str) -> Link:
        link = self.workers[worker]()
        self.links.append((worker, link))
        return link

    async def read_text(self, path: str) -> str:
        if path not in self.files:
            raise FetchFailed(f"{path} could not be fetched.")
        return self.files[path]

    async def load_package(self, name: str) -> None:
        """CPython has what is installed."""

    async def drawn(self, picture: Any) -> bytes | None:
        return next((file for known, file in self.pictures if known is picture), None)

    def time_zone(self, name: str, moment: float) -> tuple[str, int]:
        try:
            zone = ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(f"There is no time zone {name!r}.") from error
        offset = datetime.fromtimestamp(moment, zone).utcoffset() or timedelta()
        return zone.key, round(offset.total_seconds() / 60)

    def told(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of that name so far."""
        return [data for event, data in self.events if event == name]

    async def event(self, name: str, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next event of that name for which `where` holds."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, where, future))
        return await asyncio.wait_for(future, 20)
