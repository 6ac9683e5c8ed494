"""What people are shown of the models, and what they can ask: the catalogue with its verdicts, and adding any model.

Owns the answers to the page's commands about the catalogue and the event `catalogue:changed`. The parts know their own
business: catalogue.py the cards, hub.py the hub, gguf_header.py files, fit.py verdicts, device.py this device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from ..engine_contract import FetchedFiles
from ..errors import BadInput, BadModelFile
from ..host.base import Host
from ..model_shapes import EngineOptions, ModelCard
from . import fit
from .catalogue import Catalogue
from .device import ThisDevice
from .gguf_header import FIRST_READ_BYTES, HeaderIncomplete, read_header
from .gguf_model import ModelPart, card_of
from .hub import Hub, Reference, reference
from .hub_models import SPLIT, cards_of
from .quantisations import advice_on
from .shapes import (
    CatalogueEntry,
    CatalogueList,
    FileHeads,
    Fit,
    HeadsRead,
    ImportedModel,
    ModelOptions,
    ModelRef,
    NewModel,
    Offer,
    RepoQuery,
    Variant,
)

#: one read of a file's header over the network may bring no more
MAX_REMOTE_HEAD = 16 * 2**20
#: stands for the size of a file whose server does not tell it
UNKNOWN_SIZE = 2**50


class Advisor:
    """Answers the page."""

    def __init__(self, host: Host, catalogue: Catalogue, hub: Hub, device: ThisDevice) -> None:
        self._host = host
        self._catalogue = catalogue
        self._hub = hub
        self._device = device
        #: the ids of those of these models whose files lie on this device, whole
        self.installed: Callable[[Sequence[ModelCard]], set[str]] = lambda _: set()
        #: the model that is in memory for this visit
        self.held: Callable[[], str | None] = lambda: None
        #: what is to happen when a model's settings change, or the model goes
        self.options_changed: Callable[[str], None] = lambda _: None
        self.removed: Callable[[str], Any] = lambda _: None
        #: what is to know that a model's files are here
        self.came: Callable[[ModelCard, FetchedFiles], None] = lambda _card, _fetched: None

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page can ask."""
        return {
            "catalogue.list": lambda _: self.listed(),
            "catalogue.find": self.find,
            "catalogue.add": self.add,
            "catalogue.read_files": self.read_files,
            "catalogue.imported": self.imported,
            "catalogue.remove": self.remove,
            "catalogue.set_options": self.set_options,
            "device.measure": lambda _: self.measure(),
        }

    async def listed(self) -> CatalogueList:
        """Every model with its verdict, and the recommendation."""
        device, measured = await self._device.describe(), self._device.measured
        cards = await self._catalogue.cards()
        installed, options = self.installed(cards), self._catalogue.all_options()
        held = self.held()
        fits = {
            card.id: fit.fit_of(card, device, measured, installed=card.id in installed or card.source == "folder")
            for card in cards
        }
        fit.with_alternatives(cards, fits, device, measured)
        best = fit.best_of((card for card in cards if fits[card.id].verdict == "runs"), device, measured)
        entries = [
            CatalogueEntry(
                card=card,
                installed=card.source == "builtin" or card.id in installed,
                held=card.id == held,
                holdable=any(file.url for file in card.files) and fit.runs_from_memory(card, device),
                fit=fits[card.id],
                options=options.get(card.id, EngineOptions()),
                origins=self._catalogue.origins(card),
            )
            for card in cards
        ]
        return CatalogueList(
            entries=entries, recommended=best.id if best is not None else None, device=device, measured=measured
        )

    async def find(self, query: RepoQuery) -> Offer:
        """What a repository or an address offers. Raises BadInput, BadModelFile, HubFailed, RemoteError."""
        wanted = reference(query.text, self._hub.base_url)
        if wanted.url:
            cards, revision = [await self._at_address(wanted.url)], ""
        else:
            cards, revision = await self._in_repository(wanted)
        device, measured = await self._device.describe(), self._device.measured
        on_gpu = fit.runs_on_gpu(device)
        variants = [
            Variant(
                card=card,
                fit=fit.fit_of(card, device, measured),
                advice=advice_on(card.quantisation, on_gpu, device.fast_engine),
            )
            for card in cards
        ]
        best = "Q4" if on_gpu else "Q8_0"
        variants.sort(key=lambda variant: _rank(variant, best))
        origins = list(dict.fromkeys(origin for card in cards for origin in self._catalogue.origins(card)))
        return Offer(repo=wanted.repo, revision=revision, variants=variants, origins=origins)

    async def add(self, new: NewModel) -> ModelCard:
        """Take a model into the catalogue."""
        card = await self._catalogue.add(new.card)
        await self.tell()
        return card

    async def read_files(self, given: FileHeads) -> HeadsRead:
        """Check the beginnings of files on this machine; asks for more where a header goes on. Raises BadModelFile."""
        needed, parts = [], []
        for file in given.files:
            try:
                header = read_header(file.name, file.head, file.size)
                parts.append(ModelPart(file.name, file.size, header))
                needed.append(len(file.head))
            except HeaderIncomplete as more:
                needed.append(more.needed)
        if len(parts) < len(given.files):
            return HeadsRead(card=None, fit=None, needed=needed)
        card = card_of(parts)
        verdict = fit.fit_of(card, await self._device.describe(), self._device.measured)
        return HeadsRead(card=card, fit=verdict, needed=needed)

    async def imported(self, given: ImportedModel) -> ModelCard:
        """Files of a model came from the person's disk: keep their hashes, and that they are there."""
        card = await self._catalogue.card(given.model_id)
        came = {file.name: file for file in given.files}
        if set(came) != {file.name for file in card.files}:
            raise BadInput("These are not the files of this model.")
        self._catalogue.pin(
            card.id,
            [
                file.model_copy(update={"size": came[file.name].size, "sha256": came[file.name].sha256})
                for file in card.files
            ],
        )
        card = await self._catalogue.card(given.model_id)
        self.came(card, FetchedFiles(kept=True, fetched_bytes=0, files=given.files))
        await self.tell()
        return card

    async def remove(self, model: ModelRef) -> None:
        """Forget a model that a person added."""
        await self._catalogue.remove(model.model_id)
        self.removed(model.model_id)
        await self.tell()

    async def set_options(self, chosen: ModelOptions) -> CatalogueList:
        """Choose a model's advanced settings."""
        await self._catalogue.set_options(chosen.model_id, chosen.options)
        self.options_changed(chosen.model_id)
        return await self.tell()

    async def measure(self) -> CatalogueList:
        """Measure this device."""
        await self._device.measure()
        return await self.tell()

    async def tell(self) -> CatalogueList:
        """Tell the page the catalogue as it is now."""
        listed = await self.listed()
        self._host.emit([("catalogue:changed", listed.model_dump())])
        return listed

    async def smaller(self, card: ModelCard) -> ModelCard | None:
        """What would run in the place of a model for which there was no memory, None where nothing is known."""
        cards = await self._catalogue.cards()
        return fit.smaller_than(card, cards, await self._device.describe(), self._device.measured)

    # ------------------------------------------------------------ looking up

    async def _in_repository(self, wanted: Reference) -> tuple[list[ModelCard], str]:
        for card in await self._catalogue.cards():
            if card.engine == "webllm" and card.repo == wanted.repo:
                raise BadInput(
                    f"{wanted.repo} is a model for WebLLM, which needs not be added.",
                    action=f"Look for {card.name} among all models.",
                )
        repo = await self._hub.repo(wanted.repo, wanted.revision)
        cards = cards_of(repo)
        if wanted.path:
            asked = [card for card in cards if any(file.url.endswith(f"/{wanted.path}") for file in card.files)]
            cards = asked or cards
        if wanted.quantisation:
            cards = [card for card in cards if card.quantisation == wanted.quantisation] or cards
        return cards, repo.revision

    async def _at_address(self, url: str) -> ModelCard:
        parts = []
        for address in _all_parts(url):
            name = unquote(urlsplit(address).path.rsplit("/", 1)[-1]) or "model.gguf"
            parts.append(await self._part(name, address))
        return card_of(parts)

    async def _part(self, name: str, url: str) -> ModelPart:
        length = FIRST_READ_BYTES
        while True:
            piece = await self._hub.head(url, length)
            size = piece.total or UNKNOWN_SIZE
            try:
                return ModelPart(name, piece.total, read_header(name, piece.bytes, size), url)
            except HeaderIncomplete as more:
                if length >= min(MAX_REMOTE_HEAD, size):
                    raise BadModelFile(f"The header of {name} is too long to be read over the network.") from None
                length = min(MAX_REMOTE_HEAD, more.needed)


def _all_parts(url: str) -> Sequence[str]:
    """The addresses of all parts of a split model; the one address of any other."""
    path, mark, query = url.partition("?")
    match = SPLIT.match(path)
    if match is None or int(match["count"]) > 64:
        return [url]
    count = match["count"]
    return [f"{match['stem']}-{n:05}-of-{count}.gguf{mark}{query}" for n in range(1, int(count) + 1)]


def _rank(variant: Variant, best: str) -> tuple[bool, bool, int]:
    fits: Fit = variant.fit
    return (fits.verdict == "cannot", not variant.card.quantisation.startswith(best), -fits.bytes)
