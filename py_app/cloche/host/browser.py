"""The Host of the browser: Python in a Pyodide worker, the page and the engine workers on the other side of a bridge.

The only Python file that imports `js` or `pyodide`. Owns how plain data crosses to JavaScript (js_bridge/packing.ts is
the other half), the batching of events, and the links to workers. Only text, numbers and byte arrays cross, through
functions that are handed over once for the life of the worker: no proxy is made per call, so none can leak.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import js
import pyodide_js
from pyodide.ffi import JsException, JsProxy, create_proxy, to_js

from ..app import App
from ..console import interruption
from ..errors import Aborted, BadImage, ClocheError, FetchFailed, from_code
from .base import Host, Link

Event = tuple[str, dict[str, Any]]
OnChunks = Callable[[list[Any]], None]

_MARK = "\0bytes"


def pack(value: Any) -> tuple[str, Any]:
    """Plain data as JSON text and a JavaScript array of the byte arrays in it, which are copied."""
    buffers: list[bytes | bytearray | memoryview] = []

    def bytes_only(part: Any) -> dict[str, int]:
        if not isinstance(part, bytes | bytearray | memoryview):
            raise TypeError(f"{type(part).__name__} is not plain data.")
        buffers.append(part)
        return {_MARK: len(buffers) - 1}

    text = json.dumps(value, default=bytes_only, allow_nan=False, separators=(",", ":"))
    return text, to_js(buffers)


def unpack(text: str, buffers: Any) -> Any:
    """The plain data that `pack` of packing.ts made; byte arrays become `bytes`."""
    if not buffers.length:
        return json.loads(text)
    found = [buffer.to_bytes() for buffer in buffers]
    return json.loads(text, object_hook=lambda part: found[part[_MARK]] if _MARK in part else part)


def fold(events: Sequence[Event]) -> list[Event]:
    """The same story in fewer events: text deltas that follow each other in one part become one."""
    told: list[Event] = []
    for name, data in events:
        if name == "content_block:delta" and told and told[-1][0] == name:
            last = told[-1][1]
            if all(last[key] == data[key] for key in ("message_id", "index", "kind")):
                told[-1] = (name, {**last, "text": last["text"] + data["text"]})
                continue
        told.append((name, data))
    return told


class BrowserLink(Link):
    """A worker that JavaScript started; `number` is its name on the bridge."""

    def __init__(self, host: BrowserHost, number: int) -> None:
        self._host = host
        self._number = number

    async def call(self, method: str, params: dict[str, Any], on_chunks: OnChunks | None = None) -> Any:
        return await self._host.call(self._number, method, params, on_chunks)

    async def close(self) -> None:
        self._host.bridge.closeLink(self._number)


class BrowserHost(Host):
    """Python's side of the bridge (js_bridge/python_bridge.ts)."""

    def __init__(self, bridge: Any) -> None:
        self.bridge = bridge
        self.base_url = bridge.baseUrl
        self.database = bridge.database
        self.durable = bridge.durable
        self.reason = bridge.reason
        self._loop = asyncio.get_running_loop()
        self._events: list[Event] = []
        self._numbers = itertools.count(1)
        self._calls: dict[int, tuple[asyncio.Future[Any], OnChunks | None]] = {}
        self._commands: dict[int, asyncio.Task[None]] = {}

    # ------------------------------------------------------------ Host

    def emit(self, events: Sequence[Event]) -> None:
        """Events leave in one message when the event loop's turn ends, or just before an answer."""
        if not self._events:
            self._loop.call_soon(self._send_events)
        self._events.extend(events)

    def flush(self) -> None:
        self._send_events()

    async def open_link(self, worker: str) -> Link:
        return BrowserLink(self, self.bridge.openLink(worker))

    async def read_text(self, path: str) -> str:
        try:
            response = await js.fetch(self.base_url + path)
            if not response.ok:
                raise FetchFailed(f"{path} could not be fetched: the server answered {response.status}.")
            text: str = await response.text()
        except JsException as error:
            raise FetchFailed(f"{path} could not be fetched: {error.message}.") from error
        return text

    async def load_package(self, name: str) -> None:
        try:
            await pyodide_js.loadPackage(name)
        except JsException as error:
            raise FetchFailed(f"{name} could not be fetched: {error.message}.") from error

    async def drawn(self, picture: Any) -> bytes | None:
        if not isinstance(picture, JsProxy):
            return None
        try:
            data = await self.bridge.drawn(picture)
        except JsException as error:
            raise BadImage(f"The picture cannot be read: {error.message}.") from error
        return None if data is None else bytes(data.to_bytes())

    def time_zone(self, name: str, moment: float) -> tuple[str, int]:
        try:
            found = self.bridge.timeZone(name, moment * 1000).to_py()
        except JsException as error:
            raise ValueError(f"There is no time zone {name!r}.") from error
        return found[0], found[1]

    def _send_events(self) -> None:
        events, self._events = self._events, []
        if events:
            self.bridge.emit(*pack(fold(events)))

    # ------------------------------------------------------------ calls to workers

    async def call(self, link: int, method: str, params: dict[str, Any], on_chunks: OnChunks | None) -> Any:
        number = next(self._numbers)
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._calls[number] = answer, on_chunks
        try:
            self.bridge.call(link, number, method, *pack(params))
            return await answer
        finally:
            del self._calls[number]
            if answer.cancelled() or not answer.done():
                self.bridge.abort(number)

    def chunks(self, number: int, text: str, buffers: Any) -> None:
        """Stream items of one call, as they come; an error in the listener ends that call."""
        answer, on_chunks = self._calls.get(number, (None, None))
        if answer is None or answer.done() or on_chunks is None:
            return
        try:
            on_chunks(unpack(text, buffers))
        except Exception as error:
            answer.set_exception(error)
            self.bridge.abort(number)

    def answered(self, number: int, text: str, buffers: Any) -> None:
        """The result of one call."""
        answer, _ = self._calls.get(number, (None, None))
        if answer is not None and not answer.done():
            answer.set_result(unpack(text, buffers))

    def failed(self, number: int, text: str) -> None:
        """The error of one call, with the worker's code."""
        answer, _ = self._calls.get(number, (None, None))
        if answer is not None and not answer.done():
            error = json.loads(text)
            answer.set_exception(from_code(error["code"], error["message"], error["action"]))

    # ------------------------------------------------------------ commands of the page

    def serve(self, app: App) -> None:
        """Takes commands from now on."""

        def request(number: int, method: str, text: str, buffers: Any) -> None:
            params = unpack(text, buffers)
            task = self._loop.create_task(self._answer(app, number, method, params))
            self._commands[number] = task
            task.add_done_callback(lambda _: self._commands.pop(number, None))

        def cancel(number: int) -> None:
            task = self._commands.get(number)
            if task is not None:
                task.cancel()

        async def shutdown() -> None:
            await app.shutdown()
            self._send_events()

        handed_over = (request, cancel, self.chunks, self.answered, self.failed, shutdown)
        self.bridge.connect(*map(create_proxy, handed_over))

    async def _answer(self, app: App, number: int, method: str, params: Any) -> None:
        try:
            answer = pack(await app.handle(method, params))
        except asyncio.CancelledError:
            self.bridge.fail(number, describe(Aborted("Stopped on request.")))
        except Exception as error:
            self._send_events()
            self.bridge.fail(number, describe(error))
        else:
            self._send_events()
            self.bridge.answer(number, *answer)

    # ------------------------------------------------------------ faults

    def report(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop's exception handler: a fault that no one awaited becomes a notice."""
        error = context.get("exception") or RuntimeError(context["message"])
        log(error)
        text = f"{type(error).__name__}: {error}"
        action = "Reload the page if something is stuck."
        self.emit([("notice", {"level": "error", "code": "internal", "message": text, "action": action})])


def describe(error: Exception) -> str:
    """An error as the page gets it, as JSON. One that is not of errors.py is a fault of ours and is also logged."""
    if not isinstance(error, ClocheError):
        log(error)
        error = from_code("internal", f"{type(error).__name__}: {error}")
    return error.info().model_dump_json()


def log(error: BaseException) -> None:
    """Writes an error with its traceback to the browser's console."""
    js.console.error("".join(traceback.format_exception(error)))


async def start(bridge: Any) -> str:
    """Starts the app. Gives "" or, when it cannot start, the error as JSON."""
    host = BrowserHost(bridge)
    asyncio.get_running_loop().set_exception_handler(host.report)
    app = App(host)
    interruption.install(app.interrupt)
    try:
        # Connected first: the app may call workers while it starts. Commands wait until this function is done.
        host.serve(app)
        await app.start()
    except Exception as error:
        return describe(error)
    return ""
