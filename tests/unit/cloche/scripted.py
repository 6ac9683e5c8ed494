"""An engine that answers from a script, and an app on top of it. Exists only for tests."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cloche.app import App
from cloche.errors import ClocheError
from cloche.host.memory import MemoryHost, ScriptedLink
from cloche.models.catalogue import Catalogue
from cloche.models.hub import PUBLIC_HUB, Hub
from cloche.models.library import Library
from cloche.store.models import ModelRows
from cloche.store.store import Store

IMAGE_TOKENS = 64
CARD: dict[str, Any] = {
    "id": "cloche-starter",
    "name": "Scripted",
    "engine": "llamacpp",
    "modalities": ["text", "image"],
    "tools": True,
    "context_window": 2048,
    "trained_context": 512,
    "image_tokens": IMAGE_TOKENS,
    "licence": "MIT",
    "summary": "Answers from a script.",
    "defaults": {"temperature": 0, "max_tokens": 256},
    "files": [{"role": "weights", "name": "m.gguf", "url": "models/m.gguf", "size": 10, "sha256": "0" * 64}],
}
ENGINE = {"engine": "scripted", "backend": "cpu", "threads": 1, "context_window": 2048, "images": True, "load_ms": 1.0}
CARD_PATH = "models/starter/card.json"
DEVICE = {"isolated": True, "processors": 4, "memory_gb": 8, "quota_bytes": 50_000_000_000}
MEASURED = {"cpu_gflops": 2.0, "free_cores": 3.0, "gpu_gflops": None, "at": 1.0}

#: the smallest picture, and how the page hands it over
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
PICTURE = {"bytes": PNG, "mime": "image/png", "width": 1, "height": 1, "name": "dot.png"}


@dataclass
class Reply:
    """One completion: its batches of text; where it waits; how it ends."""

    batches: list[str] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    reasoning: str = ""
    error: ClocheError | None = None
    #: set when all batches are out; the completion then ends only once `go_on` is set
    held: asyncio.Event | None = None
    go_on: asyncio.Event = field(default_factory=asyncio.Event)


def call_of(name: str, arguments: dict[str, Any] | str, call_id: str = "call_1") -> dict[str, Any]:
    """A tool call as the engine reports it."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def held(*batches: str) -> Reply:
    """A reply that stops after its batches until it is told to go on (or is aborted)."""
    return Reply(list(batches), held=asyncio.Event())


class ScriptedEngine:
    """Both workers of an engine; `replies` are given in order, `requests` were asked."""

    def __init__(self, *replies: Reply | str) -> None:
        self.replies = [Reply([reply]) if isinstance(reply, str) else reply for reply in replies]
        self.requests: list[dict[str, Any]] = []
        self.loads = 0
        self.loaded: list[dict[str, Any]] = []
        self.fetched: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.measurements = 0
        self.aborted = 0
        self.kept = True
        self.prompt_bytes = 0
        self.token_ids: list[int] = []
        self.engine = dict(ENGINE)
        self.fetch_error: ClocheError | None = None
        self.load_error: ClocheError | None = None
        self.may_load = asyncio.Event()
        self.may_load.set()

    def host(self, database: str = ":memory:", card: dict[str, Any] | None = None) -> MemoryHost:
        """A host whose workers are this engine."""
        workers = {"downloads": self._downloads, "llamacpp": self._llamacpp, "device": self._device}
        files = {
            CARD_PATH: json.dumps(card or CARD),
            "catalogue.json": '{"llamacpp": [], "webllm": []}',
            "webllm_models.json": "[]",
        }
        return MemoryHost(database=database, files=files, workers=workers)

    def _device(self) -> ScriptedLink:
        async def describe(params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
            return DEVICE

        async def measure(params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
            self.measurements += 1
            return MEASURED

        return ScriptedLink({"device.describe": describe, "device.measure": measure})

    def _downloads(self) -> ScriptedLink:
        return ScriptedLink(
            {
                "files.fetch": self._fetch,
                "files.list": self._list,
                "files.remove": self._remove,
                "prompts.remove": self._remove_prompts,
            }
        )

    def _llamacpp(self) -> ScriptedLink:
        return ScriptedLink(
            {
                "files.take": self._take,
                "model.load": self._load,
                "chat.complete": self._complete,
                "tokens.count": self._count,
                "embeddings.create": self._embed,
                "rerank.create": self._rerank,
            }
        )

    async def _fetch(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        if self.fetch_error:
            raise self.fetch_error
        self.fetched.append(params)
        if not self.kept or params["hold"]:
            return {"kept": False, "fetched_bytes": 10, "reason": "This browser gives no place for files."}
        name = params["files"][0]["name"]
        push([{"stage": "fetching", "file": name, "loaded_bytes": bytes_, "total_bytes": 10} for bytes_ in (5, 10)])
        return {"kept": True, "fetched_bytes": 10, "reason": ""}

    async def _list(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        file = {"name": "m.gguf", "size": 10, "whole": True, "modified_at": 1.0}
        models = [{"model_id": "cloche-starter", "files": [file]}]
        return {"models": models, "usage": 10, "quota": 1000, "prompt_bytes": self.prompt_bytes}

    async def _remove(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        return None

    async def _take(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        self.taken.append(params)

    async def _remove_prompts(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        self.prompt_bytes = 0

    async def _load(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        self.loads += 1
        self.loaded.append(params)
        await self.may_load.wait()
        if self.load_error:
            raise self.load_error
        return self.engine

    async def _count(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        return [len(text.split()) for text in params["texts"]]

    async def _embed(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        self.requests.append(params)
        return [{"vector": [1.0, len(text)], "tokens": len(text.split())} for text in params["texts"]]

    async def _rerank(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        self.requests.append(params)
        return {"scores": [float(len(text)) for text in params["documents"]], "tokens": len(params["documents"])}

    async def _complete(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        self.requests.append(params)
        reply = self.replies.pop(0)
        if reply.reasoning:
            push([{"text": "", "reasoning": reply.reasoning, "tool_calls": []}])
        for batch in reply.batches:
            await asyncio.sleep(0)
            push([{"text": batch, "reasoning": "", "tool_calls": []}])
        try:
            if reply.held is not None:
                await asyncio.sleep(0)
                reply.held.set()
                await reply.go_on.wait()
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        if reply.error:
            raise reply.error
        text = "".join(reply.batches)
        parts = [
            part
            for message in params["messages"]
            if isinstance(message["content"], list)
            for part in message["content"]
        ]
        images = sum(part["type"] == "image" for part in parts)
        return {
            "text": text,
            "reasoning": reply.reasoning,
            "tool_calls": reply.tool_calls,
            "finish_reason": "tool_calls" if reply.tool_calls else "stop",
            "token_ids": self.token_ids if params["token_ids"] else [],
            "usage": {
                "prompt_tokens": 20,
                "completion_tokens": len(text.split()),
                "cached_tokens": 5,
                "image_tokens": IMAGE_TOKENS * images,
            },
            "timings": {
                "time_to_first_token_ms": 10.0,
                "prompt_ms": 8.0,
                "image_ms": 3.0 * images if images else None,
                "total_ms": 20.0,
                "tokens_per_second": 100.0,
            },
            "memory_bytes": 1000,
        }


def library_on(host: MemoryHost) -> Library:
    """A library with a catalogue of its own, without the rest of the app."""
    rows = ModelRows(Store(host.database).database)
    return Library(host, Catalogue(host, rows, Hub(host, lambda: PUBLIC_HUB)))


class FullDisk:
    """Stands before an app's database: while `full`, whatever writes fails as SQLite fails on a full disk."""

    def __init__(self, store: Store, error: str = "database or disk is full", on: str = "INSERT UPDATE DELETE") -> None:
        self.full = True
        self._error = error
        self._on = on.split()
        self._connection = store.database._connection
        store.database._connection = self  # type: ignore[assignment]

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        """Run the statement, or fail."""
        if self.full and sql.split()[0] in self._on:
            raise sqlite3.OperationalError(self._error)
        return self._connection.execute(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@asynccontextmanager
async def running(host: MemoryHost) -> AsyncIterator[App]:
    """An app that has started, and ends with the block."""
    app = App(host)
    await app.start()
    try:
        yield app
    finally:
        await app.shutdown()


async def new_session(app: App) -> str:
    """The id of a new session."""
    session = await app.handle("session.create", {})
    return str(session["id"])


async def answered(host: MemoryHost, message_id: str) -> dict[str, Any]:
    """The message once its turn has ended, whether it has already or not."""
    for data in host.told("message:changed"):
        if data["message"]["id"] == message_id and data["message"]["status"] != "streaming":
            return dict(data["message"])
    data = await host.event(
        "message:changed",
        lambda data: data["message"]["id"] == message_id and data["message"]["status"] != "streaming",
    )
    return dict(data["message"])


def streamed(host: MemoryHost) -> str:
    """The text that went to the page as it came."""
    return "".join(data["text"] for data in host.told("content_block:delta"))


async def until_streamed(host: MemoryHost, text: str) -> None:
    """Wait until this text has gone to the page."""
    if text not in streamed(host):
        await host.event("content_block:delta", lambda _: text in streamed(host))


async def ask(app: App, host: MemoryHost, session_id: str, text: str, **more: Any) -> dict[str, Any]:
    """Send a message and wait for its answer."""
    sent = await app.handle("message.send", {"session_id": session_id, "text": text, **more})
    return await answered(host, sent["assistant_message_id"])


def text_of(message: dict[str, Any]) -> str:
    """The text of a message."""
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")
