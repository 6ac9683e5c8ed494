"""A relay on a port of its own, a tab that answers from a script, and clients. Exists only for tests.

Clients speak the protocol as its description has it: `websockets.connect(ws://host?api_key=...)`, JSON with a timestamp
and a frame, JSON with a reply.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from relay.gateway import Relay
from toolchain.server import StaticServer

KEY = "cloche-test-key"
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0 not much of a picture").decode()
Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]


def frame(mark: str = "") -> str:
    """A frame message; `mark` tells frames apart."""
    picture = base64.b64encode(b"\xff\xd8\xff\xe0" + mark.encode()).decode()
    return json.dumps({"timestamp": time.time(), "frame": picture})


def marks(job: dict[str, Any]) -> list[str]:
    """The marks of a job's frames."""
    return [base64.b64decode(picture)[4:].decode() for picture in job["frames"]]


def echo(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Says which frames it was asked about."""
    return [{"type": "body", "text": "+".join(marks(job))}, {"type": "end"}]


class ScriptedTab:
    """A tab in charge. Jobs wait in `jobs` while `answer` is None."""

    def __init__(self, socket: ClientConnection, answer: Answer | None) -> None:
        self.socket = socket
        self.answer = answer
        self.jobs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.cancelled: asyncio.Queue[int] = asyncio.Queue()
        self.clients: list[dict[str, Any]] = []
        self._clients_changed = asyncio.Event()
        self.seated = asyncio.Event()

    async def run(self) -> None:
        """Hear the relay until it ends the connection."""
        async for text in self.socket:
            message = json.loads(text)
            if message["type"] == "job":
                if self.answer is None:
                    self.jobs.put_nowait(message)
                else:
                    for piece in self.answer(message):
                        await self.say(id=message["id"], **piece)
            elif message["type"] == "cancel":
                self.cancelled.put_nowait(message["id"])
            elif message["type"] == "clients":
                self.clients = message["clients"]
                self.seated.set()
                self._clients_changed.set()

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def finish(self, job: dict[str, Any], text: str = "done") -> None:
        """Answer a job that waited."""
        await self.say(type="body", id=job["id"], text=text)
        await self.say(type="end", id=job["id"])

    async def until_clients(self, number: int) -> None:
        """Wait until so many are connected."""
        while len(self.clients) != number:
            self._clients_changed.clear()
            await asyncio.wait_for(self._clients_changed.wait(), 10)


class Served:
    """A relay that serves, and the ways to it."""

    def __init__(self, server: StaticServer) -> None:
        self.server = server
        self.host = f"localhost:{server.port}"

    def secret(self) -> str:
        """The tab's secret, as the page asks for it."""
        status, body = self.get("/relay", {"Sec-Fetch-Site": "same-origin"})
        assert status == 200
        return str(json.loads(body)["secret"])

    def get(self, path: str, headers: dict[str, str], method: str = "GET", body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=10)
        connection.request(method, path, None if body is None else body.encode(), headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    @asynccontextmanager
    async def tab(self, answer: Answer | None = echo, **terms: Any) -> AsyncIterator[ScriptedTab]:
        """A tab in charge. `terms` are added to those with the one key."""
        secret = await asyncio.to_thread(self.secret)
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        async with connect(f"ws://{self.host}/relay", origin=f"http://{self.host}", max_size=None) as socket:  # type: ignore[arg-type]
            tab = ScriptedTab(socket, answer)
            running = asyncio.create_task(tab.run())
            await tab.say(type="hello", secret=secret, **{"keys": {"key": digest}, "frames": 1, **terms})
            await asyncio.wait_for(tab.seated.wait(), 10)
            try:
                yield tab
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError, ConnectionClosed):
                    await running

    def client(self, key: str = KEY, **options: Any) -> connect:
        """A client of the protocol."""
        return connect(f"ws://{self.host}?api_key={key}", **options)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    """A server with a relay."""
    server = StaticServer(folder, gateway=Relay()).start()
    try:
        yield Served(server)
    finally:
        await asyncio.to_thread(server.stop)


async def reply(client: ClientConnection) -> str:
    """The next reply."""
    message = json.loads(await asyncio.wait_for(client.recv(), 10))
    assert set(message) == {"vlm_reply"}
    return str(message["vlm_reply"])


async def closing(client: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the connection ends; what comes before is dropped."""
    with suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(client.recv(), 20)
    return client.close_code or 0, client.close_reason or ""
