"""The client of the VILA streaming protocol, against servers written as the protocol's description has it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.cloche.scripted import ScriptedEngine, running
from tests.unit.cloche.vision.test_video_stream import JPEG, FakeCamera
from tests.unit.relay.scripted_tab import KEY, serving
from tests.unit.relay.socket_link import SocketLink
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cloche.errors import BadInput, StorageFull
from cloche.host import websocket
from cloche.vision import vila_client
from cloche.vision.history import History
from cloche.vision.vila_client import VilaClient, address
from cloche.vision.vila_shapes import OriginAnswer, VilaHealth

Handler = Callable[[ServerConnection], Awaitable[None]]


class Endpoint:
    """A server of the protocol: notes what it gets, answers each frame with its number."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.connections: list[ServerConnection] = []
        self.ends: list[int | None] = []
        self.got = asyncio.Event()
        self.gone = asyncio.Event()
        self.url = ""
        self._server: Server | None = None

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.keys += parse_qs(urlsplit(connection.request.path).query).get("api_key", [""])
        self.connections.append(connection)
        try:
            async for message in connection:
                self.frames.append(json.loads(message))
                self.got.set()
                await connection.send(json.dumps({"vlm_reply": f"frame {len(self.frames)}"}))
        except ConnectionClosed:
            pass
        self.ends.append(connection.close_code)
        self.gone.set()

    async def until(self, frames: int) -> None:
        while len(self.frames) < frames:
            self.got.clear()
            await asyncio.wait_for(self.got.wait(), 10)


@asynccontextmanager
async def endpoint(handler: Handler | None = None, port: int = 0) -> AsyncIterator[Endpoint]:
    it = Endpoint()
    async with serve(handler or it.handle, "localhost", port, max_size=None, max_queue=1) as server:
        it.url = f"ws://localhost:{server.sockets[0].getsockname()[1]}"
        yield it


class Watched:
    """A client with its camera, and what it told."""

    def __init__(self, url: str, key: str = KEY, **options: Any) -> None:
        self.camera = FakeCamera()
        self.camera.host.workers["remote"] = SocketLink
        self.client = VilaClient(url, key, feed=self.camera.feed, **options)
        self.told: list[VilaHealth] = []
        self._changed = asyncio.Event()
        self.client.on_health = self._hear

    def _hear(self, health: VilaHealth) -> None:
        self.told.append(health)
        self._changed.set()

    async def until(self, holds: Callable[[VilaHealth], bool]) -> VilaHealth:
        while not holds(self.client.health):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 10)
        return self.client.health

    async def stream(self, number: int) -> None:
        """Show so many pictures, at a camera's pace."""
        for count in range(number):
            self.camera.show(JPEG + str(count).encode())
            await asyncio.sleep(1 / 60)


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vila_client, "FIRST_WAIT", 0.01)


async def test_the_camera_goes_out_and_replies_come_in() -> None:
    async with endpoint() as server:
        it = Watched(server.url, fps=60)
        it.client.start()
        await it.until(lambda health: health.state == "streaming")
        await it.stream(3)
        replies = it.client.replies()
        assert await anext(replies) == "frame 1"
        await server.until(1)
        assert set(server.frames[0]) == {"timestamp", "frame"}
        assert isinstance(server.frames[0]["timestamp"], float)
        assert base64.b64decode(server.frames[0]["frame"]).startswith(JPEG)
        assert server.keys == [KEY]
        await it.client.stop()
        assert [reply async for reply in replies] == [f"frame {n}" for n in range(2, it.client.health.replies + 1)]
        assert it.client.health.state == "off"
        assert it.camera.wishes == []
    assert server.ends == [1000]


async def test_what_an_endpoint_says_to_the_page_is_a_caption_of_the_newest_frame() -> None:
    host = ScriptedEngine().host()
    host.workers["remote"] = SocketLink
    async with endpoint() as server, running(host) as app:
        streaming = host.event("vila:health", lambda health: health["state"] == "streaming")
        health, _ = await asyncio.gather(app.handle("vila.start", {"url": server.url, "key": KEY}), streaming)
        caption = host.event("live:caption")
        picture = {"wish_id": health["wish_id"], "timestamp": time.time(), "width": 640, "height": 480, "bytes": JPEG}
        told, _ = await asyncio.gather(caption, app.handle("camera.picture", picture))
        (kept,) = (await app.handle("live.history", {}))["captions"]
        assert kept == told
        assert (kept["text"], kept["source"]) == ("frame 1", f"Camera, to {server.url}")
        assert kept["description"]["hardware"] == server.url
        assert (await app.handle("live.picture", {"caption_id": kept["id"]}))["bytes"] == JPEG
        await app.handle("vila.stop", {})


async def test_a_reply_that_cannot_be_kept_ends_the_sending_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise StorageFull("There is no room left.")

    monkeypatch.setattr(History, "add", full)
    host = ScriptedEngine().host()
    host.workers["remote"] = SocketLink
    async with endpoint() as server, running(host) as app:
        streaming = host.event("vila:health", lambda health: health["state"] == "streaming")
        health, _ = await asyncio.gather(app.handle("vila.start", {"url": server.url, "key": KEY}), streaming)
        failed = host.event("vila:health", lambda health: health["error"] is not None)
        picture = {"wish_id": health["wish_id"], "timestamp": time.time(), "width": 640, "height": 480, "bytes": JPEG}
        told, _ = await asyncio.gather(failed, app.handle("camera.picture", picture))
        assert (told["state"], told["error"]["code"], told["wish_id"]) == ("failed", "storage_full", "")
        await server.gone.wait()
    assert server.ends == [1000]


async def test_it_speaks_with_our_own_server(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab():
        it = Watched(f"ws://{served.host}/", fps=60)
        it.client.start()
        await it.until(lambda health: health.state == "streaming")
        await it.stream(2)
        assert await anext(it.client.replies()) in ("picture0", "picture1")
        await it.client.stop()


async def test_a_cut_connection_comes_back_with_the_newest_frames() -> None:
    async with endpoint() as server:
        it = Watched(server.url, fps=60)
        it.client.start()
        await it.until(lambda health: health.state == "streaming")
        await it.stream(1)
        await server.until(1)
        port = urlsplit(server.url).port or 0
    await it.until(lambda health: health.state == "waiting")
    assert it.client.health.error is not None
    await it.stream(30)
    assert it.client.health.buffered == vila_client.BUFFERED_FRAMES
    async with endpoint(port=port) as back:
        await back.until(vila_client.BUFFERED_FRAMES)
        sizes = [base64.b64decode(message["frame"]) for message in back.frames]
        assert sizes[vila_client.BUFFERED_FRAMES - 1].endswith(b"29")
        assert it.client.health.reconnects >= 1
        assert it.client.health.buffered == 0
        await it.client.stop()


async def test_pauses_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Watched("ws://localhost:1")
    it.client.start()
    for number in range(1, 6):
        await it.until(lambda health, number=number: health.reconnects >= number)  # type: ignore[misc]
    await it.client.stop()
    pauses = [health.retry_in_s for health in it.told if health.state == "waiting"]
    assert all(0.005 * 2**n <= pause <= 0.01 * 2**n for n, pause in enumerate(pauses[:5]))
    assert len(set(pauses)) == len(pauses)


async def test_a_server_that_stalls_holds_the_camera_back_instead_of_filling_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_SECONDS", 0.1)
    stalled = asyncio.Event()

    async def stall(connection: ServerConnection) -> None:
        await stalled.wait()
        connection.transport.abort()

    async with endpoint(stall) as server:
        it = Watched(server.url, fps=120)
        it.client.start()
        await it.until(lambda health: health.state == "streaming")
        big = b"\xff\xd8\xff" + os.urandom(1_000_000)  # nothing that could be compressed
        for _ in range(40):
            it.camera.show(big)
            await asyncio.sleep(1 / 100)
        health = it.client.health
        await it.client.stop()
        stalled.set()
        assert health.dropped > 5
        assert health.fps < 60
        assert health.waiting_bytes < 8 * len(big)
        assert health.state == "streaming"


@pytest.mark.parametrize(("code", "error"), [(1008, "key_refused"), (1009, "request_refused")])
async def test_a_refusal_is_final_and_turns_the_camera_off(code: int, error: str) -> None:
    async def refuse(connection: ServerConnection) -> None:
        await connection.close(code, "No.")

    async with endpoint(refuse) as server:
        it = Watched(server.url)
        it.client.start()
        health = await it.until(lambda health: health.state == "failed")
        assert health.error is not None
        assert health.error.code == error
        assert "No." in health.error.message or code == 1009
        assert it.camera.wishes == []
        assert [reply async for reply in it.client.replies()] == []
        await it.client.stop()


async def test_a_camera_that_fails_ends_the_connection() -> None:
    async with endpoint() as server:
        it = Watched(server.url)
        it.client.start()
        await it.until(lambda health: health.state == "streaming")
        it.camera.fail()
        health = await it.until(lambda health: health.state == "failed")
        assert health.error is not None
        assert health.error.code == "NotAllowedError"
        await server.connections[0].wait_closed()
        assert server.connections[0].close_code == 1000
        await it.client.stop()


async def test_the_person_is_asked_before_anything_is_sent() -> None:
    async with endpoint() as server:
        it = Watched(server.url, fps=60)
        opened: set[str] = {"wss://nowhere.example"}
        it.camera.host.workers["remote"] = lambda: SocketLink(opened=opened)
        answer = it.camera.feed.commands()["origin.answer"]
        for allow in (False, True):
            asked = asyncio.create_task(it.camera.host.event("origin:asked", lambda data: bool(data["question"])))
            await asyncio.sleep(0)
            it.client.start()
            question = (await asked)["question"]
            assert question["origin"] == server.url
            assert server.connections == []
            if allow:
                opened.add(server.url)
            answer(OriginAnswer(id=question["id"], allow=allow))
            await it.until(lambda health, allow=allow: health.state == ("streaming" if allow else "failed"))  # type: ignore[misc]
        await it.client.stop()
        assert it.camera.host.told("origins:released") == [{"origins": [server.url]}]


async def test_two_questions_are_asked_one_after_the_other() -> None:
    camera = FakeCamera()
    consent = camera.feed.consent
    asking = [asyncio.create_task(consent.ask(f"wss://{name}.org", "send the camera to")) for name in "ab"]
    await asyncio.sleep(0)

    def shown() -> dict[str, Any] | None:
        question: dict[str, Any] | None = camera.host.told("origin:asked")[-1]["question"]
        return question

    for task, name, allow in zip(asking, "ab", (False, True), strict=True):
        question = shown()
        assert question is not None
        assert question["origin"] == f"wss://{name}.org"
        camera.feed.commands()["origin.answer"](OriginAnswer(id=question["id"], allow=allow))
        assert await task is allow
    assert shown() is None


async def test_what_is_no_reply_is_passed_over() -> None:
    async def babble(connection: ServerConnection) -> None:
        for text in ("nonsense", "[]", "{}", '{"vlm_reply": 7}', b"\xff", '{"error": "x"}', '{"vlm_reply": "at last"}'):
            await connection.send(text)
        await connection.wait_closed()

    async with endpoint(babble) as server:
        it = Watched(server.url)
        it.client.start()
        assert await anext(it.client.replies()) == "at last"
        await it.client.stop()


async def test_of_a_flood_of_replies_the_newest_are_kept_and_no_more() -> None:
    async def flood(connection: ServerConnection) -> None:
        for number in range(2000):
            await connection.send(json.dumps({"vlm_reply": str(number)}))
        await connection.wait_closed()

    async with endpoint(flood) as server:
        it = Watched(server.url)
        it.client.start()
        await it.until(lambda health: health.replies == 2000)
        await it.client.stop()
        kept = [reply async for reply in it.client.replies()]
    assert len(kept) == vila_client.KEPT_REPLIES - 1  # the place of one tells that it is the end
    assert kept[-1] == "1999"


async def test_the_key_is_in_no_message() -> None:
    it = Watched("ws://localhost:1", "very-secret")
    it.client.start()
    await it.until(lambda health: health.state == "waiting")
    await it.client.stop()
    assert all("very-secret" not in health.model_dump_json() for health in it.told)
    assert "very-secret" not in repr(it.client)


@pytest.mark.parametrize(
    ("url", "key", "full"),
    [
        ("wss://a.org", "k", "wss://a.org/?api_key=k"),
        ("a.org/path", "k", "wss://a.org/path?api_key=k"),
        ("ws://localhost:8765/?api_key=old", "new", "ws://localhost:8765/?api_key=new"),
        ("ws://localhost:8765/?api_key=own", "", "ws://localhost:8765/?api_key=own"),
        ("wss://a.org?x=1", "a b&c", "wss://a.org/?x=1&api_key=a+b%26c"),
        ("wss://a.org", "", "wss://a.org/"),
    ],
)
def test_the_key_goes_into_the_address(url: str, key: str, full: str) -> None:
    assert address(url, key) == full


@pytest.mark.parametrize("url", ["", "http://a.org", "wss://", "wss://u:p@a.org", "wss://a.org/#x", "javascript://a"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        address(url, "")
