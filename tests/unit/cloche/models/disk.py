"""A downloads worker that keeps its files in a dictionary, and a queue on top of it. Exists only for tests."""

from __future__ import annotations

import asyncio
from typing import Any

from cloche.errors import ClocheError, NotFound, StorageFull
from cloche.host.memory import MemoryHost, Push, ScriptedLink
from cloche.model_shapes import ModelCard
from cloche.models.downloads import Downloads
from cloche.models.files import Files
from cloche.models.storage import Storage
from cloche.store.database import Database
from cloche.store.kept_models import KeptModels


def card(model_id: str, *sizes: int, sha256: str = "a" * 64) -> ModelCard:
    """A model with a file of each size; 0 is not known."""
    files = [
        {"role": "weights", "name": f"{number}.gguf", "url": f"https://hub/{number}", "size": size, "sha256": sha256}
        for number, size in enumerate(sizes)
    ]
    facts = {"id": model_id, "name": model_id.upper(), "engine": "llamacpp", "modalities": ["text"], "licence": "MIT"}
    return ModelCard.model_validate({**facts, "summary": "", "context_window": 1, "files": files})


class Disk:
    """What is on it, and how fetching goes: `held` models wait until `go_on` is set, `errors` are raised once."""

    def __init__(self, *cards: ModelCard, quota: int = 10_000, database: str = ":memory:") -> None:
        self.cards = {each.id: each for each in cards}
        self.files: dict[str, dict[str, tuple[int, bool]]] = {}
        self.quota = quota
        self.held: set[str] = set()
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.errors: dict[str, ClocheError] = {}
        self.damaged: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        self.looked_up: list[str] = []
        self.database = database

    def open(self) -> tuple[MemoryHost, Downloads, Storage]:
        """An app's queue and storage on this disk."""
        host = MemoryHost(workers={"downloads": self._worker})
        rows, files = KeptModels(Database(self.database)), Files(host)
        storage = Storage(host, rows, files)
        downloads = Downloads(host, rows, files, storage, self.find)
        storage.fetching, storage.card = downloads.fetching, self.find
        return host, downloads, storage

    async def find(self, model_id: str) -> ModelCard:
        """As the catalogue does."""
        self.looked_up.append(model_id)
        if model_id not in self.cards:
            raise NotFound("There is no such model.")
        return self.cards[model_id]

    @property
    def usage(self) -> int:
        """Bytes that are taken."""
        return sum(size for files in self.files.values() for size, _ in files.values())

    def _worker(self) -> ScriptedLink:
        return ScriptedLink({"files.fetch": self._fetch, "files.list": self._list, "files.remove": self._remove})

    async def _fetch(self, params: dict[str, Any], push: Push) -> Any:
        self.asked.append(params)
        model_id = params["model_id"]
        there = self.files.setdefault(model_id, {})
        total = sum(file["size"] for file in params["files"])
        if total - sum(size for size, _ in there.values()) > self.quota - self.usage:
            raise StorageFull("There is no room for this model.")
        facts, fetched, repaired = [], 0, []
        for file in params["files"]:
            size = file["size"] or 7
            name = file["name"]
            there.setdefault(name, (size // 2, False))
            progress = {"stage": "fetching", "file": name, "loaded_bytes": size // 2, "total_bytes": total}
            push([{**progress, "file_loaded_bytes": size // 2, "file_total_bytes": size}])
            self.begun.set()
            if model_id in self.held:
                await self.go_on.wait()
            if model_id in self.errors:
                raise self.errors.pop(model_id)
            if params["thorough"] and name in self.damaged:
                self.damaged.remove(name)
                repaired.append(name)
                fetched += size // 4
            elif not there[name][1]:
                fetched += size
            there[name] = (size, True)
            facts.append({"name": name, "size": size, "sha256": file["sha256"] or "b" * 64})
        return {"kept": True, "fetched_bytes": fetched, "reason": "", "files": facts, "repaired": repaired}

    async def _list(self, params: dict[str, Any], push: Push) -> Any:
        models = [
            {
                "model_id": model_id,
                "files": [
                    {"name": name, "size": size, "whole": whole, "modified_at": 1.0}
                    for name, (size, whole) in files.items()
                ],
            }
            for model_id, files in self.files.items()
        ]
        return {"models": models, "usage": self.usage, "quota": self.quota}

    async def _remove(self, params: dict[str, Any], push: Push) -> Any:
        self.files.pop(params["model_id"], None)


async def until(host: MemoryHost, model_id: str, state: str) -> dict[str, Any]:
    """The download as soon as it is in this state."""

    def wanted(data: dict[str, Any]) -> bool:
        return any(each["model_id"] == model_id and each["state"] == state for each in data["downloads"])

    told = host.told("download:changed")
    data = told[-1] if told and wanted(told[-1]) else await host.event("download:changed", wanted)
    return next(dict(each) for each in data["downloads"] if each["model_id"] == model_id)
