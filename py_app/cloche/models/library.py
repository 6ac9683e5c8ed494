"""The chosen model and the engine that runs it: fetching, loading, and replacing an engine that died.

Owns the engine's link and the model's status; every change of it is told to the page. Knows nothing of conversations:
whoever needs the engine waits for `ready`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from pydantic import ValidationError

from ..engine_contract import FetchedFiles, FetchFiles, LoadModel
from ..errors import ClocheError, ModelLoadFailed, ModelNotReady
from ..host.base import Host, Link
from ..shapes import EngineInfo, ErrorInfo, ModelCard, ModelStatus

#: where the cards of the models are that come with the app
CARDS = {"cloche-starter": "models/starter/card.json"}


class Library:
    """One model at a time."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._link: Link | None = None
        self._loading: asyncio.Task[Link] | None = None
        self.status = ModelStatus(state="absent")

    def load(self, model_id: str) -> None:
        """Begin to load a model, unless it is being loaded or is ready already."""
        if self._loading is not None and not self._loading.done():
            return
        if self.status.state == "ready" and self.status.card is not None and self.status.card.id == model_id:
            return
        self._begin(self._load(model_id))

    async def ready(self) -> Link:
        """The link to the loaded engine, as soon as there is one."""
        if self._loading is None:
            raise ModelNotReady("No model has been loaded yet.")
        return await asyncio.shield(self._loading)

    def replace(self, link: Link) -> None:
        """Load the model anew after the engine died, if it is still the current one."""
        card, loading = self.status.card, self._loading
        if link is self._link and card is not None and loading is not None and loading.done():
            self._begin(self._restarted(link, card))

    async def close(self) -> None:
        """End the engine."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        await self._drop()

    def _begin(self, loading: Coroutine[Any, Any, Link]) -> None:
        self._loading = asyncio.create_task(loading)
        # Whoever waits for the engine gets the failure; without anyone waiting the page has it as a status.
        self._loading.add_done_callback(lambda loading: loading.cancelled() or loading.exception())

    async def _load(self, model_id: str) -> Link:
        try:
            await self._drop()
            card = await self._card(model_id)
            link, kept = await self._fetched(card)
            await self._start(link, card, "Loading the model", kept)
        except ClocheError as error:
            await self._fail(error.info())
            raise
        except Exception as error:
            failed = ModelLoadFailed(f"The model could not be loaded: {error}")
            await self._fail(failed.info())
            raise failed from error
        return link

    async def _restarted(self, link: Link, card: ModelCard) -> Link:
        """The same worker with a new instance; where the worker itself is gone, a new worker."""
        try:
            await self._start(link, card, "Restarting the engine", self.status.kept)
        except ClocheError:
            return await self._load(card.id)
        return link

    async def _start(self, link: Link, card: ModelCard, stage: str, kept: bool) -> None:
        self._tell(state="loading", card=card, stage=stage, kept=kept)
        params = LoadModel(model_id=card.id, files=card.files, context_window=card.context_window)
        engine = EngineInfo.model_validate(await link.call("model.load", params.model_dump()))
        self._tell(state="ready", card=card, engine=engine, kept=kept)

    async def _card(self, model_id: str) -> ModelCard:
        path = CARDS.get(model_id)
        if path is None:
            raise ModelLoadFailed(f"There is no model '{model_id}'.", action="Choose another model.")
        self._tell(state="fetching", stage="Reading the model's card", card=self.status.card)
        try:
            return ModelCard.model_validate_json(await self._host.read_text(path))
        except ValidationError as error:
            raise ModelLoadFailed(f"The card of '{model_id}' cannot be read.") from error

    async def _fetched(self, card: ModelCard) -> tuple[Link, bool]:
        """A link to an engine that finds the model's files, and whether they outlive the tab."""
        total = sum(file.size for file in card.files)
        self._tell(state="fetching", card=card, stage="Looking for the model's files", total_bytes=total)
        downloads = await self._host.open_link("downloads")
        try:
            kept = (await self._fetch(downloads, card)).kept
        finally:
            await downloads.close()
        self._link = await self._host.open_link(card.engine)
        if not kept:
            await self._fetch(self._link, card)
        return self._link, kept

    async def _fetch(self, link: Link, card: ModelCard) -> FetchedFiles:
        def on_chunks(batch: list[Any]) -> None:
            progress = batch[-1]
            doing = "Checking" if progress["stage"] == "checking" else "Fetching"
            self._tell(
                state="fetching",
                card=card,
                stage=f"{doing} {progress['file']}",
                loaded_bytes=progress["loaded_bytes"],
                total_bytes=progress["total_bytes"],
            )

        params = FetchFiles(model_id=card.id, base_url=self._host.base_url, files=card.files)
        return FetchedFiles.model_validate(await link.call("files.fetch", params.model_dump(), on_chunks))

    async def _fail(self, error: ErrorInfo) -> None:
        await self._drop()
        self._tell(state="failed", card=self.status.card, error=error)

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _tell(self, **status: Any) -> None:
        self.status = ModelStatus(**status)
        self._host.emit([("model:status", self.status.model_dump())])
