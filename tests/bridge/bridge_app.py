"""Stands in for cloche.app: commands with which python_bridge.test.ts tries the passage in every direction."""

import asyncio
from typing import Any

import js

from .errors import Busy  # type: ignore[import-not-found]  # a module of cloche where it runs
from .host.base import Host  # type: ignore[import-not-found]


class App:
    """An app without a store or a model."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.heard: list[str] = []

    async def start(self) -> None:
        """Opens the engine."""
        self.link = await self.host.open_link("llamacpp")
        self.host.emit([("notice", {"code": "surroundings", "message": f"{self.host.database} {self.host.reason}"})])

    async def shutdown(self) -> None:
        """Says goodbye."""
        self.host.emit([("notice", {"code": "goodbye"})])

    def interrupt(self) -> None:
        """Nothing of a person's runs here."""

    async def handle(self, method: str, params: Any) -> Any:
        """Runs the method of that name."""
        return await getattr(self, method)(**params)

    async def echo(self, value: Any) -> Any:
        return value

    async def kinds(self, value: Any) -> Any:
        return {key: type(part).__name__ for key, part in value.items()}

    async def busy(self) -> None:
        raise Busy("One at a time.")

    async def broken(self) -> None:
        raise ZeroDivisionError("by zero")

    async def not_plain(self) -> Any:
        return {"value": object()}

    async def tell(self) -> str:
        delta = {"session_id": "s", "message_id": "m", "index": 0, "kind": "text"}
        self.host.emit([("content_block:delta", {**delta, "text": "one "})])
        self.host.emit([("content_block:delta", {**delta, "text": "two "})])
        self.host.emit([("content_block:delta", {**delta, "index": 1, "text": "other part"})])
        self.host.emit([("notice", {"code": "between"}), ("content_block:delta", {**delta, "text": "three"})])
        return "told"

    async def wait(self) -> None:
        self.host.emit([("notice", {"code": "waiting"})])
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.host.emit([("notice", {"code": "cancelled"})])

    async def forget(self) -> None:
        async def fails() -> None:
            raise LookupError("nobody waits for this")

        self.task = asyncio.create_task(fails())

    async def draw(self, kind: str) -> Any:
        """A red picture of 30 x 20 pixels as an object of the browser of that kind, and what the host draws of it."""
        canvas = js.OffscreenCanvas.new(30, 20)
        brush = canvas.getContext("2d")
        brush.fillStyle = "red"
        brush.fillRect(0, 0, 30, 20)
        made = {
            "canvas": lambda: canvas,
            "video frame": lambda: js.VideoFrame.new(canvas, timestamp=0),
            "bitmap": canvas.transferToImageBitmap,
            "image data": lambda: brush.getImageData(0, 0, 30, 20),
            "blob": canvas.convertToBlob,
            "blob of text": lambda: js.Blob.new(["This is a letter."]),
            "date": lambda: js.Date.new(),
            "Python object": object,
        }[kind]()
        return await self.host.drawn(await made if kind == "blob" else made)

    async def read(self, path: str) -> str:
        return await self.host.read_text(path)

    async def ask(self, method: str, params: Any) -> Any:
        return await self.link.call(method, params)

    async def stream_until(self, count: int) -> int:
        """Stops the engine's endless stream, by cancelling, once so many items have come."""
        found: list[str] = []
        enough = asyncio.Event()

        def on_chunks(items: list[str]) -> None:
            found.extend(items)
            if len(found) >= count:
                enough.set()

        task = asyncio.create_task(self.link.call("stream", {}, on_chunks))
        await enough.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert await self.link.call("stopped", {}) is True
        return len(found)

    async def broken_listener(self) -> None:
        def on_chunks(_items: list[str]) -> None:
            raise KeyError("in the listener")

        await self.link.call("stream", {}, on_chunks)

    async def close_engine(self) -> None:
        call = asyncio.create_task(self.link.call("never", {}))
        await asyncio.sleep(0)
        await self.link.close()
        await call
