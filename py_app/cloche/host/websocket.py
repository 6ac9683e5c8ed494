"""A WebSocket, carried by the worker "remote".

Owns the life of one socket over a link of its own, so that the worker starts with the list of open origins as it is now
(see providers/remote.py). What is said through it is for others to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import ClocheError, ServerUnreachable
from ..remote_shapes import CloseSocket, OpenSocket, SendText, SentText, SocketEnd
from .base import Host, Link

OPEN_SECONDS = 20.0
CLOSE_SECONDS = 2.0
ABNORMAL = 1006


class WebSocket:
    """An open socket. `closed` resolves with how it ended."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._posts: set[asyncio.Task[Any]] = set()
        self.closed: asyncio.Future[SocketEnd] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, host: Host, url: str, on_text: Callable[[str], None]) -> WebSocket:
        """Connect; `on_text` gets every message. Raises RemoteError."""
        link = await host.open_link("remote")
        self = cls(link)
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def take(pieces: list[dict[str, Any]]) -> None:
            for piece in pieces:
                if piece["text"] is not None:
                    on_text(piece["text"])
                elif not opened.done():
                    opened.set_result(None)

        async def run() -> None:
            end = SocketEnd(code=ABNORMAL)
            try:
                end = SocketEnd.model_validate(await link.call("socket.open", OpenSocket(url=url).model_dump(), take))
            except ClocheError as error:
                end = SocketEnd(code=ABNORMAL, reason=error.message)
                if not opened.done():
                    opened.set_exception(error)
            finally:
                if not opened.done():
                    opened.set_exception(ServerUnreachable(f"The connection was refused: {end.reason or end.code}."))
                if not self.closed.done():
                    self.closed.set_result(end)
                await link.close()

        running = asyncio.ensure_future(run())
        self._posts.add(running)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await opened
        except TimeoutError:
            running.cancel()
            await link.close()
            raise ServerUnreachable("The server did not answer in time.") from None
        except BaseException:
            running.cancel()
            raise
        return self

    async def send(self, text: str, most_waiting: int | None = None) -> SentText:
        """Send a message, unless more than `most_waiting` bytes wait to leave.

        Raises ServerUnreachable when the socket has closed.
        """
        message = SendText(text=text, most_waiting=most_waiting)
        try:
            return SentText.model_validate(await self._link.call("socket.send", message.model_dump()))
        except ClocheError as error:
            raise ServerUnreachable("The connection has closed.") from error

    def post(self, text: str) -> None:
        """Send a message without waiting; messages keep their order, and end with the socket."""

        async def send() -> None:
            with suppress(ClocheError):
                await self.send(text)

        task = asyncio.ensure_future(send())
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection as the protocol wants it, and wait until it has ended; a peer that stalls is cut off."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                with suppress(ClocheError):
                    await self._link.call("socket.close", CloseSocket(code=code, reason=reason).model_dump())
                await asyncio.shield(self.closed)
        except TimeoutError:
            await self._link.close()
