"""What is kept on this device, and what may go."""

from __future__ import annotations

import pytest
from tests.unit.cloche.models.disk import Disk, card, until

from cloche.errors import Busy, NotFound
from cloche.models.shapes import ModelRef
from cloche.models.storage_shapes import PinModel


async def test_every_model_is_listed_with_its_files_the_least_recently_used_last() -> None:
    disk = Disk(card("a", 100), card("b", 50, 20))
    host, downloads, storage = disk.open()
    for model_id in ("a", "b"):
        await downloads.start(model_id)
        await until(host, model_id, "done")
    storage.touch("a")
    report = await storage.report()
    assert [model.model_id for model in report.models] == ["a", "b"]
    assert (report.usage, report.quota) == (170, 10_000)
    second = report.models[1]
    assert (second.name, second.engine, second.size, second.complete) == ("B", "llamacpp", 70, True)
    assert second.files[0].verified_at is not None
    assert second.files[0].sha256 == "a" * 64
    assert storage.complete_of([card("a", 100), card("b", 50, 21), card("c", 1)]) == {"a"}


async def test_files_of_which_nothing_is_known_are_shown_too() -> None:
    disk = Disk()
    disk.files["stray"] = {"x.gguf": (5, False)}
    _, _, storage = disk.open()
    (model,) = (await storage.report()).models
    assert (model.model_id, model.complete, model.files[0].whole, model.used_at) == ("stray", False, False, 1.0)


async def test_a_model_is_deleted_unless_it_is_used_or_fetched() -> None:
    disk = Disk(card("a", 10), card("b", 10))
    host, downloads, storage = disk.open()
    await downloads.start("a")
    await until(host, "a", "done")
    storage.loaded = lambda: {"a"}
    with pytest.raises(Busy):
        await storage.delete(ModelRef(model_id="a"))
    storage.loaded = lambda: ()
    disk.held = {"b"}
    await downloads.start("b")
    with pytest.raises(Busy):
        await storage.delete(ModelRef(model_id="b"))
    report = await storage.delete(ModelRef(model_id="a"))
    assert "a" not in [model.model_id for model in report.models]
    assert not storage.complete(disk.cards["a"])
    await downloads.cancel("b")


async def test_a_check_finds_what_changed_and_repairs_it() -> None:
    disk = Disk(card("a", 100, 100))
    host, downloads, storage = disk.open()
    await downloads.start("a")
    await until(host, "a", "done")
    disk.damaged = {"1.gguf"}
    found = await storage.verify(ModelRef(model_id="a"))
    assert (found.repaired, found.fetched_bytes) == (["1.gguf"], 25)
    assert disk.asked[-1]["thorough"] is True
    assert (await storage.verify(ModelRef(model_id="a"))).repaired == []


async def test_the_plan_offers_the_least_recently_used_and_never_a_pinned_or_loaded_one() -> None:
    disk = Disk(*(card(model_id, 100) for model_id in "abcd"), card("new", 250), quota=400)
    host, downloads, storage = disk.open()
    for model_id in "abcd":
        await downloads.start(model_id)
        await until(host, model_id, "done")
    for model_id in "dcba":
        storage.touch(model_id)
    await storage.pin(PinModel(model_id="d", pinned=True))
    storage.loaded = lambda: {"c"}
    plan = await storage.plan(disk.cards["new"])
    assert (plan.needed_bytes, [model.model_id for model in plan.models], plan.enough) == (250, ["b", "a"], False)
    await storage.pin(PinModel(model_id="d", pinned=False))
    plan = await storage.plan(disk.cards["new"])
    assert ([model.model_id for model in plan.models], plan.enough) == (["d", "b", "a"], True)


async def test_a_disk_that_is_full_though_the_browser_says_otherwise_needs_room_for_all_that_is_missing() -> None:
    disk = Disk(card("a", 100), card("new", 250))
    host, downloads, storage = disk.open()
    await downloads.start("a")
    await until(host, "a", "done")
    assert (await storage.plan(disk.cards["new"])).needed_bytes == 0
    plan = await storage.plan(disk.cards["new"], full=True)
    assert (plan.needed_bytes, [model.model_id for model in plan.models], plan.enough) == (250, ["a"], False)


async def test_only_what_is_there_can_be_pinned() -> None:
    _, _, storage = Disk().open()
    with pytest.raises(NotFound):
        await storage.pin(PinModel(model_id="a", pinned=True))
