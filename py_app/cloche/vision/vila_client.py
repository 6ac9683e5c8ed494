"""A client of the VILA streaming protocol: the camera goes to an endpoint, replies come back.

Owns the connection: connecting again with growing pauses, holding back while the network is busy, the few frames that
wait for the connection to come back. The camera and its pace are video_stream.py and pacing.py. The key stands in the
address, as the protocol wants it, and is kept in memory and in no message.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..errors import BadInput, ClocheError, KeyRefused, OriginClosed, RemoteError, RequestRefused, ServerUnreachable
from ..host.websocket import WebSocket
from ..remote_shapes import SocketEnd
from . import camera_feed
from .camera_feed import CameraFeed
from .video_stream import VideoStream
from .vila_shapes import VilaHealth, VilaReply

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: frames kept while the connection is away; the newest stay
BUFFERED_FRAMES = 5
#: so many messages may wait in the socket; with more the network is busy
WAITING_MESSAGES = 2
#: a connection that lasted so long was a good one: the next pause is short again (s)
GOOD_SECONDS = 5.0
KEPT_REPLIES = 256
POLICY_VIOLATION, TOO_BIG = 1008, 1009


class VilaClient:
    """Streams to `url` from `start` to `stop`.

    Args:
        url: `ws://` or `wss://`, with or without `?api_key=...`; the person is asked whether it may be reached
        key: the API key, put into the address
        fps, resolution, jpeg_quality, device_index: of the camera, as `VideoStream` has them
        feed: where pictures come from; the app's own when left out
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        fps: float = 30,
        resolution: tuple[int, int] = (640, 480),
        jpeg_quality: int = 70,
        device_index: int = 0,
        feed: CameraFeed | None = None,
    ) -> None:
        self._url = address(url, key)
        parts = urlsplit(self._url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        feed = feed or camera_feed.of_this_app()
        self._host = feed.host
        self._consent = feed.consent
        self._allowed = False
        self.stream = VideoStream(
            self._frame,
            fps=fps,
            resolution=resolution,
            jpeg_quality=jpeg_quality,
            device_index=device_index,
            feed=feed,
        )
        self.stream.on_failure = self._failed
        self.on_health: Callable[[VilaHealth], None] = lambda _: None
        self.on_reply: Callable[[VilaReply], None] = lambda _: None
        self._health = VilaHealth(origin=self.origin)
        self._buffer: deque[str] = deque(maxlen=BUFFERED_FRAMES)
        self._replies: asyncio.Queue[VilaReply | None] = asyncio.Queue(KEPT_REPLIES)
        self._socket: WebSocket | None = None
        self._running: asyncio.Task[None] | None = None
        self._closing: asyncio.Future[None] | None = None

    @property
    def health(self) -> VilaHealth:
        """How it is doing."""
        return self._health.model_copy(
            update={
                "fps": self.stream.fps if self.stream.running else 0.0,
                "dropped": self.stream.pacer.dropped,
                "buffered": len(self._buffer),
                "wish_id": self.stream.wish_id,
            }
        )

    def start(self) -> None:
        """Turn the camera on and connect."""
        if self._running is None or self._running.done():
            self._replies = asyncio.Queue(KEPT_REPLIES)
            self.stream.start()
            self._running = asyncio.create_task(self._stay_connected())

    async def stop(self) -> None:
        """Turn the camera off and end the connection as the protocol wants it."""
        self.stream.stop()
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()
        self._tell(state="off", waiting_bytes=0, retry_in_s=0)
        self._end()

    async def replies(self) -> AsyncIterator[str]:
        """The replies as they come, until the client stops. The newest are kept while nobody takes them."""
        while (reply := await self._replies.get()) is not None:
            yield reply.text

    # ------------------------------------------------------------ the connection

    async def _stay_connected(self) -> None:
        wait = FIRST_WAIT
        while True:
            self._tell(state="connecting", retry_in_s=0)
            begun = time.monotonic()
            try:
                error: ClocheError = self._ended(await self._connected_once())
            except OriginClosed as closed:
                if not self._allowed and await self._consent.ask(self.origin, "send the camera to"):
                    self._allowed = True
                    continue
                error = closed
            except ClocheError as failed:
                error = failed
            if not error.retryable:
                self._give_up(error)
                return
            if time.monotonic() - begun > GOOD_SECONDS:
                wait = FIRST_WAIT
            pause = wait * random.uniform(0.5, 1)  # noqa: S311 - only spreads clients
            self._tell(state="waiting", error=error.info(), retry_in_s=pause, reconnects=self._health.reconnects + 1)
            await asyncio.sleep(pause)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _connected_once(self) -> SocketEnd:
        """Connect and stay until the connection ends."""
        socket = await WebSocket.open(self._host, self._url, self._heard)
        self._socket = socket
        try:
            self._tell(state="streaming", error=None)
            while self._buffer and not socket.closed.done():
                await self._send(socket, self._buffer.popleft())
            return await asyncio.shield(socket.closed)
        finally:
            if socket.closed.done():
                self._socket = None

    def _ended(self, end: SocketEnd) -> ClocheError:
        """Why a connection has ended, and whether to try again."""
        said = f" It says: {end.reason}" if end.reason else ""
        if end.code == POLICY_VIOLATION:
            return KeyRefused(f"{self.origin} ended the connection.{said}", action="Check the key.")
        if end.code == TOO_BIG:
            return RequestRefused(
                f"A frame is too large for {self.origin}.", action="Choose a lower resolution or quality."
            )
        return ServerUnreachable(f"The connection to {self.origin} ended ({end.code}).{said}")

    def _give_up(self, error: ClocheError) -> None:
        self.stream.stop()
        self._tell(state="failed", error=error.info())
        self._end()

    def _failed(self, error: Exception) -> None:
        """Something on this side keeps it from going on: the camera, or whoever takes the replies."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
        if self._socket is not None:
            socket, self._socket = self._socket, None
            self._closing = asyncio.ensure_future(socket.close())
        self._give_up(error if isinstance(error, ClocheError) else RemoteError(str(error)))

    # ------------------------------------------------------------ frames out, replies in

    async def _frame(self, message: str) -> None:
        """One frame; `VideoStream` gives no other while this one is on its way."""
        socket = self._socket
        if socket is None or socket.closed.done():
            self._buffer.append(message)
            return
        await self._send(socket, message, WAITING_MESSAGES * len(message))

    async def _send(self, socket: WebSocket, message: str, most_waiting: int | None = None) -> None:
        try:
            sent = await socket.send(message, most_waiting)
        except ServerUnreachable:
            self._buffer.append(message)
            return
        if sent.sent:
            self._tell(sent=self._health.sent + 1, waiting_bytes=sent.waiting_bytes)
        else:
            self.stream.pacer.drop()
            self.stream.pacer.slow_down()
            self._tell(waiting_bytes=sent.waiting_bytes)

    def _heard(self, text: str) -> None:
        try:
            said = json.loads(text)
            reply = VilaReply(text=said["vlm_reply"], at=time.time())
        except (ValueError, KeyError, TypeError):
            return
        if self._replies.full():
            self._replies.get_nowait()
        self._replies.put_nowait(reply)
        self._tell(replies=self._health.replies + 1)
        try:
            self.on_reply(reply)
        except ClocheError as error:
            self._failed(error)

    def _end(self) -> None:
        """Nothing goes out or comes in any more."""
        self._buffer.clear()
        if self._allowed:
            self._allowed = False
            self._consent.release(self.origin)
        if self._replies.full():
            self._replies.get_nowait()
        with suppress(asyncio.QueueFull):
            self._replies.put_nowait(None)

    def _tell(self, **changed: Any) -> None:
        self._health = self._health.model_copy(update=changed)
        self.on_health(self.health)


def address(url: str, key: str) -> str:
    """The address with the key in it. Raises BadInput."""
    typed = url.strip()
    parts = urlsplit(typed if "://" in typed else f"wss://{typed}")
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.username or parts.fragment:
        raise BadInput("The address of a VILA endpoint looks like wss://host/path.", action="Correct the address.")
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not (key and name == "api_key")
    ]
    if key:
        query.append(("api_key", key))
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(query), ""))
