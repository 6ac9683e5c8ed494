"""A chosen model and the engine that runs it: loading, unloading, switching, and replacing an engine that died.

Owns the engine's link and the model's status; of the model that converses every change is told to the page. Switching
or unloading ends the engine's worker, and with it all memory of the model. The model that came with the app is fetched
by itself; any other only runs once a person has had it downloaded. Knows nothing of conversations: whoever needs the
engine waits for `ready`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..engine_contract import FetchedFiles, FetchFiles, LoadModel
from ..errors import ClocheError, ModelLoadFailed, ModelNotReady, OutOfMemory
from ..host.base import Host, Link
from ..model_shapes import EngineInfo, EngineOptions, ModelCard, ModelStatus
from ..shapes import ErrorInfo
from .catalogue import Catalogue
from .held import Held

Tune = Callable[[EngineOptions], Awaitable[EngineOptions]]
Loading = Callable[[], Coroutine[Any, Any, Link]]


class Library:
    """One model at a time. `told` false: the page hears nothing of it, because it is not the model that converses."""

    def __init__(self, host: Host, catalogue: Catalogue, *, told: bool = True) -> None:
        self._host = host
        self._told = told
        self.catalogue = catalogue
        self._link: Link | None = None
        #: the model that is loaded, or to be loaded
        self.wanted: str | None = None
        self._loading: asyncio.Task[Link] | None = None
        self.status = ModelStatus(state="absent")
        #: whether a model's files are on this device, whole; and what is to know that it is used
        self.complete: Callable[[ModelCard], bool] = lambda _: False
        self.touch: Callable[[str], None] = lambda _: None
        #: what is to know that a model was fetched to be used at once
        self.fetched: Callable[[ModelCard, FetchedFiles], None] = lambda _card, _fetched: None
        #: fills the settings that a person has left open
        self.tune: Tune | None = None
        #: a model that needs less memory than this one
        self.smaller: Callable[[ModelCard], Awaitable[ModelCard | None]] = _unknown
        #: the model that is in memory for this visit
        self.held = Held()
        self._rest_seconds = 0.0
        self._users = 0
        self._rest: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    @property
    def loaded(self) -> str | None:
        """The model whose files an engine is using, or is about to."""
        return self.wanted if self._loading is not None and self.status.state != "failed" else None

    def load(self, model_id: str) -> None:
        """Begin to load a model in place of the one before, unless it is being loaded or is ready already."""
        same = model_id == self.wanted
        if same and self._loading is not None and (not self._loading.done() or self.status.state == "ready"):
            return
        self._begin(lambda: self._load(model_id), model_id)

    def reload(self) -> None:
        """Load the current model anew, if there is one; for new settings."""
        wanted = self.wanted
        if wanted is not None and self._loading is not None:
            self._begin(lambda: self._load(wanted), wanted)

    async def unload(self) -> None:
        """End the engine, and with it all memory of the model. Who needs it next has it loaded again."""
        if self._loading is not None and not self._loading.done():
            await self._end_loading()
        # Whoever needs it while its worker ends shall not get that worker, and is told last.
        self._loading = None
        self._tell(state="unloaded", card=self.status.card)
        await self._drop()

    async def ready(self) -> Link:
        """The link to the loaded engine, as soon as there is one; a model that was unloaded is loaded again."""
        if self._loading is None:
            if self.wanted is None:
                raise ModelNotReady("No model has been loaded yet.")
            self.load(self.wanted)
        while True:
            loading = self._loading
            if loading is None:
                raise ModelNotReady("The model was unloaded.")
            try:
                return await asyncio.shield(loading)
            except asyncio.CancelledError:
                waiter = asyncio.current_task()
                if self._loading is loading or (waiter is not None and waiter.cancelling()):
                    raise
                # Another model took this one's place: wait for that.

    @contextmanager
    def used(self) -> Iterator[None]:
        """Somebody waits for an answer: it is not unloaded now, and the time without use begins anew after it."""
        self._users += 1
        self._stir()
        try:
            yield
        finally:
            self._users -= 1
            self._stir()

    def rest_after(self, seconds: float) -> None:
        """Unload the model once nobody has used it for so long; 0: never."""
        self._rest_seconds = seconds
        self._stir()

    def _stir(self) -> None:
        """Begin anew to count the time without use."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self._rest_seconds and self._users == 0 and self.status.state == "ready":
            self._rest = asyncio.get_running_loop().call_later(self._rest_seconds, self._fall_asleep)

    def _fall_asleep(self) -> None:
        self._resting = asyncio.create_task(self._unload_unused())

    async def _unload_unused(self) -> None:
        if self._users == 0:
            await self.unload()

    def replace(self, link: Link) -> None:
        """Load the model anew after the engine died, if it is still the current one."""
        card, loading = self.status.card, self._loading
        if link is self._link and card is not None and loading is not None and loading.done():
            self._begin(lambda: self._restarted(link, card), card.id)

    async def close(self) -> None:
        """End the engine."""
        self.rest_after(0)
        await self._end_loading()
        await self._drop()
        await self.held.let_go()

    def _begin(self, load: Loading, model_id: str) -> None:
        before, self.wanted = self._loading, model_id
        if before is not None:
            before.cancel()
        self._loading = asyncio.create_task(self._after(before, load))
        # Whoever waits for the engine gets the failure; without anyone waiting the page has it as a status.
        self._loading.add_done_callback(lambda loading: loading.cancelled() or loading.exception())

    async def _after(self, before: asyncio.Task[Link] | None, load: Loading) -> Link:
        if before is not None and not before.done():
            await asyncio.wait([before])
        return await load()

    async def _end_loading(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    async def _load(self, model_id: str) -> Link:
        try:
            await self._drop()
            self._tell(state="fetching", stage="Reading the model's card", card=self._card_of(model_id))
            card = await self._known(model_id)
            total = sum(file.size for file in card.files)
            self._tell(state="fetching", card=card, stage="Looking for the model's files", total_bytes=total)
            link, kept = await self._with_files(card)
            await self._start(link, card, "Loading the model", kept)
        except ClocheError as error:
            await self._name_a_smaller_one(error)
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
        options = self.catalogue.options(card.id)
        if card.source != "builtin" and self.tune is not None:
            options = await self.tune(options)
        params = LoadModel(
            model_id=card.id,
            files=card.files,
            context_window=card.context_window,
            purpose=card.purpose,
            options=options,
        )

        def on_chunks(batch: list[Any]) -> None:
            self._tell(state="loading", card=card, stage=batch[-1]["stage"], kept=kept)

        engine = EngineInfo.model_validate(await link.call("model.load", params.model_dump(), on_chunks))
        self._tell(state="ready", card=card, engine=engine, kept=kept)
        self.touch(card.id)
        self._stir()

    async def _with_files(self, card: ModelCard) -> tuple[Link, bool]:
        """A link to an engine that finds the model's files, and whether they outlive the tab."""
        kept = True
        if await self.held.has(card):
            kept = False
        elif card.source == "builtin" or (self.held.wants(card) and not self.complete(card)):
            kept = await self._fetch(card)
        elif card.source != "folder" and not self.complete(card):
            raise ModelNotReady(
                f"{card.name} has not been downloaded yet, or not all of it.",
                action="Open Models and press Download, or load another model.",
                retryable=False,
            )
        self._link = await self._host.open_link(card.engine)
        if not kept:
            await self.held.give(self._link)
        return self._link, kept

    async def _fetch(self, card: ModelCard) -> bool:
        """Bring the files; says whether they are kept. Those that are not, the worker that brought them holds."""

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

        hold = self.held.wants(card)
        if hold:
            await self.held.let_go()  # there may not be memory for two
        params = FetchFiles(model_id=card.id, base_url=self._host.base_url, files=card.files, hold=hold)
        worker = await self._host.open_link("downloads")
        fetched: FetchedFiles | None = None
        try:
            fetched = FetchedFiles.model_validate(await worker.call("files.fetch", params.model_dump(), on_chunks))
        finally:
            if fetched is None or fetched.kept:
                await worker.close()
        if not fetched.kept:
            await self.held.hold(card, worker)
        self.fetched(card, fetched)
        return fetched.kept

    async def _known(self, model_id: str) -> ModelCard:
        wanted = self.held.wanted
        return wanted if wanted is not None and wanted.id == model_id else await self.catalogue.card(model_id)

    def _card_of(self, model_id: str) -> ModelCard | None:
        card = self.status.card
        return card if card is not None and card.id == model_id else None

    async def _name_a_smaller_one(self, error: ClocheError) -> None:
        card = self.status.card
        if not isinstance(error, OutOfMemory) or card is None:
            return
        with suppress(ClocheError):
            smaller = await self.smaller(card)
            if smaller is not None:
                error.action = f"Choose a smaller model under Models, such as {smaller.name}. {error.action}"

    async def _fail(self, error: ErrorInfo) -> None:
        await self._drop()
        self._tell(state="failed", card=self.status.card, error=error)

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _tell(self, **status: Any) -> None:
        self.status = ModelStatus(**status)
        if self._told:
            self._host.emit([("model:status", self.status.model_dump())])


async def _unknown(_card: ModelCard) -> None:
    return None
