"""The queue of downloads: which models are to be fetched, in which order, and how far each is.

Owns the queue and the person's wish about each model in it (kept in SQLite, so that a reload goes on where it was), one
worker at a time, and the numbers that people see. How bytes come is the downloads worker's business; what is done with
what has come is storage.py's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..engine_contract import FetchedFiles, FetchFiles, FetchProgress
from ..errors import ClocheError, EngineCrashed, FetchFailed, NotFound, StorageFull
from ..host.base import Host, Link
from ..model_shapes import ModelCard, ModelFile
from ..shapes import ErrorInfo
from ..store.kept_models import KeptModels, QueuedRow
from . import storage_shapes as shapes
from .files import Files
from .rate import Rate
from .shapes import ModelRef
from .storage import PATIENT, Storage

TELL_SECONDS = 0.2
STAGES = {
    "waiting": "Another tab is fetching this model",
    "checking": "Checking {file}",
    "fetching": "Fetching {file}",
    "retrying": "The connection broke; trying again",
    "offline": "Waiting for the network",
}
Find = Callable[[str], Awaitable[ModelCard]]


@dataclass
class Job:
    """One model in the queue. `card` None: its files have not been looked up yet."""

    model_id: str
    name: str
    state: Any = "queued"
    card: ModelCard | None = None
    stage: str = ""
    progress: FetchProgress | None = None
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    rate: Rate = field(default_factory=Rate)
    needed_bytes: int = 0
    error: ErrorInfo | None = None

    @property
    def total(self) -> int:
        """Bytes of all files; 0 as long as one is not known."""
        if self.progress is not None and self.progress.total_bytes:
            return self.progress.total_bytes
        sizes = [file.size for file in self.card.files] if self.card else []
        return sum(sizes) if all(sizes) else 0

    @property
    def loaded(self) -> int:
        """Bytes that are there."""
        return self.progress.loaded_bytes if self.progress else 0

    def saw(self, progress: FetchProgress, now: float) -> None:
        """Take the worker's word."""
        self.progress = progress
        self.stage = STAGES[progress.stage].format(file=progress.file)
        self.files[progress.file] = (progress.file_loaded_bytes, progress.file_total_bytes)
        if progress.stage == "fetching":
            self.rate.saw(now, progress.loaded_bytes)
        else:
            self.rate.pause()

    def shape(self) -> shapes.Download:
        """As the page gets it."""
        total, running = self.total, self.state == "running"
        return shapes.Download(
            model_id=self.model_id,
            name=self.name,
            engine=self.card.engine if self.card else "",
            state=self.state,
            stage=self.stage if running else "",
            loaded_bytes=self.loaded,
            total_bytes=total,
            bytes_per_second=self.rate.bytes_per_second if running else 0,
            seconds_left=self.rate.seconds_left(total - self.loaded) if running and total else None,
            files=[self._file(file) for file in self.card.files] if self.card else [],
            needed_bytes=self.needed_bytes,
            error=self.error,
        )

    def _file(self, file: ModelFile) -> shapes.FileProgress:
        loaded, total = self.files.get(file.name, (0, file.size))
        at = self.progress is not None and self.progress.file == file.name and self.state == "running"
        return shapes.FileProgress(
            name=file.name,
            loaded_bytes=loaded,
            total_bytes=total,
            bytes_per_second=self.rate.bytes_per_second if at else 0,
            seconds_left=self.rate.seconds_left(total - loaded) if at and total else None,
        )


class Downloads:
    """All of them; one runs at a time."""

    def __init__(self, host: Host, rows: KeptModels, files: Files, storage: Storage, find: Find) -> None:
        self._host = host
        self._rows = rows
        self._files = files
        self._storage = storage
        self._find = find
        #: hears the files of a model that came whole, with what they turned out to be
        self.came: Callable[[str, list[ModelFile]], None] = lambda _model_id, _files: None
        self._jobs: list[Job] = []
        self._running: tuple[Job, asyncio.Task[None]] | None = None
        self._dropping: set[asyncio.Task[None]] = set()
        self._told_at = 0.0
        #: will tell the page what came since it was told last
        self._due: asyncio.TimerHandle | None = None
        self._closed = False

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page can ask."""
        return {
            "download.list": lambda _: self.all(),
            "download.start": lambda p: self.start(p.model_id, first=p.first),
            "download.pause": lambda p: self.pause(p.model_id),
            "download.resume": lambda p: self.resume(p.model_id),
            "download.cancel": lambda p: self.cancel(p.model_id),
            "download.move": lambda p: self.move(p.model_id, p.place),
            "storage.plan": self.plan,
            "storage.evict": self.evict,
        }

    def begin(self) -> None:
        """Take the queue up as the last run left it."""
        self._jobs = [Job(row.model_id, row.name, row.state, row.card) for row in self._rows.queue()]
        if self._jobs:
            self._changed()

    async def close(self) -> None:
        """Stop at a durable byte; the queue stays for the next run."""
        self._closed = True
        await self._halt()

    def fetching(self) -> list[str]:
        """The models whose files are being written, or wait to be."""
        return [job.model_id for job in self._jobs if job.state != "done"]

    def all(self) -> shapes.Downloads:
        """The queue."""
        rate = self._running[0].rate.bytes_per_second if self._running else 0.0
        waiting = [job for job in self._jobs if job.state in ("queued", "running")]
        known = bool(waiting) and rate > 0 and all(job.total for job in waiting)
        left = sum(job.total - job.loaded for job in waiting) / rate if known else None
        return shapes.Downloads(downloads=[job.shape() for job in self._jobs], bytes_per_second=rate, seconds_left=left)

    # ------------------------------------------------------------ what people do

    async def start(self, model_id: str, *, first: bool = False) -> shapes.Downloads:
        """Put a model into the queue, or take it up again."""
        job = self._of(model_id)
        if job is None or job.state == "done":
            self._jobs = [each for each in self._jobs if each is not job]
            job = Job(model_id, model_id)
            self._jobs.append(job)
        if first:
            self._jobs.remove(job)
            self._jobs.insert(0, job)
        return await self._again(job, halt=first)

    async def resume(self, model_id: str) -> shapes.Downloads:
        """Go on after a pause or a failure."""
        return await self._again(self._known(model_id))

    async def pause(self, model_id: str) -> shapes.Downloads:
        """Stop for now; what is here stays."""
        job = self._known(model_id)
        if job.state != "done":
            job.state = "paused"
            await self._halt(job)
            self._changed()
        return self.all()

    async def cancel(self, model_id: str) -> shapes.Downloads:
        """Forget a download and delete what has come of it."""
        job = self._known(model_id)
        self._jobs.remove(job)
        await self._halt(job)
        if job.state != "done":
            await self._files.remove(model_id)
            self._storage.tell()
        self._changed()
        return self.all()

    async def move(self, model_id: str, place: int) -> shapes.Downloads:
        """Another place in the queue; whoever is first now runs."""
        job = self._known(model_id)
        self._jobs.remove(job)
        self._jobs.insert(place, job)
        await self._make_way()
        self._changed()
        return self.all()

    async def plan(self, ref: ModelRef) -> shapes.EvictionPlan:
        """What would have to go so that a download fits."""
        job = self._of(ref.model_id)
        card = job.card if job is not None and job.card is not None else await self._find(ref.model_id)
        return await self._storage.plan(card, full=job is not None and job.state == "needs_space")

    async def evict(self, given: shapes.EvictModels) -> shapes.Downloads:
        """Delete what the person agreed to, and go on."""
        for model_id in given.model_ids:
            await self._storage.remove(model_id)
        return await self.resume(given.then)

    def drop(self, model_id: str) -> None:
        """The model is no longer known: its download and its files go, too."""

        async def going() -> None:
            with suppress(ClocheError):
                if self._of(model_id) is not None:
                    await self.cancel(model_id)
                await self._storage.remove(model_id)

        dropping = asyncio.create_task(going())
        self._dropping.add(dropping)
        dropping.add_done_callback(self._dropping.discard)

    # ------------------------------------------------------------ running

    async def _again(self, job: Job, *, halt: bool = False) -> shapes.Downloads:
        if job.state not in ("running", "done"):
            # What failed is looked up anew: the answer may have changed meanwhile.
            job.card = None if job.state == "failed" else job.card
            job.state, job.error, job.needed_bytes = "queued", None, 0
        if halt:
            await self._make_way()
        self._changed()
        return self.all()

    def _changed(self) -> None:
        """Keep the queue, begin with the next one if nothing runs, tell the page."""
        if self._closed:
            return
        kept = [job for job in self._jobs if job.state != "done"]
        wish = {"running": "queued"}
        # Where even the queue finds no room, it goes on in memory: people are still to be told that the disk is full.
        with suppress(StorageFull):
            self._rows.set_queue(
                QueuedRow(job.model_id, job.name, wish.get(job.state, job.state), job.card) for job in kept
            )
        following = next((job for job in self._jobs if job.state == "queued"), None)
        if self._running is None and following is not None:
            following.state = "running"
            self._running = (following, asyncio.create_task(self._run(following)))
        self._tell()

    def _tell(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._closed:
            return
        self._told_at = time.monotonic()
        self._host.emit([("download:changed", self.all().model_dump())])

    async def _make_way(self) -> None:
        """Stop the running download if another one comes before it."""
        if self._running is None:
            return
        running = self._running[0]
        ahead = next((job for job in self._jobs if job.state in ("queued", "running")), running)
        if ahead is not running:
            await self._halt()
            running.state = "queued"

    async def _halt(self, job: Job | None = None) -> None:
        """End what runs, if it is this one; returns when everything that came is durable."""
        if self._running is None or (job is not None and self._running[0] is not job):
            return
        halted = self._running
        halted[1].cancel()
        await asyncio.wait([halted[1]])
        if self._running is halted:  # it had not even begun
            self._running = None

    async def _run(self, job: Job) -> None:
        try:
            await self._bring(job)
            job.state = "done"
        except asyncio.CancelledError:
            job.rate.pause()
            raise
        except StorageFull as error:
            job.error = error.info()
            await self._need_space(job)
        except EngineCrashed:
            self._fail(job, FetchFailed("The download stopped unexpectedly; what came is kept."))
        except ClocheError as error:
            self._fail(job, error)
        except Exception as error:
            self._fail(job, FetchFailed(f"The download stopped: {error}"))
        finally:
            self._running = None
            self._changed()

    def _fail(self, job: Job, error: ClocheError) -> None:
        job.state, job.error = "failed", error.info()

    async def _need_space(self, job: Job) -> None:
        job.state = "needs_space"
        if job.card is not None:
            job.needed_bytes = (await self._storage.plan(job.card, full=True)).needed_bytes

    async def _bring(self, job: Job) -> None:
        job.stage = "Looking up the model's files"
        self._tell()
        if job.card is None:
            job.card = await self._find(job.model_id)
            job.name = job.card.name
            self._changed()
        card = job.card
        params = FetchFiles(model_id=card.id, base_url=self._host.base_url, files=card.files, keep=True, tuning=PATIENT)

        def on_chunks(batch: list[Any]) -> None:
            before, now = job.stage, time.monotonic()
            job.saw(FetchProgress.model_validate(batch[-1]), now)
            if job.stage != before or now - self._told_at >= TELL_SECONDS:
                self._tell()
            elif self._due is None:
                self._due = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

        async with self._files.worker() as link:
            try:
                answer = await link.call("files.fetch", params.model_dump(), on_chunks)
            except asyncio.CancelledError:
                await self._settled(link)
                raise
        fetched = FetchedFiles.model_validate(answer)
        facts = {each.name: each for each in fetched.files}
        files = [
            file.model_copy(update={"size": facts[file.name].size, "sha256": facts[file.name].sha256})
            if file.name in facts
            else file
            for file in card.files
        ]
        job.card = card.model_copy(update={"files": files})
        job.files = {file.name: (file.size, file.size) for file in files}
        self._storage.came(job.card, fetched)
        self.came(card.id, files)

    async def _settled(self, link: Link) -> None:
        """The worker has written down what it has: it answers one thing after the other."""
        with suppress(ClocheError):
            await link.call("files.list", {})

    # ------------------------------------------------------------ in common

    def _of(self, model_id: str) -> Job | None:
        return next((job for job in self._jobs if job.model_id == model_id), None)

    def _known(self, model_id: str) -> Job:
        job = self._of(model_id)
        if job is None:
            raise NotFound("There is no such download.")
        return job
