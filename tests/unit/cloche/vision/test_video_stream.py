"""The camera as robots' code knows it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.cloche.vision.test_pacing import Clock

from cloche.errors import ClocheError, ModelError
from cloche.host.memory import MemoryHost
from cloche.vision import camera_feed
from cloche.vision.camera_feed import CameraFeed
from cloche.vision.video_stream import VideoStream
from cloche.vision.vila_shapes import CameraFailure, CameraPicture

JPEG = b"\xff\xd8\xff\xe0picture"


class FakeCamera:
    """A page whose camera gives a picture when told to, taken at that moment of `clock`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.host = MemoryHost()
        self.feed = CameraFeed(self.host)
        self.clock = clock

    @property
    def wishes(self) -> list[dict[str, Any]]:
        told = self.host.told("camera:streams")
        return list(told[-1]["wishes"]) if told else []

    def show(self, data: bytes = JPEG, *, age: float = 0, size: tuple[int, int] = (640, 480)) -> None:
        for wish in self.wishes:
            picture = CameraPicture(
                wish_id=wish["id"], timestamp=self.clock() - age, width=size[0], height=size[1], bytes=data
            )
            self.feed.commands()["camera.picture"](picture)

    def fail(self) -> None:
        error: Any = {
            "code": "NotAllowedError",
            "message": "The browser does not allow the camera.",
            "action": "Allow it.",
        }
        for wish in self.wishes:
            self.feed.commands()["camera.failed"](CameraFailure(wish_id=wish["id"], error=error))


def picture_of(message: str) -> bytes:
    return base64.b64decode(json.loads(message)["frame"])


def test_without_arguments_it_is_what_the_field_expects() -> None:
    stream = VideoStream()
    assert (stream.fps, stream.resolution, stream.jpeg_quality, stream.device_index) == (30, (640, 480), 70, 0)
    assert stream.frame_callbacks == []
    assert not stream.running


def test_one_callback_and_several_are_taken() -> None:
    def one(_: str) -> None: ...

    def two(_: str) -> None: ...

    assert VideoStream(one).frame_callbacks == [one]
    assert VideoStream(frame_callbacks=[one, two]).frame_callbacks == [one, two]
    assert VideoStream(one, [one, two]).frame_callbacks == [one, two]


def test_a_callback_is_registered_once() -> None:
    def callback(_: str) -> None: ...

    stream = VideoStream()
    stream.register_frame_callback(callback)
    stream.register_frame_callback(callback)
    assert stream.frame_callbacks == [callback]


def test_none_is_no_callback() -> None:
    with pytest.raises(ValueError, match="None"):
        VideoStream().register_frame_callback(None)


def test_the_page_is_told_what_is_wanted_and_when_no_longer() -> None:
    camera = FakeCamera()
    stream = VideoStream(fps=10, resolution=(320, 240), jpeg_quality=50, device_index=1, feed=camera.feed)
    stream.start()
    (wish,) = camera.wishes
    assert wish == {
        "id": stream.wish_id,
        "fps": 10,
        "width": 320,
        "height": 240,
        "jpeg_quality": 50,
        "device_index": 1,
    }
    stream.start()
    assert len(camera.wishes) == 1
    stream.stop()
    stream.stop()
    assert camera.wishes == []
    stream.start()
    assert len(camera.wishes) == 1


def test_each_callback_gets_a_message_of_the_protocol() -> None:
    camera = FakeCamera()
    first: list[str] = []
    second: list[str] = []
    stream = VideoStream(frame_callbacks=[first.append, second.append], feed=camera.feed)
    stream.start()
    before = time.time()
    camera.show()
    (message,) = first
    assert second == [message]
    said = json.loads(message)
    assert set(said) == {"timestamp", "frame"}
    assert before <= said["timestamp"] <= time.time()
    assert picture_of(message) == JPEG
    stream.stop()
    camera.show()
    assert len(first) == 1


async def test_a_coroutine_callback_that_is_busy_misses_frames_instead_of_queueing_them() -> None:
    clock = Clock()
    camera = FakeCamera(clock)
    got: asyncio.Queue[str] = asyncio.Queue()
    go_on = asyncio.Event()
    busy: list[asyncio.Task[Any]] = []

    async def callback(message: str) -> None:
        busy.append(asyncio.current_task())  # type: ignore[arg-type]
        got.put_nowait(message)
        await go_on.wait()

    stream = VideoStream(callback, feed=camera.feed, clock=clock)
    stream.start()
    for picture in (b"1", b"2"):
        camera.show(picture)
        clock.now += 1
    assert stream.pacer.dropped == 1
    assert picture_of(await got.get()) == b"1"
    go_on.set()
    await asyncio.wait(busy)
    camera.show(b"3")
    assert picture_of(await got.get()) == b"3"
    stream.stop()


def test_the_cameras_own_size_replaces_the_one_asked_for_with_a_warning() -> None:
    clock = Clock()
    camera = FakeCamera(clock)
    got: list[str] = []
    stream = VideoStream(got.append, feed=camera.feed, clock=clock)
    stream.start()
    with pytest.warns(UserWarning, match="1280 x 720 pixels instead of 640 x 480"):
        camera.show(size=(1280, 720))
    assert stream.resolution == (1280, 720)
    clock.now += 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        camera.show(size=(1280, 720))
    assert len(got) == 2


def test_an_old_frame_is_dropped() -> None:
    clock = Clock()
    camera = FakeCamera(clock)
    got: list[str] = []
    stream = VideoStream(got.append, feed=camera.feed, clock=clock)
    stream.start()
    camera.show(age=0.06)
    assert got == []
    camera.show()
    assert len(got) == 1


def test_a_camera_that_fails_says_why_and_can_be_started_again() -> None:
    camera = FakeCamera()
    heard: list[Exception] = []
    stream = VideoStream(feed=camera.feed)
    stream.on_failure = heard.append
    stream.start()
    camera.fail()
    assert not stream.running
    (error,) = heard
    assert isinstance(error, ClocheError)
    assert (error.code, error.action) == ("NotAllowedError", "Allow it.")
    stream.start()
    assert stream.running


def test_several_streams_run_side_by_side() -> None:
    camera = FakeCamera()
    first, second = VideoStream(feed=camera.feed), VideoStream(feed=camera.feed)
    first.start()
    second.start()
    assert len(camera.wishes) == 2
    first.stop()
    assert [wish["id"] for wish in camera.wishes] == [second.wish_id]


def test_it_finds_the_camera_of_the_app_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_feed, "_current", [])
    with pytest.raises(ModelError):
        VideoStream().start()
    camera = FakeCamera()
    camera_feed.use(camera.feed)
    stream = VideoStream()
    stream.start()
    assert len(camera.wishes) == 1
