"""The person's own folder of models, on a worker whose folder is a dictionary."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.cloche.models.gguf_bytes import VALUES, gguf

from cloche.errors import BadInput, Busy, FolderClosed, NotFound
from cloche.host.memory import MemoryHost, Push, ScriptedLink
from cloche.model_shapes import ModelCard
from cloche.models.catalogue import Catalogue
from cloche.models.files import Files
from cloche.models.folder import ModelFolder, belonging
from cloche.models.folder_shapes import FolderState
from cloche.models.hub import Hub, HubFile
from cloche.models.shapes import ModelRef
from cloche.models.storage import Storage
from cloche.store.database import Database
from cloche.store.kept_models import KeptFileRow, KeptModels
from cloche.store.models import ModelRows

TOY = gguf()
EYES = gguf({"general.architecture": "clip", "clip.vision.image_size": ("I", 224)})


class Computer:
    """A folder with files, and a browser in which one model is kept."""

    def __init__(self, **files: bytes) -> None:
        self.state = "open"
        self.files = {name.replace("__", "/").replace("_gguf", ".gguf"): data for name, data in files.items()}
        self.read: list[str] = []
        self.removed: list[str] = []
        self.fails = False
        self.looks: FolderState | None = None
        self.host = MemoryHost(
            files={
                "models/starter/card.json": card("cloche-starter").model_dump_json(),
                "catalogue.json": '{"llamacpp": []}',
                "webllm_models.json": "[]",
            },
            workers={"downloads": self._worker},
        )
        database = Database(":memory:")
        self.rows, self.kept, files_ = ModelRows(database), KeptModels(database), Files(self.host)
        self.catalogue = Catalogue(self.host, self.rows, Hub(self.host, lambda: "https://hub"))
        self.storage = Storage(self.host, self.kept, files_)
        self.folder = ModelFolder(self.host, self.rows, files_, self.storage, self.catalogue)

    def _worker(self) -> ScriptedLink:
        answers = {"folder.list": self._list, "folder.read": self._head, "folder.take": self._take}
        return ScriptedLink({**answers, "files.remove": self._remove})

    async def _list(self, _params: dict[str, Any], _push: Push) -> Any:
        files = [{"path": path, "size": len(data)} for path, data in self.files.items()]
        return {"state": self.state, "name": "Models", "files": files if self.state == "open" else []}

    async def _head(self, params: dict[str, Any], _push: Push) -> Any:
        self.read.append(params["path"])
        return {"bytes": self.files[params["path"]][: params["length"]]}

    async def _take(self, params: dict[str, Any], push: Push) -> Any:
        if self.fails:
            raise FolderClosed("The folder could not be written to.")
        push([{"loaded_bytes": 1, "total_bytes": 2}])
        self.looks = await self.folder.look()  # as a view that is opened meanwhile
        self.files |= {f"{params['model_id']}/{file['name']}": TOY for file in params["files"]}

    async def _remove(self, params: dict[str, Any], _push: Push) -> Any:
        self.removed.append(params["model_id"])


def card(model_id: str, **changes: Any) -> ModelCard:
    file = {"role": "weights", "name": "toy.gguf", "url": "", "size": len(TOY), "sha256": "a" * 64}
    facts: dict[str, Any] = {
        "id": model_id,
        "name": "Toy of mine",
        "engine": "llamacpp",
        "modalities": ["text"],
        "licence": "MIT",
    }
    facts |= {"summary": "Kept words.", "context_window": 512, "files": [file]}
    return ModelCard.model_validate(facts | changes)


def named(*paths: str) -> list[list[str]]:
    return [[file.path for file in group] for group in belonging([HubFile(path, 1, "") for path in paths])]


def test_an_encoder_belongs_to_the_models_of_its_name_or_to_the_only_one_beside_it() -> None:
    assert named("a/bird-Q8_0.gguf", "a/bird-Q4_0.gguf", "a/mmproj-model-f16.gguf") == [
        ["a/bird-Q4_0.gguf", "a/mmproj-model-f16.gguf"],
        ["a/bird-Q8_0.gguf", "a/mmproj-model-f16.gguf"],
    ]
    assert named("bird-Q8_0.gguf", "fish-Q8_0.gguf", "mmproj-bird-F16.gguf", "mmproj-model-f16.gguf") == [
        ["bird-Q8_0.gguf", "mmproj-bird-F16.gguf"],
        ["fish-Q8_0.gguf"],
    ]
    assert named("a/bird-00001-of-00002.gguf", "a/bird-00002-of-00002.gguf", "b/mmproj-bird.gguf") == [
        ["a/bird-00001-of-00002.gguf", "a/bird-00002-of-00002.gguf"]
    ]


async def test_what_lies_there_is_in_the_catalogue_and_what_is_no_model_is_named_with_the_reason() -> None:
    computer = Computer(bird__toy_gguf=gguf({**VALUES, "general.name": "Bird"}), bird__mmproj_gguf=EYES, bad_gguf=b"MZ")
    state = await computer.folder.look()
    assert [(model.name, model.size) for model in state.models] == [
        ("Bird (Q8_0)", sum(len(computer.files[path]) for path in ("bird/toy.gguf", "bird/mmproj.gguf")))
    ]
    assert [problem.path for problem in state.problems] == ["bad.gguf"]
    assert "bad.gguf is not a GGUF file" in state.problems[0].message
    _, bird = await computer.catalogue.cards()
    assert (bird.id, bird.source, bird.modalities) == ("folder-toy", "folder", ["text", "image"])
    assert [file.url for file in bird.files] == ["folder:bird/toy.gguf", "folder:bird/mmproj.gguf"]
    assert computer.folder.readable([bird]) == {bird.id}


async def test_headers_are_read_once_and_an_id_stays_with_its_files() -> None:
    computer = Computer(b__toy_gguf=gguf())
    await computer.folder.look()
    computer.files = {"a/toy.gguf": gguf(tensors=2), **computer.files}
    computer.read.clear()
    state = await computer.folder.look()
    assert {model.model_id for model in state.models} == {"folder-toy", "folder-toy-2"}
    assert computer.read == ["a/toy.gguf"]
    kept = await computer.catalogue.card("folder-toy")
    assert kept.files[0].url == "folder:b/toy.gguf"
    del computer.files["b/toy.gguf"]
    await computer.folder.look()
    with pytest.raises(NotFound):
        await computer.catalogue.card("folder-toy")


@pytest.mark.parametrize("why", ["ask", "denied", "gone"])
async def test_while_it_may_not_be_read_its_models_stay_known_and_cannot_be_loaded(why: str) -> None:
    computer = Computer(bird_gguf=gguf({**VALUES, "general.name": "Bird"}))
    await computer.folder.look()
    computer.state = why
    state = await computer.folder.look()
    assert (state.state, [model.name for model in state.models]) == (why, ["Bird (Q8_0)"])
    assert computer.folder.readable(await computer.catalogue.cards()) == set()
    computer.state = "none"
    assert (await computer.folder.look()).models == []
    assert len(await computer.catalogue.cards()) == 1


async def test_files_of_a_known_model_keep_its_words() -> None:
    computer = Computer(toy_gguf=TOY)
    await computer.folder.look()
    found = await computer.catalogue.card("folder-toy")
    assert (found.name, found.summary) == ("Toy of mine (from the folder)", "Kept words.")
    assert found.files[0].url == "folder:toy.gguf"


async def test_a_model_moves_from_the_browser_into_the_folder() -> None:
    computer = Computer()
    mine = card("mine", source="added")
    computer.rows.keep_card(mine)
    with pytest.raises(BadInput):
        await computer.folder.move(ModelRef(model_id="mine"))
    computer.kept.keep(mine, [KeptFileRow("toy.gguf", len(TOY), "a" * 64, None)])
    computer.storage.loaded = lambda: {"mine"}
    with pytest.raises(Busy):
        await computer.folder.move(ModelRef(model_id="mine"))
    assert computer.files == {}
    computer.storage.loaded = lambda: ()
    computer.fails = True
    with pytest.raises(FolderClosed):
        await computer.folder.move(ModelRef(model_id="mine"))
    assert (computer.removed, computer.folder.state.moving) == ([], None)
    computer.fails = False
    state = await computer.folder.move(ModelRef(model_id="mine"))
    assert [model.model_id for model in state.models] == ["folder-toy"]
    assert computer.removed == ["mine"]
    assert (computer.looks is not None and computer.looks.moving is not None, state.moving) == (True, None)
    assert [known.id for known in await computer.catalogue.cards()] == ["cloche-starter", "folder-toy"]
    told = [data["moving"] for data in computer.host.told("folder:changed")]
    assert {"model_id": "mine", "loaded_bytes": 1, "total_bytes": 2} in told
