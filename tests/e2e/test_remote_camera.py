"""The camera goes to an endpoint of the VILA streaming protocol that the person names, and nowhere else, until Stop."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect
from tests.e2e import scenes
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import LaunchProfile, Site
from tests.e2e.python_view import PythonView
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

KEY = "om1-secret-key"
STREAM = """
from cloche.vision import VideoStream
import asyncio, json
frames = asyncio.Queue()
stream = VideoStream(frames.put_nowait, fps=5)
stream.start()
first = json.loads(await asyncio.wait_for(frames.get(), 20))
stream.stop()
print(sorted(first), first["frame"][:4], stream.resolution)
"""
LOOK = """
from cloche.vision import Camera
from js import OffscreenCanvas, VideoFrame
canvas = OffscreenCanvas.new(128, 128)
brush = canvas.getContext("2d")
for colour, side in ("#e6e1d7", 128), ("blue", 64):
    brush.fillStyle = colour
    brush.fillRect(64 - side / 2, 64 - side / 2, side, side)
for picture in Camera(), canvas, VideoFrame.new(canvas, timestamp=0):
    print((await vision.describe(picture, "Describe what you see.")).text)
"""
CLIENT = """
from cloche.vision import VilaClient
client = VilaClient("{url}", "k", fps=5)
client.start()
async for reply in client.replies():
    print(reply)
    break
print("ended:", client.health.error and client.health.error.code)
await client.stop()
""".strip()


class Endpoint:
    """A server of the protocol that says how many frames it has seen, and how red they are."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.paths: list[str] = []
        self.ended = threading.Event()
        self.code: int | None = None
        self._server = serve(self._handle, "localhost", 0)
        self.url = f"ws://localhost:{self._server.socket.getsockname()[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.paths.append(connection.request.path)
        try:
            for message in connection:
                self.frames.append(base64.b64decode(json.loads(message)["frame"]))
                red, green, _ = self.picture().resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
                colour = "red" if red > green else "grey"
                connection.send(json.dumps({"vlm_reply": f"{len(self.frames)}: {colour}"}))
        except ConnectionClosed:
            pass
        self.code = connection.close_code
        self.ended.set()

    def picture(self) -> Image.Image:
        """The newest frame."""
        return Image.open(io.BytesIO(self.frames[-1])).convert("RGB")

    def stop(self) -> None:
        self._server.shutdown()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    started = Endpoint()
    yield started
    started.stop()


def test_the_camera_goes_to_the_endpoint_until_it_is_stopped(
    site: Site, launch_profile: LaunchProfile, tmp_path: Path, endpoint: Endpoint
) -> None:
    film = scenes.film(tmp_path / "scene.mjpeg", scenes.red_circle())
    flags = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    cloche = launch_profile(site, *flags, permissions=["camera"]).open()
    cloche.wait_offline_ready()
    page = cloche.page
    page.goto(f"{cloche.address}#/live")

    source = page.get_by_role("combobox", name="Source")
    stage = page.get_by_role("region", name="Picture")
    source.select_option("Video file")
    broken = FilePayload(name="no.mp4", mimeType="video/mp4", buffer=b"no film")
    page.get_by_label("Video file", exact=True).set_input_files(broken)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(stage.get_by_role("alert")).to_be_visible()
    source.select_option("Remote camera analysis")
    expect(stage.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Prompt")).to_have_count(0)
    form = page.get_by_role("form", name="Remote camera analysis")
    form.get_by_label("Endpoint").fill(endpoint.url)
    form.get_by_label("API key").fill(KEY)
    form.get_by_label("Frames a second").fill("5")
    expect(form).to_contain_text(endpoint.url)
    form.get_by_role("button", name="Allow and start").click()
    captions = page.get_by_role("list", name="Captions").get_by_role("listitem")
    expect(captions.filter(has_text="2: red")).to_contain_text(endpoint.url, timeout=ANSWER_MS)
    expect(stage.locator("video")).to_be_visible()
    expect(stage.locator(".live-caption")).to_contain_text(": red")
    expect(source).to_be_disabled()
    expect(page.get_by_role("status").filter(has_text="The camera is on")).to_contain_text(endpoint.url)
    assert endpoint.picture().size == (640, 480)
    assert urlsplit(endpoint.paths[0]).query == f"api_key={KEY}"

    page.get_by_role("button", name="Stop sending").click()
    assert endpoint.ended.wait(10)
    assert endpoint.code == 1000
    expect(page.get_by_text("The camera is on")).to_have_count(0)
    seen = len(endpoint.frames)
    expect(form).to_be_visible()
    expect(form.get_by_label("API key")).to_have_value("")
    expect(stage.locator("video")).to_have_count(0)
    replies_are_kept_like_captions(cloche, endpoint)

    python_gets_frames_too(cloche)
    assert len(endpoint.frames) == seen
    code_asks_before_it_reaches_an_endpoint(cloche, endpoint)


def replies_are_kept_like_captions(cloche: Cloche, endpoint: Endpoint) -> None:
    """Still there after a reload; saved with the pictures they are about."""
    cloche.reload()
    captions = cloche.page.get_by_role("list", name="Captions").get_by_role("listitem")
    expect(captions.filter(has_text="2: red")).to_contain_text(endpoint.url)
    cloche.page.get_by_label("Search captions").fill("2: red")
    expect(captions).to_have_count(1)
    cloche.button("Save as conversation").click()
    cloche.button("Open").click()
    expect(cloche.answers).to_contain_text("2: red")
    expect(cloche.questions.get_by_role("img")).to_have_count(1)


def python_gets_frames_too(cloche: Cloche) -> None:
    """`VideoStream` from the console, and descriptions of what a camera sees and of what was drawn."""
    python = PythonView(cloche).open()
    assert "['frame', 'timestamp'] /9j/ (640, 480)" in python.run(STREAM.strip()).inner_text()
    camera, *drawn = python.run(LOOK.strip()).get_by_label("Printed").inner_text().splitlines()
    assert "red circle" in camera
    assert len(drawn) == 2
    assert all("blue square" in text for text in drawn)
    expect(cloche.page.get_by_text("The camera is on")).to_have_count(0)


def code_asks_before_it_reaches_an_endpoint(cloche: Cloche, endpoint: Endpoint) -> None:
    """`VilaClient` from the console: refused, then allowed."""
    python = PythonView(cloche)
    question = cloche.page.get_by_role("alert", name="Permission")
    refused = python.start(CLIENT.format(url=endpoint.url))
    expect(question).to_contain_text(endpoint.url, timeout=ANSWER_MS)
    question.get_by_role("button", name="Refuse").click()
    expect(refused).to_contain_text("ended: origin_closed", timeout=ANSWER_MS)
    assert len(endpoint.paths) == 1
    allowed = python.start(CLIENT.format(url=endpoint.url))
    question.get_by_role("button", name="Allow until it ends").click(timeout=ANSWER_MS)
    expect(allowed).to_contain_text("red", timeout=ANSWER_MS)
    expect(allowed).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
    assert len(endpoint.paths) == 2
