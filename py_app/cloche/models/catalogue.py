"""The models that are known here: the one that comes with the app, its catalogue, and what a person added.

Owns which cards there are, what the hub says about their files once it has been asked, and each model's advanced
settings. Where a card of the catalogue does not tell a file's size or hash, `resolved` takes them from the hub's
metadata, and `pin` keeps what really came, so that later copies are held to it. Fetches no files and loads none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import Field, ValidationError

from ..errors import BadInput, FetchFailed, HubFailed, ModelLoadFailed, NotFound
from ..host.base import Host
from ..model_shapes import EngineOptions, ModelCard, ModelFile
from ..shapes import Model
from ..store.models import ModelRows
from .hub import COMMIT, Hub, HubFile, Repo
from .hub_models import file_of, groups_of, projector_for
from .quantisations import quantisation_in
from .webllm_models import WebllmNote, cards_from

#: where the cards of the models are that come with the app
BUILTIN = {"cloche-starter": "models/starter/card.json"}
CATALOGUE_FILE = "catalogue.json"
#: written by the build from the WebLLM package's own list
WEBLLM_FILE = "webllm_models.json"


class CatalogueFile(Model):
    """`public/catalogue.json`, edited by hand: cards for llama.cpp, and words for WebLLM's own list."""

    llamacpp: list[ModelCard]
    webllm: list[WebllmNote] = Field(default=[])


class Catalogue:
    """All cards by their id."""

    def __init__(self, host: Host, rows: ModelRows, hub: Hub) -> None:
        self._host = host
        self._rows = rows
        self._hub = hub
        self._shipped: dict[str, ModelCard] | None = None

    async def cards(self) -> list[ModelCard]:
        """Every card: what came with the app first, then what a person added or has in a folder, then the catalogue."""
        shipped = await self._read_shipped()
        kept = self._rows.cards()
        added = [card for card in kept.values() if card.source in ("added", "folder")]
        builtin = [await self.card(model_id) for model_id in BUILTIN]
        return [*builtin, *added, *(kept.get(card.id, card) for card in shipped.values())]

    async def card(self, model_id: str) -> ModelCard:
        """A model's card. Raises NotFound; ModelLoadFailed or FetchFailed where the app's own cannot be read."""
        path = BUILTIN.get(model_id)
        if path is not None:
            try:
                card = ModelCard.model_validate_json(await self._host.read_text(path))
                return card.model_copy(update={"source": "builtin"})
            except ValidationError as error:
                raise ModelLoadFailed(f"The card of '{model_id}' cannot be read.") from error
        known = self._rows.cards().get(model_id) or (await self._read_shipped()).get(model_id)
        if known is None:
            raise NotFound(f"There is no model '{model_id}'.", action="Choose another model.")
        return known

    async def resolved(self, model_id: str) -> ModelCard:
        """The card with the absolute addresses of its files, and their sizes and hashes as far as the hub tells them.

        What the hub said first holds from then on: the commit and the hashes are kept. Raises HubFailed, RemoteError.
        """
        card = await self.card(model_id)
        if card.repo and (not COMMIT.match(card.revision) or not card.files):
            repo = await self._hub.repo(card.repo, card.revision or "main")
            card = card.model_copy(update={"revision": repo.revision, "files": _files(card, repo)})
            self._rows.keep_card(card)
        if any(not file.url for file in card.files):
            raise FetchFailed(
                f"{card.name} came from this machine, and its files are no longer here.", action="Add its files again."
            )
        files = [file.model_copy(update={"url": self._hub.address(file.url)}) for file in card.files]
        return card.model_copy(update={"files": files})

    def pin(self, model_id: str, files: Sequence[ModelFile]) -> None:
        """Keep the sizes and hashes of files that have come whole; what a card already says stays."""
        card = self._rows.cards().get(model_id) or (self._shipped or {}).get(model_id)
        if card is None:
            return
        came = {file.name: file for file in files}
        pinned = [
            file.model_copy(update={"size": file.size or known.size, "sha256": file.sha256 or known.sha256})
            if (known := came.get(file.name))
            else file
            for file in card.files
        ]
        if pinned != card.files:
            self._rows.keep_card(card.model_copy(update={"files": pinned}))

    async def add(self, card: ModelCard) -> ModelCard:
        """Take a card into the catalogue; one of the same files stays one. Raises BadInput."""
        if card.source != "added" or not card.files:
            raise BadInput("Only a model with files of its own can be added.")
        known = {known.id: known for known in await self.cards()}
        name, number = card.id, 1
        while (other := known.get(card.id)) is not None and _urls(other) != _urls(card):
            number += 1
            card = card.model_copy(update={"id": f"{name}-{number}"})
        if known.get(card.id) is None or known[card.id].source == "added":
            self._rows.keep_card(card)
        return card

    async def remove(self, model_id: str) -> None:
        """Forget a model that a person added. Raises NotFound, BadInput."""
        if (await self.card(model_id)).source != "added":
            raise BadInput("Only models that you added can be removed.", action="Delete its files instead.")
        self._rows.remove(model_id)

    def options(self, model_id: str) -> EngineOptions:
        """A model's advanced settings."""
        return self._rows.options(model_id)

    def all_options(self) -> dict[str, EngineOptions]:
        """Those of every model for which some were chosen."""
        return self._rows.all_options()

    async def set_options(self, model_id: str, options: EngineOptions) -> None:
        """Choose a model's advanced settings; they hold from its next loading on. Raises NotFound."""
        await self.card(model_id)
        self._rows.keep_options(model_id, options)

    def origins(self, card: ModelCard) -> list[str]:
        """The origins that are contacted to fetch the model, none for this app's own."""
        urls = [file.url for file in card.files] + ([f"hub:{card.repo}"] if card.repo else [])
        return list(dict.fromkeys(origin for url in urls if (origin := self._hub.origin(url))))

    async def _read_shipped(self) -> dict[str, ModelCard]:
        if self._shipped is None:
            try:
                listed = CatalogueFile.model_validate_json(await self._host.read_text(CATALOGUE_FILE))
                webllm: Any = json.loads(await self._host.read_text(WEBLLM_FILE))
                cards = [*listed.llamacpp, *cards_from(webllm, listed.webllm)]
            except (ValidationError, ValueError) as error:
                raise ModelLoadFailed("The catalogue that came with the app cannot be read.") from error
            self._shipped = {card.id: card for card in cards}
        return self._shipped


def _urls(card: ModelCard) -> list[tuple[str, str]]:
    return sorted((file.url.replace(f"/{card.revision}/", "/"), file.name) for file in card.files)


def _files(card: ModelCard, repo: Repo) -> list[ModelFile]:
    """The card's files as the repository has them at one commit. Raises HubFailed where one is missing."""
    if card.engine == "webllm":
        return [*(file for file in card.files if file.role == "library"), *_webllm_files(repo)]
    return [file_of(repo, file.role, found) for file in card.files for found in _found(card, file, repo)]


def _found(card: ModelCard, file: ModelFile, repo: Repo) -> list[HubFile]:
    """The repository's file that a card means: of that name, else of that quantisation (all parts of it)."""
    same = [known for known in repo.files if known.path.rsplit("/", 1)[-1].lower() == file.name.lower()]
    if same:
        return same[:1]
    if file.role == "weights":
        groups = [group for group in groups_of(repo.files) if quantisation_in(group[0].path) == card.quantisation]
        if groups:
            return groups[0]
    elif file.role == "projector":
        projector = projector_for(HubFile(file.name, 0, ""), repo.files)
        if projector is not None:
            return [projector]
    raise HubFailed(f"{repo.id} no longer holds {file.name}.", action="Add another variant by the repository's name.")


def _webllm_files(repo: Repo) -> list[ModelFile]:
    """What WebLLM reads of a repository: its configuration, the tokenizer, and the shards with their index."""
    files = []
    for file in repo.files:
        if file.path.endswith("chat-config.json"):
            files.append(file_of(repo, "config", file))
        elif file.path.startswith("tokenizer"):
            files.append(file_of(repo, "tokenizer", file))
        elif file.path.startswith("params_shard_") or file.path in ("tensor-cache.json", "ndarray-cache.json"):
            files.append(file_of(repo, "weights", file))
    if not any(file.role == "config" for file in files):
        raise HubFailed(f"{repo.id} holds no model for WebLLM.")
    return files
