"""What is kept of models on this device: which files, how large, used when, checked when; and what may go.

Owns the book about it (store/kept_models.py) and what is done with what is there: deleting, checking, pinning, and the
plan of what to delete when space is needed. Nothing is ever deleted without the person's word. How files come is
downloads.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any

from ..engine_contract import FetchedFiles, FetchFiles
from ..errors import Busy, NotFound, StorageError
from ..host.base import Host
from ..model_shapes import ModelCard
from ..store.kept_models import KeptFileRow, KeptModels, KeptRow
from .file_shapes import FetchTuning, FileFacts, StoredFiles, StoredModel
from .files import Files
from .shapes import ModelRef
from .storage_shapes import EvictionPlan, KeptFile, KeptModel, PinModel, StorageReport, Verified

#: how a download goes on when nobody watches it
PATIENT = FetchTuning(attempts=8, retry_ms=500, wait_online=True)


class Storage:
    """The models on this device."""

    def __init__(self, host: Host, rows: KeptModels, files: Files) -> None:
        self._host = host
        self._rows = rows
        self._files = files
        #: the models that engines are using
        self.loaded: Callable[[], Collection[str | None]] = lambda: ()
        #: the models that are being fetched
        self.fetching: Callable[[], Iterable[str]] = lambda: ()
        #: the card of a model on this device
        self.card: Callable[[str], Any] = _no_card

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page can ask, but for what takes part in the queue."""
        return {
            "storage.list": lambda _: self.report(),
            "storage.delete": self.delete,
            "storage.pin": self.pin,
            "storage.verify": self.verify,
            "storage.forget_prompts": lambda _: self.forget_prompts(),
        }

    # ------------------------------------------------------------ the book

    def complete(self, card: ModelCard) -> bool:
        """Whether every file of the card came whole, with the size and hash that it names."""
        return _whole(card, self._rows.files(card.id))

    def facts(self, model_id: str) -> list[FileFacts]:
        """The files of a model as they were when they came whole."""
        return [
            FileFacts(name=row.name, size=row.size, sha256=row.sha256) for row in self._rows.files(model_id).values()
        ]

    def complete_of(self, cards: Iterable[ModelCard]) -> set[str]:
        """The ids of those of these cards that are complete; one look into the book for all."""
        known = self._rows.all_files()
        return {card.id for card in cards if _whole(card, known.get(card.id, {}))}

    def touch(self, model_id: str) -> None:
        """The model is being used now. A full disk keeps no model from answering."""
        with suppress(StorageError):
            self._rows.touch(model_id)

    def noticed(self, card: ModelCard, fetched: FetchedFiles) -> None:
        """A model was fetched to be used at once, maybe into memory only; as above."""
        with suppress(StorageError):
            self.came(card, fetched)
        if not fetched.kept:
            self.tell()

    def came(self, card: ModelCard, fetched: FetchedFiles) -> None:
        """A model's files are here."""
        if not fetched.kept:
            return
        known, now = self._rows.files(card.id), time.time()
        rows = [
            known.get(file.name) or KeptFileRow(file.name, file.size, file.sha256, None)
            for file in card.files
            if file.name not in {facts.name for facts in fetched.files}
        ]
        rows += [KeptFileRow(facts.name, facts.size, facts.sha256, now) for facts in fetched.files]
        self._rows.keep(card, rows)
        self.tell()

    def tell(self) -> None:
        """What is on disk changed."""
        self._host.emit([("storage:changed", {})])

    # ------------------------------------------------------------ commands

    async def report(self) -> StorageReport:
        """Everything that is there."""
        stored = await self._files.list()
        return StorageReport(
            models=self._kept(stored), usage=stored.usage, quota=stored.quota, prompt_bytes=stored.prompt_bytes
        )

    async def delete(self, ref: ModelRef) -> StorageReport:
        """Delete a model. Raises Busy for one that is being used or fetched."""
        await self.remove(ref.model_id)
        return await self.report()

    async def remove(self, model_id: str) -> None:
        """Delete a model's files and what is known of them. Raises Busy."""
        self.refuse_in_use(model_id)
        await self._files.remove(model_id)
        self._rows.forget(model_id)
        self.tell()

    def refuse_in_use(self, model_id: str) -> None:
        """Raise Busy for a model whose files an engine or a download is using."""
        if model_id in self.loaded():
            raise Busy("This model is loaded now.", action="Choose another model first, or unload it.")
        if model_id in self.fetching():
            raise Busy("This model is being downloaded.", action="Cancel its download first.")

    async def forget_prompts(self) -> StorageReport:
        """Delete what engines have kept of conversations; they are read again when they go on."""
        await self._files.forget_prompts()
        self.tell()
        return await self.report()

    async def pin(self, given: PinModel) -> StorageReport:
        """Keep a model from ever being offered for eviction, or no longer."""
        if given.model_id not in self._rows.models():
            raise NotFound("There is no such model on this device.")
        self._rows.pin(given.model_id, given.pinned)
        self.tell()
        return await self.report()

    async def verify(self, ref: ModelRef) -> Verified:
        """Hash every file of a model again, and fetch the damaged parts anew."""
        if ref.model_id in self.fetching():
            raise Busy("This model is being downloaded.", action="Wait for its download, which checks it as well.")
        card: ModelCard = await self.card(ref.model_id)
        known = self._rows.files(card.id)
        files = [
            file.model_copy(update={"sha256": file.sha256 or known[file.name].sha256}) if file.name in known else file
            for file in card.files
        ]
        params = FetchFiles(
            model_id=card.id, base_url=self._host.base_url, files=files, keep=True, thorough=True, tuning=PATIENT
        )
        async with self._files.worker() as link:
            fetched = FetchedFiles.model_validate(await link.call("files.fetch", params.model_dump()))
        self.came(card, fetched)
        return Verified(model_id=card.id, repaired=fetched.repaired, fetched_bytes=fetched.fetched_bytes)

    async def plan(self, wanted: ModelCard, *, full: bool = False) -> EvictionPlan:
        """What would have to go so that this model fits: least recently used first, pinned and used ones never.

        `full`: the disk was found full, whatever the browser says of its quota.
        """
        stored = await self._files.list()
        there = {file.name: file.size for model in stored.models if model.model_id == wanted.id for file in model.files}
        missing = sum(max(0, file.size - there.get(file.name, 0)) for file in wanted.files)
        needed = max(0, missing - (stored.quota - stored.usage)) if stored.quota else missing
        needed = needed or (missing if full else 0)
        going: list[KeptModel] = []
        for model in reversed(self._kept(stored)):
            if sum(each.size for each in going) >= needed:
                break
            if not (model.pinned or model.loaded or model.model_id in self.fetching() or model.model_id == wanted.id):
                going.append(model)
        enough = sum(each.size for each in going) >= needed
        return EvictionPlan(needed_bytes=needed, models=going, enough=enough)

    # ------------------------------------------------------------ in common

    def _kept(self, stored: StoredFiles) -> list[KeptModel]:
        """The models on the disk with what the book says about them, the least recently used one last."""
        book, files = self._rows.models(), self._rows.all_files()
        models = [
            self._model(model, book.get(model.model_id), files.get(model.model_id, {}))
            for model in stored.models
            if model.files
        ]
        return sorted(models, key=lambda model: model.used_at or 0.0, reverse=True)

    def _model(self, stored: StoredModel, row: KeptRow | None, known: dict[str, KeptFileRow]) -> KeptModel:
        files = [
            KeptFile(
                name=file.name,
                size=file.size,
                whole=file.whole,
                sha256=known[file.name].sha256 if file.name in known else "",
                verified_at=known[file.name].verified_at if file.name in known else None,
            )
            for file in stored.files
        ]
        whole = {file.name for file in stored.files if file.whole}
        return KeptModel(
            model_id=stored.model_id,
            name=row.name if row else stored.model_id,
            engine=row.engine if row else "",
            size=sum(file.size for file in files),
            complete=row is not None and bool(known) and set(known) <= whole,
            pinned=row is not None and row.pinned,
            loaded=stored.model_id in self.loaded(),
            used_at=row.used_at if row else max((file.modified_at for file in stored.files), default=None),
            files=sorted(files, key=lambda file: file.name),
        )


def _whole(card: ModelCard, known: dict[str, KeptFileRow]) -> bool:
    return bool(card.files) and all(
        file.name in known
        and file.size in (0, known[file.name].size)
        and (not file.sha256 or not known[file.name].sha256 or file.sha256 == known[file.name].sha256)
        for file in card.files
    )


async def _no_card(_model_id: str) -> ModelCard:
    raise NotFound("There is no such model.")
