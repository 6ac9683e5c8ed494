"""The one way out: requests to origins that a person has opened, through the worker "remote".

Owns the link to that worker and how long an answer may keep silent. Which origins are open is enforced by the browser
(js_bridge/sw.ts writes the worker's Content-Security-Policy); nothing here can widen it. A worker keeps the list with
which it was started, so after a change of the list the next request starts a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import EngineCrashed, ServerSilent, ServerUnreachable
from ..host.base import Host, Link
from ..remote_shapes import HttpHead, HttpPiece, HttpRequest, OpenSecret, SealSecret

MAX_BODY_CHARS = 8_000_000


class Patience(NamedTuple):
    """Seconds to wait for the first sign of an answer, and then between two pieces of it."""

    first: float = 300.0
    between: float = 120.0


PATIENT = Patience()
BRIEF = Patience(first=20.0, between=20.0)


class Remote:
    """Requests to the outside."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._link: Link | None = None
        self._calls: dict[Link, int] = {}
        self._opening = asyncio.Lock()

    async def stream(
        self, request: HttpRequest, on_piece: Callable[[HttpPiece], None], patience: Patience = PATIENT
    ) -> HttpHead:
        """Make a request; `on_piece` gets the response as it comes. Raises RemoteError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience.first) as waiting:

                def take(batch: list[Any]) -> None:
                    waiting.reschedule(loop.time() + patience.between)
                    for item in batch:
                        on_piece(HttpPiece.model_validate(item))

                return HttpHead.model_validate(await self._call("http.stream", request.model_dump(), take))
        except TimeoutError:
            raise ServerSilent(f"{host_of(request.url)} did not answer in time.") from None

    async def fetch(self, request: HttpRequest, patience: Patience = BRIEF) -> tuple[HttpHead, str]:
        """Make a request for a small answer and give it whole."""
        texts: list[str] = []
        size = 0

        def take(piece: HttpPiece) -> None:
            nonlocal size
            size += len(piece.text)
            if size > MAX_BODY_CHARS:
                raise ServerUnreachable(f"{host_of(request.url)} sent far more than was asked for.", retryable=False)
            texts.append(piece.text)

        head = await self.stream(request, take, patience)
        return head, "".join(texts)

    async def seal(self, passphrase: str, text: str) -> str:
        """Encrypt a text with a passphrase."""
        return str(await self._call("secret.seal", SealSecret(passphrase=passphrase, text=text).model_dump()))

    async def open(self, passphrase: str, sealed: str) -> str:
        """Decrypt it again. Raises WrongPassphrase."""
        return str(await self._call("secret.open", OpenSecret(passphrase=passphrase, sealed=sealed).model_dump()))

    async def renew(self) -> None:
        """Let the next request start a new worker; what is under way ends in peace."""
        link, self._link = self._link, None
        if link is not None and not self._calls.get(link):
            await link.close()

    async def close(self) -> None:
        """End the workers, and with them every request under way."""
        links = {*self._calls, *([self._link] if self._link else [])}
        self._link = None
        for link in links:
            await link.close()

    async def _call(self, method: str, params: dict[str, Any], on_chunks: Any = None) -> Any:
        link = await self._opened()
        self._calls[link] = self._calls.get(link, 0) + 1
        try:
            return await link.call(method, params, on_chunks)
        except EngineCrashed as error:
            if self._link is link:
                self._link = None
            raise ServerUnreachable("The connection was closed.", action="Try again.") from error
        finally:
            self._calls[link] -= 1
            if not self._calls[link]:
                del self._calls[link]
                if self._link is not link:
                    await link.close()

    async def _opened(self) -> Link:
        async with self._opening:
            if self._link is None:
                self._link = await self._host.open_link("remote")
            return self._link


def host_of(url: str) -> str:
    """The server of an address as people know it."""
    return urlsplit(url).netloc


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, the way a browser writes them."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port is not None and parts.port != default else ""
    return f"{parts.scheme}://{host}{port}"
