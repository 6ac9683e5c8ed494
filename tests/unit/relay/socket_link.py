"""The worker "remote" of CPython, as far as sockets go: real ones, by `websockets`. Exists only for tests."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from cloche.errors import EngineCrashed, OriginClosed, ServerUnreachable
from cloche.host.base import Link

OnChunks = Callable[[list[Any]], None]


class SocketLink(Link):
    """Behaves as js_bridge/socket.ts does in a page of `origin`; `opened` are the origins it may reach, None is all."""

    def __init__(self, origin: str | None = None, opened: set[str] | None = None) -> None:
        self.origin = origin
        self.opened = opened
        self.socket: ClientConnection | None = None
        self._running: asyncio.Task[Any] | None = None
        self._sending: asyncio.Queue[str] = asyncio.Queue()
        self.closed = False

    async def call(self, method: str, params: dict[str, Any], on_chunks: OnChunks | None = None) -> Any:
        match method:
            case "socket.open":
                self._running = asyncio.ensure_future(self._open(params["url"], on_chunks or (lambda _: None)))
                try:
                    return await self._running
                except asyncio.CancelledError:
                    if not self.closed:
                        raise
                    raise EngineCrashed("The worker has ended.") from None
            case "socket.send":
                if self.socket is None or self.socket.close_code is not None:
                    raise ServerUnreachable("The connection is not open.")
                before, most = self._waiting_bytes(self.socket), params["most_waiting"]
                sent = most is None or before <= most
                if sent:
                    self._sending.put_nowait(params["text"])
                return {"sent": sent, "waiting_bytes": self._waiting_bytes(self.socket)}
            case "socket.close":
                if self.socket is not None:
                    await self._sending.join()
                    await self.socket.close(params["code"], params["reason"])
                return None
        raise ValueError(f"There is no method {method!r} here.")

    async def close(self) -> None:
        self.closed = True
        if self._running is not None:
            self._running.cancel()

    def _waiting_bytes(self, socket: ClientConnection) -> int:
        waiting: deque[str] = self._sending._queue  # type: ignore[attr-defined]
        return socket.transport.get_write_buffer_size() + sum(len(text) for text in waiting)

    async def _open(self, url: str, on_chunks: OnChunks) -> dict[str, Any]:
        if self.opened is not None and not url.startswith(tuple(self.opened)):
            raise OriginClosed("This page may not reach it.")
        try:
            self.socket = await connect(url, origin=self.origin, max_size=None)  # type: ignore[arg-type]
        except (OSError, InvalidHandshake, TimeoutError, EOFError) as error:
            raise ServerUnreachable(f"{urlsplit(url).netloc} could not be reached: {error}.") from error
        on_chunks([{"text": None}])
        sending = asyncio.ensure_future(self._send(self.socket))
        try:
            async for text in self.socket:
                on_chunks([{"text": text if isinstance(text, str) else text.decode("utf-8", "replace")}])
        except ConnectionClosed:
            pass
        finally:
            sending.cancel()
            if self.socket.close_code is None:
                self.socket.transport.abort()
        end = self.socket.protocol.close_rcvd
        return {"code": end.code if end else 1006, "reason": end.reason if end else ""}

    async def _send(self, socket: ClientConnection) -> None:
        try:
            while True:
                await socket.send(await self._sending.get())
                self._sending.task_done()
        except ConnectionClosed:
            pass
