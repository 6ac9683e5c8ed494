"""The worker "remote" of CPython: real HTTP requests through http.client, each in a thread of its own.

Owns the same two promises as js_bridge/remote.worker.ts: bytes are carried, not understood, and only listed origins are
reached. It seals no secrets: those need the browser's WebCrypto.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ..errors import EngineCrashed, OriginClosed, ServerUnreachable
from .base import Link

PIECE_BYTES = 65_536
CONNECT_SECONDS = 20.0
REDIRECTIONS = frozenset((301, 302, 303, 307, 308))
MOST_REDIRECTIONS = 8
OnChunks = Callable[[list[Any]], None]


class HttpLink(Link):
    """A link whose `http.stream` reaches `origins`; None opens all."""

    def __init__(self, origins: set[str] | None = None) -> None:
        self.origins = origins
        self.closed = False
        self._running: set[asyncio.Task[Any]] = set()

    async def call(self, method: str, params: dict[str, Any], on_chunks: OnChunks | None = None) -> Any:
        if self.closed:
            raise EngineCrashed("The worker has ended.")
        if method != "http.stream":
            raise ValueError(f"There is no method {method!r} here.")
        task = asyncio.ensure_future(self._stream(params, on_chunks or (lambda _: None)))
        self._running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise EngineCrashed("The worker has ended.") from None
        finally:
            self._running.discard(task)

    async def close(self) -> None:
        self.closed = True
        for task in self._running:
            task.cancel()

    async def _stream(self, params: dict[str, Any], on_chunks: OnChunks) -> dict[str, Any]:
        parts = urlsplit(params["url"])
        origin = f"{parts.scheme}://{parts.netloc}"
        if self.origins is not None and origin not in self.origins:
            raise OriginClosed(f"{origin} has not been opened.")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[dict[str, Any]] = loop.create_future()

        def give(piece: dict[str, Any]) -> None:
            if answer.done():
                return
            try:
                on_chunks([piece])
            except Exception as error:
                answer.set_exception(error)

        def end(head: dict[str, Any] | None, error: Exception | None) -> None:
            if answer.done():
                return
            if head is not None:
                answer.set_result(head)
            else:
                answer.set_exception(ServerUnreachable(f"{origin} could not be reached: {error}."))

        request = _Request(params, lambda piece: loop.call_soon_threadsafe(give, piece))

        def work() -> None:
            # The loop may end meanwhile, even between two pieces: then nobody waits any more.
            with contextlib.suppress(RuntimeError):
                try:
                    head = request.run()
                except (OSError, http.client.HTTPException, ValueError) as error:
                    loop.call_soon_threadsafe(end, None, error)
                else:
                    loop.call_soon_threadsafe(end, head, None)

        threading.Thread(target=work, name="http-link", daemon=True).start()
        try:
            return await answer
        finally:
            request.abort()


class _Request:
    """One request, run in a thread and cut off from outside."""

    def __init__(self, params: dict[str, Any], push: Callable[[dict[str, Any]], object]) -> None:
        self._params = params
        self._push = push
        self._socket: socket.socket | None = None
        self._aborted = False

    def run(self) -> dict[str, Any]:
        url: str = self._params["url"]
        for _ in range(MOST_REDIRECTIONS):
            head, led_to = self._ask(urlsplit(url))
            if led_to is None:
                return head
            url = led_to
        raise OSError("it sends requests on without end")

    def _ask(self, parts: SplitResult) -> tuple[dict[str, Any], str | None]:
        """One request: the head of its response, and where it leads to instead, if anywhere."""
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
            self._socket = connection.sock
            self._socket.settimeout(None)
            if self._aborted:
                raise OSError("stopped")
            body = self._params["body"]
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(
                self._params["method"], path, None if body is None else body.encode(), self._params["headers"]
            )
            response = connection.getresponse()
            if response.status in REDIRECTIONS:
                return {}, self._led_to(parts, response.getheader("Location", ""))
            return self._read(response), None
        finally:
            connection.close()

    def _led_to(self, parts: SplitResult, location: str) -> str:
        found = urlsplit(urljoin(parts.geturl(), location))
        same = (found.scheme, found.netloc) == (parts.scheme, parts.netloc)
        if self._params.get("redirects") != "same_origin" or not same:
            raise OSError("it sends requests on to another address")
        return found.geturl()

    def _read(self, response: http.client.HTTPResponse) -> dict[str, Any]:
        head = {"status": response.status, "headers": {name.lower(): value for name, value in response.getheaders()}}
        self._push({"head": head, "text": ""})
        if self._params.get("binary"):
            while data := response.read1(PIECE_BYTES):
                self._push({"head": None, "data": data})
            return head
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := response.read1(PIECE_BYTES):
            text = decoder.decode(data)
            if text:
                self._push({"head": None, "text": text})
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        rest = decoder.decode(b"", final=True)
        if rest:
            self._push({"head": None, "text": rest})
        return head

    def abort(self) -> None:
        """End the request wherever it is."""
        self._aborted = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
