"""The page's commands about models, through the app."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.cloche.models.gguf_bytes import VALUES, gguf
from tests.unit.cloche.models.scripted_hub import ScriptedHub, lfs, repository
from tests.unit.cloche.scripted import DEVICE, ScriptedEngine, held, new_session, running

from cloche.app import App
from cloche.errors import BadInput, BadModelFile, Busy
from cloche.host.memory import MemoryHost
from cloche.models.hub import PUBLIC_HUB
from cloche.models.shapes import CatalogueList, HeadsRead, Offer
from cloche.store.database import Database

API = f"{PUBLIC_HUB}/api/models/someone/toy-GGUF/revision/main?blobs=true"


def host_with(hub: ScriptedHub | None = None, engine: ScriptedEngine | None = None) -> MemoryHost:
    """A host whose downloads worker fetches the starter and reads the scripted hub."""
    engine = engine or ScriptedEngine()
    host = engine.host()
    fetching = host.workers["downloads"]

    def downloads() -> Any:
        link: Any = fetching()
        if hub is not None:
            link.answers |= hub.link().answers
        return link

    host.workers["downloads"] = downloads
    return host


async def test_a_repository_is_offered_with_what_fits_this_device_first_and_can_be_added() -> None:
    hub = ScriptedHub(
        {API: repository(lfs("toy-Q4_0.gguf", 500_000), lfs("toy-Q8_0.gguf"), lfs("toy-F16.gguf", 10**12))}
    )
    host = host_with(hub)
    async with running(host) as app:
        offer = Offer.model_validate(await app.handle("catalogue.find", {"text": "someone/toy-GGUF"}))
        assert [variant.card.quantisation for variant in offer.variants] == ["Q8_0", "Q4_0", "F16"]
        assert "Recommended" in offer.variants[0].advice
        assert offer.variants[2].fit.verdict == "cannot"
        assert offer.origins == [PUBLIC_HUB]
        card = await app.handle("catalogue.add", {"card": offer.variants[0].card.model_dump()})
        listed = CatalogueList.model_validate(host.told("catalogue:changed")[-1])
        assert [entry.card.id for entry in listed.entries] == ["cloche-starter", card["id"]]
        assert listed.recommended == card["id"]
        await app.handle("catalogue.remove", {"model_id": card["id"]})
        assert len(CatalogueList.model_validate(host.told("catalogue:changed")[-1]).entries) == 1


async def test_one_file_or_quantisation_of_a_repository_may_be_named() -> None:
    hub = ScriptedHub({API: repository("toy-Q4_0.gguf", "toy-Q8_0.gguf")})
    async with running(host_with(hub)) as app:
        for text in ("someone/toy-GGUF:Q4_0", "https://hf.co/someone/toy-GGUF/blob/main/toy-Q4_0.gguf"):
            offer = await app.handle("catalogue.find", {"text": text})
            assert [variant["card"]["quantisation"] for variant in offer["variants"]] == ["Q4_0"]


async def test_a_repository_of_webllms_own_list_leads_to_its_entry() -> None:
    repo = "mlc-ai/Toy-1B-q4f16_1-MLC"
    library = "https://raw.githubusercontent.com/libs/toy.wasm"
    host = host_with(ScriptedHub({}))
    host.files["webllm_models.json"] = json.dumps(
        [{"model": f"{PUBLIC_HUB}/{repo}", "model_id": "Toy-1B-q4f16_1-MLC", "model_lib": library}]
    )
    async with running(host) as app:
        for text in (repo, f"{PUBLIC_HUB}/{repo}"):
            with pytest.raises(BadInput, match="a model for WebLLM") as refused:
                await app.handle("catalogue.find", {"text": text})
            assert "Toy-1B (q4f16_1)" in str(refused.value.action)


async def test_a_plain_address_is_judged_by_the_files_header() -> None:
    values = {**VALUES, "tokenizer.ggml.tokens": [f"token number {n}" for n in range(60_000)]}
    hub = ScriptedHub(
        {"https://example.com/toy.Q8_0.gguf?x=1": gguf(values), "https://example.com/page.gguf": b"<html>"}
    )
    async with running(host_with(hub)) as app:
        offer = await app.handle("catalogue.find", {"text": "https://example.com/toy.Q8_0.gguf?x=1"})
        [variant] = offer["variants"]
        assert variant["card"]["name"] == "Toy (Q8_0)"
        assert offer["origins"] == ["https://example.com"]
        assert len(hub.asked) == 2, "a long header takes a second read"
        with pytest.raises(BadModelFile, match="web page"):
            await app.handle("catalogue.find", {"text": "https://example.com/page.gguf"})


async def test_a_server_that_hides_a_files_size_does_not_make_it_look_cut_off() -> None:
    values = {**VALUES, "tokenizer.ggml.tokens": [f"token number {n}" for n in range(60_000)]}
    data = gguf(values) + bytes(8 * 2**20)
    hub = ScriptedHub({"https://example.com/toy.gguf": data})
    hub.shy = True
    async with running(host_with(hub)) as app:
        offer = await app.handle("catalogue.find", {"text": "https://example.com/toy.gguf"})
        assert offer["variants"][0]["card"]["files"][0]["size"] == 0
        assert offer["variants"][0]["fit"]["estimated"]


async def test_all_parts_of_a_split_model_are_found_from_one_address() -> None:
    first = gguf({**VALUES, "split.no": ("I", 0), "split.count": ("I", 2)})
    second = gguf({"split.no": ("I", 1), "split.count": ("I", 2)})
    hub = ScriptedHub(
        {"https://example.com/t-00001-of-00002.gguf": first, "https://example.com/t-00002-of-00002.gguf": second}
    )
    async with running(host_with(hub)) as app:
        offer = await app.handle("catalogue.find", {"text": "https://example.com/t-00002-of-00002.gguf"})
        assert [file["name"] for file in offer["variants"][0]["card"]["files"]] == [
            "t-00001-of-00002.gguf",
            "t-00002-of-00002.gguf",
        ]


async def test_files_on_this_machine_are_read_in_steps_and_refused_before_they_are_copied() -> None:
    data = gguf()
    async with running(host_with()) as app:
        short = {"name": "toy.gguf", "size": len(data), "head": data[:100]}
        asked = HeadsRead.model_validate(await app.handle("catalogue.read_files", {"files": [short]}))
        assert (asked.card, asked.needed) == (None, [len(data)])
        whole = {**short, "head": data}
        read = HeadsRead.model_validate(await app.handle("catalogue.read_files", {"files": [whole]}))
        assert read.card is not None
        assert read.fit is not None
        assert read.fit.verdict == "runs"
        with pytest.raises(BadModelFile):
            await app.handle("catalogue.read_files", {"files": [{**whole, "head": b"MZ" + data}]})


async def test_settings_of_the_loaded_model_load_it_anew() -> None:
    engine = ScriptedEngine()
    host = host_with(engine=engine)
    async with running(host) as app:
        await app.library.ready()
        options = {"context_window": 1024, "cache_type": "q8_0"}
        listed = await app.handle("catalogue.set_options", {"model_id": "cloche-starter", "options": options})
        assert listed["entries"][0]["options"]["context_window"] == 1024
        await app.library.ready()
        assert [load["options"]["context_window"] for load in engine.loaded] == [None, 1024]


async def test_the_book_is_asked_as_often_for_many_models_as_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(honest: Any) -> Any:
        def ask(self: Database, sql: str, *given: Any) -> Any:
            asked.append(sql)
            return honest(self, sql, *given)

        return ask

    monkeypatch.setattr(Database, "row", counted(Database.row))
    monkeypatch.setattr(Database, "rows", counted(Database.rows))
    async with running(host_with()) as app:

        async def queries() -> int:
            asked.clear()
            await app.handle("catalogue.list", {})
            return len(asked)

        one = await queries()
        card = (await app.handle("catalogue.list", {}))["entries"][0]["card"]
        for model_id in ("a", "b", "c"):
            files = [{"role": "weights", "name": f"{model_id}.gguf", "url": ""}]
            await app.handle("catalogue.add", {"card": {**card, "id": model_id, "source": "added", "files": files}})
        assert await queries() == one


async def test_a_measurement_is_remembered() -> None:
    engine = ScriptedEngine()
    async with running(host_with(engine=engine)) as app:
        assert (await app.handle("catalogue.list", {}))["measured"] is None
        assert (await app.handle("device.measure", {}))["measured"]["free_cores"] == 3.0
        assert (await app.handle("catalogue.list", {}))["measured"]["free_cores"] == 3.0
        assert engine.measurements == 1


async def test_threads_and_gpu_layers_follow_this_device_where_a_person_chose_none() -> None:
    engine = ScriptedEngine()
    host = host_with(engine=engine)
    async with running(host) as app:
        await app.library.ready()
        card = (await app.handle("catalogue.list", {}))["entries"][0]["card"]
        files = [{"role": "weights", "name": "m.gguf", "url": ""}]
        added = await app.handle("catalogue.add", {"card": {**card, "id": "mine", "source": "added", "files": files}})
        app.library.complete = lambda _: True
        await choose(app, added["id"])
        assert engine.loaded[-1]["options"] == {
            "context_window": None,
            "threads": 3,
            "gpu_layers": 0,
            "batch": None,
            "cache_type": None,
            "adapter_scale": None,
            "engine": None,
        }
        await app.handle("catalogue.set_options", {"model_id": "mine", "options": {"threads": 1, "gpu_layers": 7}})
        await app.library.ready()
        assert (engine.loaded[-1]["options"]["threads"], engine.loaded[-1]["options"]["gpu_layers"]) == (1, 7)
        assert engine.measurements == 1


async def choose(app: App, model_id: str) -> None:
    """Choose a model and wait for it."""
    settings = (await app.handle("app.info", {}))["settings"]
    await app.handle("settings.set", {**settings, "model_id": model_id})
    await app.library.ready()


async def test_unloading_keeps_the_model_unloaded_until_it_is_needed() -> None:
    engine = ScriptedEngine("Hello")
    async with running(host_with(engine=engine)) as app:
        await app.library.ready()
        assert (await app.handle("model.unload", {}))["state"] == "unloaded"
        settings = (await app.handle("app.info", {}))["settings"]
        await app.handle("settings.set", {**settings, "theme": "dark"})
        assert app.library.status.state == "unloaded"
        await app.library.ready()
        assert engine.loads == 2


async def test_the_model_is_not_taken_away_from_an_answer_that_is_being_written() -> None:
    reply = held("Once upon a time")
    host = host_with(engine=ScriptedEngine(reply))
    async with running(host) as app:
        await app.handle("message.send", {"session_id": await new_session(app), "text": "Tell me"})
        assert reply.held is not None
        await reply.held.wait()
        settings = (await app.handle("app.info", {}))["settings"]
        for method, params in (("model.unload", {}), ("settings.set", {**settings, "model_id": "other"})):
            with pytest.raises(Busy):
                await app.handle(method, params)
        reply.go_on.set()


async def test_files_from_disk_are_pinned_by_what_was_copied() -> None:
    data = gguf()
    host = host_with()
    async with running(host) as app:
        whole = {"name": "toy.gguf", "size": len(data), "head": data}
        read = await app.handle("catalogue.read_files", {"files": [whole]})
        card = await app.handle("catalogue.add", {"card": read["card"]})
        facts = {"name": "toy.gguf", "size": len(data), "sha256": "ab" * 32}
        came = await app.handle("catalogue.imported", {"model_id": card["id"], "files": [facts]})
        assert came["files"][0]["sha256"] == "ab" * 32
        assert {entry["card"]["id"]: entry["installed"] for entry in host.told("catalogue:changed")[-1]["entries"]} == {
            "cloche-starter": True,
            card["id"]: True,
        }
        with pytest.raises(BadInput):
            await app.handle("catalogue.imported", {"model_id": card["id"], "files": [{**facts, "name": "other.gguf"}]})
        await choose(app, card["id"])


async def test_a_model_runs_from_memory_for_this_visit_where_only_the_disk_is_in_the_way() -> None:
    engine = ScriptedEngine()
    hub = ScriptedHub({API: repository(lfs("toy-Q8_0.gguf", 10**9))})
    host = host_with(hub, engine)
    full: Any = host.workers["device"]

    def device() -> Any:
        link = full()
        link.answers["device.describe"] = _full_disk
        return link

    host.workers["device"] = device
    async with running(host) as app:
        await app.library.ready()
        offer = Offer.model_validate(await app.handle("catalogue.find", {"text": "someone/toy-GGUF"}))
        card = offer.variants[0].card
        await app.handle("catalogue.add", {"card": card.model_dump()})
        entry = CatalogueList.model_validate(await app.handle("catalogue.list", {})).entries[1]
        assert (entry.fit.verdict, entry.holdable, entry.held) == ("cannot", True, False)
        assert "on the disk" in entry.fit.reason
        await app.handle("model.hold", {"model_id": card.id})
        app.library.load(card.id)
        await app.library.ready()
        assert host.told("storage:changed")
        entry = CatalogueList.model_validate(await app.handle("catalogue.list", {})).entries[1]
        assert (entry.installed, entry.held, app.library.status.kept) == (False, True, False)
        await app.handle("model.release", {"model_id": card.id})
        entry = CatalogueList.model_validate(await app.handle("catalogue.list", {})).entries[1]
        assert entry.held is False


async def _full_disk(_params: dict[str, Any], _push: Any) -> Any:
    return {**DEVICE, "quota_bytes": 1000, "used_bytes": 990}
