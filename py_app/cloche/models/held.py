"""The model whose files are in memory for this visit, because the disk has no room for them or is not to be used.

Owns the downloads worker that fetched the files: it holds them as long as it lives, so that the engine can be unloaded
and started again without fetching anew. One model at a time.
"""

from __future__ import annotations

from ..engine_contract import TakeFiles
from ..errors import ClocheError
from ..host.base import Link
from ..model_shapes import ModelCard


class Held:
    """At most one model."""

    def __init__(self) -> None:
        #: the model that a person wants in memory, with the addresses of its files
        self.wanted: ModelCard | None = None
        self._card: ModelCard | None = None
        self._worker: Link | None = None

    @property
    def model_id(self) -> str | None:
        """The model whose files are all here."""
        return self._card.id if self._card is not None else None

    def wants(self, card: ModelCard) -> bool:
        """Whether this model is to run from memory."""
        return self.wanted is not None and self.wanted.id == card.id

    async def hold(self, card: ModelCard, worker: Link) -> None:
        """This worker has the files of this model from now on; what was held before goes."""
        await self.let_go()
        self._card, self._worker = card, worker

    async def has(self, card: ModelCard) -> bool:
        """Whether the model's files are here; the worker may have died of a lack of memory."""
        if self._card is None or self._card.id != card.id or self._worker is None:
            return False
        try:
            await self._worker.call("files.list", {})
        except ClocheError:
            await self.let_go()
            return False
        return True

    async def give(self, engine: Link) -> None:
        """Let an engine's worker take the files."""
        if self._card is not None:
            names = [file.name for file in self._card.files]
            await engine.call("files.take", TakeFiles(model_id=self._card.id, names=names).model_dump())

    async def let_go(self) -> None:
        """Free the memory."""
        worker, self._card, self._worker = self._worker, None, None
        if worker is not None:
            await worker.close()
