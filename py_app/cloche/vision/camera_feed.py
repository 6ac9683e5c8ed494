"""Pictures of the page's cameras in Python: who wants them, and where each one goes.

Owns the list of wishes, of which the page hears with every change, and hands each picture to the wish that it belongs
to. The cameras themselves are the page's: it asks the person, shows that a camera runs, and encodes. Where pictures may
go is asked through `consent`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from ..errors import ModelError, from_code
from ..host.base import Host
from .consent import Consent
from .vila_shapes import CameraFailure, CameraPicture, CameraWish

#: of a camera that is opened for a single picture
LOOK_FPS, LOOK_QUALITY = 10, 90
OnPicture = Callable[[CameraPicture], None]
OnFailure = Callable[[Exception], None]


class CameraFeed:
    """One for each app."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.consent = Consent(host)
        self._wishes: dict[str, tuple[CameraWish, OnPicture, OnFailure]] = {}

    def want(self, on_picture: OnPicture, on_failure: OnFailure, **wish: Any) -> str:
        """Ask for a stream of pictures as `CameraWish` describes it; gives the wish's id."""
        wanted = CameraWish(id=uuid.uuid4().hex, **wish)
        self._wishes[wanted.id] = wanted, on_picture, on_failure
        self._tell()
        return wanted.id

    def release(self, wish_id: str) -> None:
        """No more pictures of this wish."""
        if self._wishes.pop(wish_id, None) is not None:
            self._tell()

    async def look(self, **wish: Any) -> bytes:
        """One picture, a JPEG, of a camera that is opened for it. Raises what the page says of one that gives none."""
        first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def on_picture(picture: CameraPicture) -> None:
            if not first.done():
                first.set_result(picture.bytes)

        def on_failure(error: Exception) -> None:
            if not first.done():
                first.set_exception(error)

        wish_id = self.want(on_picture, on_failure, fps=LOOK_FPS, jpeg_quality=LOOK_QUALITY, **wish)
        try:
            return await first
        finally:
            self.release(wish_id)

    def close(self) -> None:
        """No more pictures at all."""
        if self._wishes:
            self._wishes.clear()
            self._tell()

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page tells."""
        return {"camera.picture": self._picture, "camera.failed": self._failed, **self.consent.commands()}

    def _tell(self) -> None:
        wishes = [wish.model_dump() for wish, _, _ in self._wishes.values()]
        self.host.emit([("camera:streams", {"wishes": wishes})])

    def _picture(self, picture: CameraPicture) -> None:
        found = self._wishes.get(picture.wish_id)
        if found is not None:
            found[1](picture)

    def _failed(self, failure: CameraFailure) -> None:
        found = self._wishes.pop(failure.wish_id, None)
        if found is not None:
            self._tell()
            error = from_code(failure.error.code, failure.error.message)
            error.action = failure.error.action
            found[2](error)


_current: list[CameraFeed] = []


def use(feed: CameraFeed) -> None:
    """Make a feed the one of the app that runs in this interpreter."""
    _current[:] = [feed]


def of_this_app() -> CameraFeed:
    """The feed of the app that runs in this interpreter. Raises ModelError."""
    if not _current:
        raise ModelError("There is no camera here: no app runs in this interpreter.", action="Run this in Cloche.")
    return _current[0]
