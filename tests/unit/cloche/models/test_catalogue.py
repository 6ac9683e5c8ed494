"""The cards that are known, what the hub adds to them, and what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.cloche.models.scripted_hub import COMMIT, SHA, ScriptedHub, lfs, repository
from tests.unit.cloche.scripted import CARD, ScriptedEngine

from cloche.errors import BadInput, FetchFailed, HubFailed, NotFound
from cloche.host.memory import MemoryHost
from cloche.model_shapes import EngineOptions, ModelCard, ModelFile
from cloche.models.catalogue import Catalogue
from cloche.models.hub import PUBLIC_HUB, Hub
from cloche.store.models import ModelRows
from cloche.store.store import Store

API = f"{PUBLIC_HUB}/api/models/someone/toy-GGUF/revision/main?blobs=true"
TOY = {
    **CARD,
    "id": "toy-q8_0",
    "name": "Toy",
    "repo": "someone/toy-GGUF",
    "quantisation": "Q8_0",
    "files": [{"role": "weights", "name": "toy-Q8_0.gguf", "url": "hub:someone/toy-GGUF/resolve/main/toy-Q8_0.gguf"}],
}
WEBLLM = {
    "model": f"{PUBLIC_HUB}/mlc-ai/Toy-1B-q4f16_1-MLC",
    "model_id": "Toy-1B-q4f16_1-MLC",
    "model_lib": "https://raw.githubusercontent.com/libs/toy.wasm",
    "vram_required_MB": 900.5,
    "overrides": {"context_window_size": 1024},
}


class World:
    """A catalogue with its hub and its database."""

    def __init__(self, pages: dict[str, Any] | None = None, database: str = ":memory:") -> None:
        self.hub = ScriptedHub(pages)
        host: MemoryHost = ScriptedEngine().host()
        host.workers["downloads"] = self.hub.link
        note = {"prefix": "Toy-1B", "name": "Toy 1B", "licence": "MIT", "summary": "A toy.", "tools": True}
        host.files["catalogue.json"] = json.dumps({"llamacpp": [TOY], "webllm": [note]})
        host.files["webllm_models.json"] = json.dumps([WEBLLM])
        self.store = Store(database)
        self.catalogue = Catalogue(host, ModelRows(self.store.database), Hub(host, lambda: PUBLIC_HUB))


async def test_the_apps_own_model_comes_first_then_the_catalogue() -> None:
    cards = await World().catalogue.cards()
    assert [card.id for card in cards] == ["cloche-starter", "toy-q8_0", "toy-1b-q4f16_1-mlc"]
    assert [card.source for card in cards] == ["builtin", "catalogue", "catalogue"]


async def test_webllms_own_list_becomes_cards_with_our_words() -> None:
    card = await World().catalogue.card("toy-1b-q4f16_1-mlc")
    assert (card.engine, card.engine_model, card.repo) == ("webllm", "Toy-1B-q4f16_1-MLC", "mlc-ai/Toy-1B-q4f16_1-MLC")
    assert card.features == ["shader-f16"]
    assert (card.memory_bytes, card.context_window, card.parameter_count) == (900_500_000, 1024, 1_000_000_000)
    assert (card.name, card.summary, card.tools) == ("Toy 1B (q4f16_1)", "A toy.", True)
    assert (card.modalities, card.image_tokens, card.max_images) == (["text"], 256, None)


async def test_the_hub_tells_sizes_and_hashes_once_and_they_hold() -> None:
    world = World({API: repository("toy-Q8_0.gguf")})
    card = await world.catalogue.resolved("toy-q8_0")
    [file] = card.files
    assert (file.size, file.sha256) == (1000, SHA)
    assert file.url == f"{PUBLIC_HUB}/someone/toy-GGUF/resolve/{COMMIT}/toy-Q8_0.gguf"
    world.hub.pages.clear()
    assert await world.catalogue.resolved("toy-q8_0") == card
    assert len(world.hub.asked) == 1


async def test_a_file_that_was_renamed_is_found_by_its_quantisation() -> None:
    world = World({API: repository("Toy-v2-Q4_0.gguf", "Toy-v2-Q8_0.gguf")})
    assert [file.name for file in (await world.catalogue.resolved("toy-q8_0")).files] == ["Toy-v2-Q8_0.gguf"]


async def test_a_file_that_is_gone_is_said_to_be_gone() -> None:
    with pytest.raises(HubFailed, match="no longer holds"):
        await World({API: repository("toy-Q4_0.gguf")}).catalogue.resolved("toy-q8_0")


async def test_webllms_files_are_listed_from_its_repository() -> None:
    names = ["mlc-chat-config.json", "tensor-cache.json", "tokenizer.json", "README.md"]
    listing = repository(*({"rfilename": name, "size": 9} for name in names), lfs("params_shard_0.bin"))
    api = f"{PUBLIC_HUB}/api/models/mlc-ai/Toy-1B-q4f16_1-MLC/revision/main?blobs=true"
    files = (await World({api: listing}).catalogue.resolved("toy-1b-q4f16_1-mlc")).files
    assert {(file.role, file.name) for file in files} == {
        ("library", "toy.wasm"),
        ("config", "mlc-chat-config.json"),
        ("weights", "tensor-cache.json"),
        ("weights", "params_shard_0.bin"),
        ("tokenizer", "tokenizer.json"),
    }


async def test_what_came_is_pinned_and_what_was_promised_stays() -> None:
    world = World()
    card = ModelCard.model_validate(
        {
            **TOY,
            "source": "added",
            "repo": "",
            "files": [{"role": "weights", "name": "a.gguf", "url": "https://x.test/a"}],
        }
    )
    card = await world.catalogue.add(card)
    came = [ModelFile(role="weights", name="a.gguf", url="", size=5, sha256=SHA)]
    world.catalogue.pin(card.id, came)
    [file] = (await world.catalogue.card(card.id)).files
    assert (file.size, file.sha256, file.url) == (5, SHA, "https://x.test/a")
    world.catalogue.pin(card.id, [came[0].model_copy(update={"sha256": "cd" * 32, "size": 6})])
    assert (await world.catalogue.card(card.id)).files == [file]


async def test_added_models_have_ids_of_their_own_and_outlive_the_tab(tmp_path: Any) -> None:
    world = World(database=str(tmp_path / "app.db"))
    added = ModelCard.model_validate({**TOY, "source": "added", "repo": ""})
    other = added.model_copy(update={"files": [ModelFile(role="weights", name="b.gguf", url="https://x.test/b.gguf")]})
    assert (await world.catalogue.add(other)).id == "toy-q8_0-2"
    assert (await world.catalogue.add(other)).id == "toy-q8_0-2"
    world.store.close()
    again = World(database=str(tmp_path / "app.db")).catalogue
    assert (await again.card("toy-q8_0-2")).files == other.files
    await again.remove("toy-q8_0-2")
    with pytest.raises(NotFound):
        await again.card("toy-q8_0-2")


async def test_what_the_app_brought_cannot_be_removed() -> None:
    with pytest.raises(BadInput):
        await World().catalogue.remove("toy-q8_0")


async def test_a_model_from_disk_cannot_be_fetched_again() -> None:
    world = World()
    card = ModelCard.model_validate(
        {
            **TOY,
            "id": "mine",
            "source": "added",
            "repo": "",
            "files": [{"role": "weights", "name": "m.gguf", "url": ""}],
        }
    )
    await world.catalogue.add(card)
    with pytest.raises(FetchFailed, match="came from this machine"):
        await world.catalogue.resolved("mine")


async def test_settings_of_a_model_are_kept_beside_its_card() -> None:
    world = World()
    chosen = EngineOptions(threads=2, cache_type="q8_0")
    await world.catalogue.set_options("toy-q8_0", chosen)
    assert world.catalogue.options("toy-q8_0") == chosen
    assert world.catalogue.options("cloche-starter") == EngineOptions()
    assert "toy-q8_0" in [card.id for card in await world.catalogue.cards()]


async def test_every_origin_that_a_model_comes_from_is_named() -> None:
    world = World()
    assert world.catalogue.origins(await world.catalogue.card("toy-1b-q4f16_1-mlc")) == [
        "https://raw.githubusercontent.com",
        PUBLIC_HUB,
    ]
    assert world.catalogue.origins(await world.catalogue.card("cloche-starter")) == []
