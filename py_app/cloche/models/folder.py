"""The person's own folder of models: what lies in it, as cards, and moving a model there.

Owns which models the folder holds (their cards are kept, so that one of them can be the chosen model at the next start)
and how files belong together there. The handle of the folder and its permission are the page's and the worker's
(js_bridge/model_folder.ts); nothing in the folder is ever changed but by a move that a person asked for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from ..errors import BadInput, BadModelFile, Busy
from ..host.base import Host, Link
from ..model_shapes import ModelCard
from ..store.models import ModelRows
from .catalogue import Catalogue
from .file_shapes import FolderFiles, FolderPiece, ReadFolder, TakeIntoFolder
from .files import Files
from .folder_shapes import FolderModel, FolderProblem, FolderState, Moving
from .gguf_header import FIRST_READ_BYTES, HeaderIncomplete, read_header
from .gguf_model import ModelPart, card_of
from .hub import HubFile
from .hub_models import PROJECTOR, SPLIT, groups_of, projector_for
from .quantisations import NAME
from .shapes import ModelRef
from .storage import Storage

#: how the address of a file in the folder begins; the rest is its path
SCHEME = "folder:"


class ModelFolder:
    """One folder, looked through when the page asks."""

    def __init__(self, host: Host, rows: ModelRows, files: Files, storage: Storage, catalogue: Catalogue) -> None:
        self._host = host
        self._rows = rows
        self._files = files
        self._storage = storage
        self._catalogue = catalogue
        self.state = FolderState()
        #: what is to happen when there are other models in the folder, or it can or cannot be read now
        self.changed: Callable[[], Awaitable[Any]] = _nothing

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page can ask."""
        return {"folder.look": lambda _: self.look(), "folder.move": self.move}

    def readable(self, cards: Iterable[ModelCard]) -> set[str]:
        """The ids of those of these models that lie in the folder while it may be read."""
        return {card.id for card in cards if card.source == "folder"} if self.state.state == "open" else set()

    async def look(self) -> FolderState:
        """Look through the folder. What it held before stays known while it may not be read."""
        async with self._files.worker() as link:
            listed = FolderFiles.model_validate(await link.call("folder.list", {}))
            before = [card for card in self._rows.cards().values() if card.source == "folder"]
            now, problems = before, self.state.problems
            if listed.state == "none":
                now, problems = [], []
            elif listed.state == "open":
                files = [HubFile(file.path, file.size, "") for file in listed.files]
                now, problems = await self._models(link, files, before)
        for card in before:
            if card not in now:
                self._rows.remove(card.id)
        for card in now:
            if card not in before:
                self._rows.keep_card(card)
        models = [FolderModel(model_id=card.id, name=card.name, size=_size(card)) for card in now]
        known = (self.state.state, self.state.models)
        moving = self.state.moving
        self._tell(FolderState(state=listed.state, name=listed.name, models=models, problems=problems, moving=moving))
        if (listed.state, models) != known:
            await self.changed()
        return self.state

    async def move(self, ref: ModelRef) -> FolderState:
        """Copy a model from the browser into the folder, then delete it here. Raises Busy, BadInput, FolderClosed."""
        card = await self._catalogue.card(ref.model_id)
        self._storage.refuse_in_use(card.id)
        if self.state.moving is not None:
            raise Busy("Another model is being moved.", action="Wait until it is there.")
        if card.engine != "llamacpp" or card.source == "builtin" or not self._storage.complete(card):
            raise BadInput("Only a model of llama.cpp that is wholly in this browser can be moved.")
        files = self._storage.facts(card.id)

        def on_chunks(batch: list[Any]) -> None:
            self._tell(self.state.model_copy(update={"moving": Moving(model_id=card.id, **batch[-1])}))

        on_chunks([{"loaded_bytes": 0, "total_bytes": 2 * sum(file.size for file in files)}])
        try:
            async with self._files.worker() as link:
                params = TakeIntoFolder(model_id=card.id, files=files)
                await link.call("folder.take", params.model_dump(), on_chunks)
            await self._storage.remove(card.id)
        finally:
            self._tell(self.state.model_copy(update={"moving": None}))
        if any(not file.url for file in card.files):
            self._rows.remove(card.id)  # it could come here from nowhere again
        return await self.look()

    async def _models(
        self, link: Link, files: Sequence[HubFile], before: Sequence[ModelCard]
    ) -> tuple[list[ModelCard], list[FolderProblem]]:
        """A card for each model, and the files that are none. Headers are read of those only that are new."""
        known = {frozenset((file.url, file.size) for file in card.files): card for card in before}
        groups = {frozenset((SCHEME + file.path, file.size) for file in group): group for group in belonging(files)}
        found = [known[contents] for contents in groups if contents in known]
        taken, problems = {card.id for card in found}, []
        others = [card for card in await self._catalogue.cards() if card.source != "folder"]
        for contents, group in groups.items():
            if contents in known:
                continue
            try:
                card = _worded(card_of([await _part(link, file) for file in group]), others)
            except BadModelFile as error:
                problems.append(FolderProblem(path=group[0].path, message=error.message))
                continue
            name, number = f"folder-{card.id}"[:110], 1
            model_id = name
            while model_id in taken:
                number += 1
                model_id = f"{name}-{number}"
            taken.add(model_id)
            found.append(card.model_copy(update={"id": model_id, "source": "folder"}))
        return sorted(found, key=lambda card: card.files[0].url), problems

    def _tell(self, state: FolderState) -> None:
        self.state = state
        self._host.emit([("folder:changed", state.model_dump())])


def belonging(files: Sequence[HubFile]) -> list[list[HubFile]]:
    """The files of each model: its weights, and the picture encoder beside them.

    An encoder belongs to the models of its own name, whatever their quantisation; where only one model lies beside it,
    to that one.
    """
    folders: dict[str, list[HubFile]] = defaultdict(list)
    for file in files:
        folders[file.path.rpartition("/")[0]].append(file)
    found = []
    for inside in folders.values():
        groups = groups_of(inside)
        alone = len({_base(group[0].path) for group in groups}) == 1
        for group in groups:
            weights = group[0]
            near = inside if alone else [file for file in inside if _base(file.path) == _base(weights.path)]
            projector = projector_for(weights, near)
            found.append([*group, projector] if projector is not None else group)
    return found


async def _part(link: Link, file: HubFile) -> ModelPart:
    """The file with its checked header. Raises BadModelFile."""
    length = FIRST_READ_BYTES
    while True:
        answer = await link.call("folder.read", ReadFolder(path=file.path, length=length).model_dump())
        head = FolderPiece.model_validate(answer).bytes
        try:
            header = read_header(file.path, head, file.size)
        except HeaderIncomplete as more:
            length = more.needed
        else:
            return ModelPart(_file_name(file.path), file.size, header, SCHEME + file.path)


def _worded(card: ModelCard, others: Iterable[ModelCard]) -> ModelCard:
    """The card with the words of a model that is known by the same files, where there is one."""
    contents = {(file.name, file.size) for file in card.files}
    for other in others:
        if {(file.name, file.size) for file in other.files} == contents:
            name = f"{other.name} (from the folder)"
            return other.model_copy(
                update={"id": card.id, "name": name, "files": card.files, "repo": "", "revision": ""}
            )
    return card.model_copy(update={"summary": "From your own folder."})


def _base(path: str) -> str:
    """A file's name without what tells its part, its quantisation, or that it is a picture encoder."""
    name = path.rpartition("/")[2]
    split = SPLIT.match(name)
    stem = split["stem"] if split else name[: -len(".gguf")]
    return re.sub(r"[^a-z0-9]", "", PROJECTOR.sub("", NAME.sub("", stem)).lower())


def _file_name(path: str) -> str:
    """A file's name as cards may have it."""
    name = re.sub(r"[\\\x00-\x1f]", "-", path.rpartition("/")[2])
    return re.sub(r"^[^A-Za-z0-9]+", "", name)[-200:] or "model.gguf"


def _size(card: ModelCard) -> int:
    return sum(file.size for file in card.files)


async def _nothing() -> None:
    pass
