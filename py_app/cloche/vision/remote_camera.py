"""The page's remote camera analysis: one client of the VILA streaming protocol, told what to do by the page.

Owns the camera feed of the app, which client runs, and how often the page hears of it. The client is vila_client.py;
replies are captions like those of the model on this device, so they go where those go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..commands import NoParams
from ..host.base import Host
from ..shapes import NewImage
from . import camera_feed
from .camera_feed import CameraFeed
from .shapes import Description
from .vila_client import VilaClient
from .vila_shapes import CameraPicture, VilaHealth, VilaReply, VilaStart

#: keeps and shows a description of a picture, with what was asked and where the picture came from
Keep = Callable[..., Any]

#: the page hears of figures at most this often (s); of states at once
TELL_SECONDS = 0.25
#: what stands in the history as the question: the endpoint's own is not known
ASKED = "Remote camera analysis"
#: characters of a reply that are kept
MOST_TEXT = 10_000


class RemoteCamera:
    """One client at a time."""

    def __init__(self, host: Host, keep: Keep) -> None:
        self._host = host
        self._keep = keep
        self._feed = CameraFeed(host)
        camera_feed.use(self._feed)
        self._client: VilaClient | None = None
        self._told = VilaHealth()
        self._waiting: asyncio.TimerHandle | None = None

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands `vila.*` and `camera.*`."""
        return {
            "vila.start": self._start,
            "vila.stop": self._stop,
            "vila.health": lambda _: self.health,
            **self._feed.commands(),
        }

    @property
    def health(self) -> VilaHealth:
        """How the client is doing."""
        return self._client.health if self._client else VilaHealth()

    async def close(self) -> None:
        """Stop what runs, and every camera."""
        await self._end()
        self._feed.close()

    async def _end(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.stop()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _start(self, start: VilaStart) -> VilaHealth:
        await self._end()
        self._client = client = VilaClient(
            start.url,
            start.key,
            fps=start.fps,
            resolution=(start.width, start.height),
            jpeg_quality=start.jpeg_quality,
            device_index=start.device_index,
            feed=self._feed,
        )
        client.on_health = self._changed
        client.on_reply = self._replied
        client.start()
        return self.health

    async def _stop(self, _: NoParams) -> VilaHealth:
        await self._end()
        self._tell()
        return self.health

    def _changed(self, health: VilaHealth) -> None:
        if (health.state, health.error, health.wish_id) != (self._told.state, self._told.error, self._told.wish_id):
            self._tell()
        elif self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._told = self.health
        self._host.emit([("vila:health", self._told.model_dump())])

    def _replied(self, reply: VilaReply) -> None:
        """The protocol does not say which frame a reply is about; the newest is the likeliest."""
        client = self._client
        if client is not None and client.stream.newest is not None:
            said = description(reply.text[:MOST_TEXT], client.origin)
            picture = picture_of(client.stream.newest)
            self._keep(said, picture, prompt=ASKED, source=f"Camera, to {client.origin}")


def description(text: str, origin: str) -> Description:
    """What an endpoint said. It tells no figures."""
    return Description(
        text=text,
        finish_reason="stop",
        model=origin,
        prompt_tokens=0,
        image_tokens=0,
        completion_tokens=0,
        cached_tokens=0,
        time_to_first_token_ms=None,
        image_ms=None,
        total_ms=None,
        tokens_per_second=None,
        hardware=origin,
    )


def picture_of(picture: CameraPicture) -> NewImage:
    """A camera's picture for the history."""
    return NewImage(bytes=picture.bytes, mime="image/jpeg", width=picture.width, height=picture.height, name="Frame")
