"""The camera on the page, as far as it is open: a frame of it on request.

Owns whether it is open and the requests for frames. It never opens a camera: only the person does.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from ..host.base import Host
from ..pictures import check_images
from .shapes import CameraFrame, CameraState

#: a frame is there at once, or something is wrong
SECONDS = 10.0


class LiveCamera:
    """The camera of the page."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.open = False
        self._waiting: dict[str, asyncio.Future[bytes | None]] = {}

    async def frame(self) -> bytes | None:
        """What the camera sees now, as PNG or JPEG; None when it is closed or gives nothing."""
        if not self.open:
            return None
        request_id = uuid.uuid4().hex
        self._waiting[request_id] = asyncio.get_running_loop().create_future()
        self._host.emit([("camera:wanted", {"request_id": request_id})])
        try:
            return await asyncio.wait_for(self._waiting[request_id], SECONDS)
        except TimeoutError:
            return None
        finally:
            del self._waiting[request_id]

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands of the contract that this answers."""
        return {"camera.state": self._changed, "camera.frame": self._came}

    def _changed(self, state: CameraState) -> None:
        self.open = state.open

    def _came(self, frame: CameraFrame) -> None:
        if frame.image is not None:
            check_images([frame.image])
        waiting = self._waiting.get(frame.request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.image.bytes if frame.image else None)
