"""Fetching, loading and replacing the engine."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.unit.cloche.scripted import CARD, CARD_PATH, ScriptedEngine, held, library_on

from cloche.engine_contract import ChatRequest
from cloche.errors import EngineCrashed, FetchFailed, FileCorrupt, ModelLoadFailed, ModelNotReady, NotFound, OutOfMemory
from cloche.host.memory import MemoryHost, ScriptedLink
from cloche.model_shapes import EngineOptions, ModelCard, ModelStatus
from cloche.providers.worker import WorkerTransport


def states(host: MemoryHost) -> list[str]:
    """The states that the page was told, without repetitions."""
    told = [status["state"] for status in host.told("model:status")]
    return [state for number, state in enumerate(told) if number == 0 or told[number - 1] != state]


async def test_a_model_is_fetched_and_loaded_with_progress() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    library = library_on(host)
    library.load("cloche-starter")
    await library.ready()
    assert states(host) == ["fetching", "loading", "ready"]
    progress = [status["loaded_bytes"] for status in host.told("model:status") if status["loaded_bytes"]]
    assert progress == [10]
    for status in host.told("model:status"):
        ModelStatus.model_validate(status)
    assert library.status.engine is not None
    assert [name for name, _ in host.links] == ["downloads", "llamacpp"]


async def test_before_loading_there_is_no_engine() -> None:
    with pytest.raises(ModelNotReady):
        await library_on(ScriptedEngine().host()).ready()


async def test_the_engine_takes_files_that_cannot_be_kept_from_the_worker_that_fetched_them() -> None:
    engine = ScriptedEngine()
    engine.kept = False
    host = engine.host()
    library = library_on(host)
    library.load("cloche-starter")
    link = await library.ready()
    assert isinstance(link, ScriptedLink)
    assert [method for method, _ in link.calls] == ["files.take", "model.load"]
    assert engine.taken == [{"model_id": "cloche-starter", "names": ["m.gguf"]}]
    assert library.status.kept is False
    assert library.held.model_id == "cloche-starter"
    assert [name for name, each in host.links if isinstance(each, ScriptedLink) and not each.closed] == [
        "downloads",
        "llamacpp",
    ]


async def test_a_model_in_memory_for_this_visit_is_fetched_once_whatever_becomes_of_the_engine() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    library = library_on(host)
    card = ModelCard.model_validate({**CARD, "id": "sparrow", "name": "Sparrow", "source": "catalogue"})
    library.load("sparrow")
    with pytest.raises(NotFound):
        await library.ready()
    library.held.wanted = card
    library.load("sparrow")
    await library.ready()
    await library.unload()
    await library.ready()
    assert [params["hold"] for params in engine.fetched] == [True]
    assert (len(engine.taken), library.status.kept) == (2, False)
    holder = next(link for name, link in host.links if name == "downloads" and isinstance(link, ScriptedLink))
    await holder.close()  # it died
    await library.unload()
    await library.ready()
    assert [params["hold"] for params in engine.fetched] == [True, True]
    await library.close()
    assert all(link.closed for _, link in host.links if isinstance(link, ScriptedLink))


async def test_a_model_wanted_in_memory_runs_from_the_disk_once_it_is_there() -> None:
    engine = ScriptedEngine()
    library = library_on(engine.host())
    library.held.wanted = ModelCard.model_validate({**CARD, "id": "sparrow", "source": "catalogue"})
    library.complete = lambda _: True
    library.load("sparrow")
    await library.ready()
    assert (engine.fetched, engine.taken, library.status.kept) == ([], [], True)


async def test_memory_is_free_of_one_model_before_another_is_fetched_into_it() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    library = library_on(host)
    sparrow = ModelCard.model_validate({**CARD, "id": "sparrow", "source": "catalogue"})
    library.held.wanted = sparrow
    library.load("sparrow")
    await library.ready()
    library.held.wanted = sparrow.model_copy(update={"id": "wren"})
    engine.fetch_error = FetchFailed("Offline.")
    library.load("wren")
    with pytest.raises(FetchFailed):
        await library.ready()
    assert library.held.model_id is None
    assert [link.closed for name, link in host.links if name == "downloads" and isinstance(link, ScriptedLink)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("error", [FetchFailed("Offline."), FileCorrupt("Damaged.")])
async def test_a_failed_fetch_is_told_and_can_be_retried(error: Any) -> None:
    engine = ScriptedEngine()
    engine.fetch_error = error
    host = engine.host()
    library = library_on(host)
    library.load("cloche-starter")
    with pytest.raises(type(error)):
        await library.ready()
    assert library.status.state == "failed"
    assert library.status.error == error.info()
    engine.fetch_error = None
    library.load("cloche-starter")
    await library.ready()
    assert states(host) == ["fetching", "failed", "fetching", "loading", "ready"]


async def test_a_model_without_room_in_memory_comes_with_the_name_of_a_smaller_one() -> None:
    engine = ScriptedEngine()
    engine.load_error = OutOfMemory("It does not fit.", action="Close other tabs.")
    library = library_on(engine.host())

    async def smaller(card: ModelCard) -> ModelCard:
        return card.model_copy(update={"name": "Wren"})

    library.smaller = smaller
    library.load("cloche-starter")
    with pytest.raises(OutOfMemory):
        await library.ready()
    assert library.status.error is not None
    assert library.status.error.action == "Choose a smaller model under Models, such as Wren. Close other tabs."


async def test_a_model_that_does_not_load_leaves_no_engine_behind() -> None:
    engine = ScriptedEngine()
    engine.load_error = ModelLoadFailed("Not a model.")
    host = engine.host()
    library = library_on(host)
    library.load("cloche-starter")
    with pytest.raises(ModelLoadFailed):
        await library.ready()
    assert all(link.closed for _, link in host.links if isinstance(link, ScriptedLink))


@pytest.mark.parametrize("card", ["not json", "{}"])
async def test_a_card_that_cannot_be_read_is_a_failed_model(card: str) -> None:
    host = ScriptedEngine().host()
    host.files[CARD_PATH] = card
    library = library_on(host)
    library.load("cloche-starter")
    with pytest.raises(ModelLoadFailed):
        await library.ready()


async def test_an_unknown_model_is_refused() -> None:
    library = library_on(ScriptedEngine().host())
    library.load("no-such-model")
    with pytest.raises(NotFound, match="no-such-model"):
        await library.ready()


async def test_a_fault_that_nobody_foresaw_is_a_failed_model_too() -> None:
    engine = ScriptedEngine()
    engine.engine = {"not": "an engine"}
    library = library_on(engine.host())
    library.load("cloche-starter")
    with pytest.raises(ModelLoadFailed):
        await library.ready()
    assert library.status.state == "failed"


async def test_loading_twice_loads_once() -> None:
    engine = ScriptedEngine()
    library = library_on(engine.host())
    library.load("cloche-starter")
    library.load("cloche-starter")
    await library.ready()
    library.load("cloche-starter")
    await library.ready()
    assert engine.loads == 1


async def test_an_engine_that_died_is_loaded_anew_in_its_worker() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    library = library_on(host)
    library.load("cloche-starter")
    link = await library.ready()
    library.replace(link)
    assert await library.ready() is link
    assert engine.loads == 2
    assert states(host)[-2:] == ["loading", "ready"]


async def test_a_worker_that_ended_is_replaced_by_another() -> None:
    engine = ScriptedEngine()
    library = library_on(engine.host())
    library.load("cloche-starter")
    link = await library.ready()
    await link.close()
    with pytest.raises(EngineCrashed):
        await link.call("chat.complete", {})
    library.replace(link)
    assert await library.ready() is not link
    assert library.status.state == "ready"


async def test_an_engine_is_replaced_once_however_many_report_its_death() -> None:
    engine = ScriptedEngine()
    library = library_on(engine.host())
    library.load("cloche-starter")
    link = await library.ready()
    library.replace(link)
    library.replace(link)
    await library.ready()
    assert engine.loads == 2


async def test_waiting_for_the_engine_can_be_given_up_without_harm() -> None:
    engine = ScriptedEngine()
    engine.may_load.clear()
    library = library_on(engine.host())
    library.load("cloche-starter")
    waiting = asyncio.ensure_future(library.ready())
    await asyncio.sleep(0)
    waiting.cancel()
    engine.may_load.set()
    assert await library.ready()


async def test_closing_ends_the_engine() -> None:
    library = library_on(ScriptedEngine().host())
    library.load("cloche-starter")
    link = await library.ready()
    await library.close()
    with pytest.raises(EngineCrashed):
        await link.call("chat.complete", {})


async def test_an_unloaded_model_ends_its_worker_and_comes_back_when_it_is_needed() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    library = library_on(host)
    library.load("cloche-starter")
    link = await library.ready()
    await library.unload()
    assert isinstance(link, ScriptedLink)
    assert link.closed
    assert library.status.state == "unloaded"
    assert library.status.engine is None
    assert await library.ready() is not link
    assert states(host)[-3:] == ["fetching", "loading", "ready"]


async def test_a_model_that_nobody_uses_is_unloaded_after_a_while_and_never_during_an_answer() -> None:
    reply = held("Hel")
    engine = ScriptedEngine(reply, "Hello.")
    host = engine.host()
    library = library_on(host)
    library.rest_after(0.001)
    library.load("cloche-starter")
    request = ChatRequest.model_validate({"messages": [{"role": "user", "content": "Hello"}]})
    transport = WorkerTransport(library)
    answer = asyncio.ensure_future(transport.complete(request, lambda _: None))
    assert reply.held is not None
    await reply.held.wait()
    later = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, later.set)
    await later.wait()
    assert library.status.state == "ready"
    reply.go_on.set()
    assert (await answer).text == "Hel"
    await host.event("model:status", lambda status: status["state"] == "unloaded")
    library.rest_after(0)
    assert (await transport.complete(request, lambda _: None)).text == "Hello."
    assert states(host)[-4:] == ["unloaded", "fetching", "loading", "ready"]
    await library.close()


async def test_who_needs_a_model_that_is_being_unloaded_gets_a_new_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    host = ScriptedEngine("Hello.").host()
    library = library_on(host)
    library.load("cloche-starter")
    before = await library.ready()
    closing, may_close = asyncio.Event(), asyncio.Event()

    async def close() -> None:
        closing.set()
        await may_close.wait()

    monkeypatch.setattr(before, "close", close)
    unloading = asyncio.ensure_future(library.unload())
    await closing.wait()
    assert await library.ready() is not before
    may_close.set()
    await unloading
    assert library.status.state == "ready"


async def test_a_model_chosen_while_another_is_loading_takes_its_place() -> None:
    engine = ScriptedEngine()
    engine.may_load.clear()
    host = engine.host()
    host.files["catalogue.json"] = json.dumps({"llamacpp": [{**CARD, "id": "other", "name": "Other"}]})
    library = library_on(host)
    library.complete = lambda _: True
    library.load("cloche-starter")
    waiting = asyncio.ensure_future(library.ready())
    await host.event("model:status", lambda status: status["state"] == "loading")
    library.load("other")
    engine.may_load.set()
    link = await waiting
    assert isinstance(link, ScriptedLink)
    assert library.status.card is not None
    assert library.status.card.id == "other"
    assert [method for method, _ in link.calls] == ["model.load"]
    assert [link.closed for name, link in host.links if name == "llamacpp" and isinstance(link, ScriptedLink)] == [
        True,
        False,
    ]


async def test_a_model_that_was_not_downloaded_is_not_fetched_behind_peoples_backs() -> None:
    host = ScriptedEngine().host()
    host.files["catalogue.json"] = json.dumps({"llamacpp": [{**CARD, "id": "other", "name": "Other"}]})
    library = library_on(host)
    library.load("other")
    with pytest.raises(ModelNotReady, match="has not been downloaded"):
        await library.ready()
    assert host.links == []
    assert library.status.error is not None


async def test_a_models_settings_reach_the_engine_and_hold_from_the_next_loading_on() -> None:
    engine = ScriptedEngine()
    library = library_on(engine.host())
    library.load("cloche-starter")
    await library.ready()
    chosen = EngineOptions(context_window=1024, cache_type="q8_0", gpu_layers=0)
    await library.catalogue.set_options("cloche-starter", chosen)
    library.reload()
    await library.ready()
    assert engine.loaded[0]["options"] == EngineOptions().model_dump()
    assert engine.loaded[1]["options"] == chosen.model_dump()


async def test_twenty_switches_leave_one_worker() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    host.files["catalogue.json"] = json.dumps({"llamacpp": [{**CARD, "id": "other", "name": "Other"}]})
    library = library_on(host)
    library.complete = lambda _: True
    for number in range(20):
        library.load("other" if number % 2 else "cloche-starter")
        await library.ready()
    open_links = [name for name, link in host.links if isinstance(link, ScriptedLink) and not link.closed]
    assert open_links == ["llamacpp"]
