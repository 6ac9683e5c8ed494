"""The VILA streaming protocol for pages of this origin: the protocol of the sockets, without a server."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.unit.cloche.scripted import ScriptedEngine, held, running

from cloche.app import App
from cloche.errors import KeyRefused
from cloche.host.memory import MemoryHost
from cloche.relay.vila import MAX_MESSAGE_BYTES


def frame(mark: str) -> str:
    """A message of the protocol whose JPEG says `mark`."""
    picture = b"\xff\xd8\xff" + mark.encode()
    return json.dumps({"timestamp": 1.5, "frame": base64.b64encode(picture.ljust(12, b".")).decode()})


def marks(request: dict[str, Any]) -> list[str]:
    """What the pictures of a request to the engine say."""
    parts = request["messages"][-1]["content"]
    return [bytes(part["data"])[3:].decode().strip(".") for part in parts if part["type"] == "image"]


class Client:
    """A page with a port."""

    def __init__(self, app: App, host: MemoryHost, secret: str) -> None:
        self.app, self.host, self.secret = app, host, secret
        self.port_id = ""

    async def join(self) -> Client:
        opened = await self.app.handle("relay.open_port", {"key": self.secret, "name": "http://localhost"})
        self.port_id = opened["port_id"]
        return self

    async def post(self, text: str) -> None:
        await self.app.handle("relay.hear", {"port_id": self.port_id, "text": text})

    async def said(self, what: Any = None) -> dict[str, Any]:
        """The next thing that goes out at the port, after `what` was posted."""
        coming = self.host.event("relay:port", lambda data: data["port_id"] == self.port_id)
        if what is None:
            return await coming
        said, _ = await asyncio.gather(coming, self.post(what))
        return said


@asynccontextmanager
async def shared(engine: ScriptedEngine, **settings: Any) -> AsyncIterator[tuple[App, MemoryHost, str, str]]:
    """An app with a key: its secret and its id."""
    host = engine.host()
    async with running(host) as app:
        made = await app.handle("relay.make_key", {"name": "page"})
        await app.handle("relay.set", settings)
        yield app, host, made["secret"], made["key"]["id"]


async def test_a_frame_gets_a_reply_and_the_person_sees_who_asks() -> None:
    engine = ScriptedEngine("A red circle.")
    async with shared(engine, question="What is it?") as (app, host, secret, key_id):
        client = await Client(app, host, secret).join()
        assert json.loads((await client.said(frame("a")))["text"]) == {"vlm_reply": "A red circle."}
        (seen,) = (await app.handle("relay.state", {}))["clients"]
        assert {name: seen[name] for name in ("kind", "key_id", "name", "frames", "replies")} == {
            "kind": "vila",
            "key_id": key_id,
            "name": "http://localhost",
            "frames": 1,
            "replies": 1,
        }
        await app.handle("relay.close_port", {"port_id": client.port_id})
        assert (await app.handle("relay.state", {}))["clients"] == []
    assert marks(engine.requests[0]) == ["a"]


async def test_the_newest_frames_win_oldest_first() -> None:
    first = held("First.")
    engine = ScriptedEngine(first, "Second.")
    async with shared(engine, frames=2) as (app, host, secret, _):
        client = await Client(app, host, secret).join()
        await client.post(frame("a"))
        assert first.held is not None
        await first.held.wait()
        for mark in "bcd":
            await client.post(frame(mark))
        coming = asyncio.ensure_future(client.said())
        following = host.event("relay:port", lambda data: "Second." in str(data["text"]))
        first.go_on.set()
        assert "First." in (await coming)["text"]
        await following
    assert [marks(request) for request in engine.requests] == [["a"], ["c", "d"]]


async def test_a_key_that_is_not_known_or_was_revoked_lets_nobody_in() -> None:
    async with shared(ScriptedEngine()) as (app, host, secret, key_id):
        with pytest.raises(KeyRefused):
            await Client(app, host, "cloche-wrong").join()
        client = await Client(app, host, secret).join()
        told, _ = await asyncio.gather(client.said(), app.handle("relay.revoke_key", {"key_id": key_id}))
        assert (told["text"], told["code"], told["reason"]) == (None, 1008, "This key was revoked.")
        with pytest.raises(KeyRefused):
            await Client(app, host, secret).join()


async def test_what_is_no_frame_is_refused_and_too_much_ends_the_port() -> None:
    async with shared(ScriptedEngine()) as (app, host, secret, _):
        client = await Client(app, host, secret).join()
        assert json.loads((await client.said("hello"))["text"]) == {"error": "The message is not JSON."}
        ended = await client.said("x" * (MAX_MESSAGE_BYTES + 1))
        assert (ended["text"], ended["code"]) == (None, 1009)
        assert (await app.handle("relay.state", {}))["clients"] == []
