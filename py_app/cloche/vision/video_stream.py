"""The camera as robots' code knows it: callbacks that get one frame message after another.

Owns the callbacks and the pace. A message is what the VILA streaming protocol sends, `{"timestamp": float seconds,
"frame": base64 JPEG}` as JSON, so that `VideoStream(frame_callback=socket.send)` is a client.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from . import camera_feed
from .camera_feed import CameraFeed
from .pacing import Pacer
from .vila_shapes import CameraPicture

FrameCallback = Callable[[str], Any]


class VideoStream:
    """A stream of the browser's camera.

    Args:
        frame_callback: gets each message; may be a coroutine function, which is then still busy with one frame while
            later ones are dropped
        frame_callbacks: more of them
        fps: frames a second at most; adapted downwards when this machine cannot keep up
        resolution: width and height in pixels; the camera's own size replaces it, with a warning
        jpeg_quality: 1 to 100
        device_index: which camera of this machine, from 0
        feed: where pictures come from; the app's own when left out
        clock: seconds as the pictures' timestamps count them
    """

    def __init__(
        self,
        frame_callback: FrameCallback | None = None,
        frame_callbacks: Sequence[FrameCallback] | None = None,
        fps: float = 30,
        resolution: tuple[int, int] = (640, 480),
        jpeg_quality: int = 70,
        device_index: int = 0,
        *,
        feed: CameraFeed | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.resolution = resolution
        self.jpeg_quality = jpeg_quality
        self.device_index = device_index
        self.pacer = Pacer(fps, clock)
        #: why the camera ended, if it did
        self.error: Exception | None = None
        self.on_failure: Callable[[Exception], None] = lambda _: None
        self.frame_callbacks: list[FrameCallback] = []
        self.wish_id = ""
        #: the last one that was given to the callbacks
        self.newest: CameraPicture | None = None
        self._feed = feed
        self._used: CameraFeed | None = None
        self._busy: dict[FrameCallback, asyncio.Task[Any]] = {}
        for callback in [*([frame_callback] if frame_callback else []), *(frame_callbacks or [])]:
            self.register_frame_callback(callback)

    @property
    def fps(self) -> float:
        """The rate that is kept to at the moment."""
        return self.pacer.fps

    @property
    def running(self) -> bool:
        """Whether frames are wanted."""
        return bool(self.wish_id)

    def register_frame_callback(self, frame_callback: FrameCallback | None) -> None:
        """Let another callback get the frames; one that is there already is not added twice. None is a ValueError."""
        if frame_callback is None:
            raise ValueError("A frame callback is a function, not None.")
        if frame_callback not in self.frame_callbacks:
            self.frame_callbacks.append(frame_callback)

    def start(self) -> None:
        """Turn the camera on; the browser asks the person. Does nothing when it runs."""
        if self.running:
            return
        feed = self._feed or camera_feed.of_this_app()
        width, height = self.resolution
        self.error = None
        self._used = feed
        self.wish_id = feed.want(
            self._picture,
            self._failed,
            fps=self.pacer.wanted_fps,
            width=width,
            height=height,
            jpeg_quality=self.jpeg_quality,
            device_index=self.device_index,
        )

    def stop(self) -> None:
        """Turn the camera off. Does nothing when it is off."""
        wish_id, self.wish_id = self.wish_id, ""
        if wish_id and self._used is not None:
            self._used.release(wish_id)
        for task in self._busy.values():
            task.cancel()

    def _picture(self, picture: CameraPicture) -> None:
        if not self.pacer.admits(picture.timestamp):
            return
        size = picture.width, picture.height
        if size != tuple(self.resolution):
            text = (
                f"The camera gives {size[0]} x {size[1]} pixels instead of {self.resolution[0]} x {self.resolution[1]}."
            )
            warnings.warn(text, stacklevel=2)
            self.resolution = size
        self.newest = picture
        frame = base64.b64encode(picture.bytes).decode("ascii")
        message = json.dumps({"timestamp": picture.timestamp, "frame": frame})
        for callback in list(self.frame_callbacks):
            self._call(callback, message)

    def _call(self, callback: FrameCallback, message: str) -> None:
        if callback in self._busy:
            self.pacer.drop()
            return
        result = callback(message)
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(result)
            self._busy[callback] = task
            task.add_done_callback(lambda _: self._busy.pop(callback, None))

    def _failed(self, error: Exception) -> None:
        self.wish_id = ""
        self.error = error
        self.on_failure(error)
