"""The queue of downloads: order, pause, failure, room, and what a reload finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cloche.models.disk import Disk, card, until

from cloche.errors import FetchFailed, FileCorrupt, NotFound, StorageFull
from cloche.models import storage_shapes as shapes
from cloche.models.shapes import ModelRef


async def test_a_model_is_looked_up_fetched_and_known_as_complete() -> None:
    disk = Disk(card("a", 100, 50))
    host, downloads, storage = disk.open()
    await downloads.start("a")
    done = await until(host, "a", "done")
    assert (done["name"], done["error"]) == ("A", None)
    assert [file["loaded_bytes"] for file in done["files"]] == [100, 50]
    assert disk.asked[0]["keep"] is True
    assert disk.asked[0]["tuning"]["wait_online"] is True
    assert storage.complete(disk.cards["a"])
    for data in host.told("download:changed"):
        shapes.Downloads.model_validate(data)


async def test_sizes_and_hashes_that_nobody_knew_are_told_when_the_files_have_come() -> None:
    disk = Disk(card("a", 0, sha256=""))
    host, downloads, storage = disk.open()
    heard = []
    downloads.came = lambda model_id, files: heard.append((model_id, files[0].size, files[0].sha256))
    await downloads.start("a")
    await until(host, "a", "done")
    assert heard == [("a", 7, "b" * 64)]
    assert storage.complete(disk.cards["a"])
    assert not storage.complete(card("a", 8))


async def test_one_runs_at_a_time_in_the_order_of_the_queue() -> None:
    disk = Disk(card("a", 10), card("b", 10), card("c", 10))
    disk.held = {"a", "b", "c"}
    host, downloads, _ = disk.open()
    for model_id in ("a", "b", "c"):
        await downloads.start(model_id)
    await downloads.move("c", 1)
    states = {each.model_id: each.state for each in downloads.all().downloads}
    assert states == {"a": "running", "c": "queued", "b": "queued"}
    disk.go_on.set()
    await until(host, "b", "done")
    assert [asked["model_id"] for asked in disk.asked] == ["a", "c", "b"]


async def test_one_that_is_wanted_first_takes_the_place_of_the_one_that_runs() -> None:
    disk = Disk(card("a", 10), card("b", 10))
    disk.held = {"a"}
    host, downloads, _ = disk.open()
    await downloads.start("a")
    await until(host, "a", "running")
    await downloads.start("b", first=True)
    await until(host, "b", "done")
    assert downloads.all().downloads[1].state == "running"
    disk.go_on.set()
    await until(host, "a", "done")


async def test_a_paused_download_lets_the_next_one_run_and_goes_on_when_it_is_asked_to() -> None:
    disk = Disk(card("a", 10), card("b", 10))
    disk.held = {"a"}
    host, downloads, _ = disk.open()
    await downloads.start("a")
    await downloads.start("b")
    await until(host, "a", "running")
    await downloads.pause("a")
    await until(host, "b", "done")
    assert downloads.all().downloads[0].state == "paused"
    disk.go_on.set()
    await downloads.resume("a")
    await until(host, "a", "done")


async def test_cancelling_deletes_what_has_come() -> None:
    disk = Disk(card("a", 10))
    disk.held = {"a"}
    _, downloads, _ = disk.open()
    await downloads.start("a")
    await disk.begun.wait()
    assert disk.files
    assert (await downloads.cancel("a")).downloads == []
    assert disk.files == {}


async def test_a_model_that_is_no_longer_known_loses_its_download_and_its_files() -> None:
    disk = Disk(card("a", 10))
    host, downloads, storage = disk.open()
    await downloads.start("a")
    await until(host, "a", "done")
    downloads.drop("a")
    await host.event("storage:changed")
    assert downloads.all().downloads == []
    assert not storage.complete(disk.cards["a"])


async def test_a_failure_says_why_and_is_looked_up_anew_when_it_is_tried_again() -> None:
    disk = Disk(card("a", 10))
    disk.errors["a"] = FileCorrupt("It arrived damaged twice.")
    host, downloads, _ = disk.open()
    await downloads.start("a")
    failed = await until(host, "a", "failed")
    assert failed["error"]["code"] == "file_corrupt"
    await downloads.resume("a")
    await until(host, "a", "done")
    assert disk.looked_up == ["a", "a"]


async def test_a_model_that_cannot_be_looked_up_fails_and_does_not_hold_up_others() -> None:
    disk = Disk(card("b", 10))
    host, downloads, _ = disk.open()
    await downloads.start("unknown")
    await downloads.start("b")
    await until(host, "b", "done")
    assert (await until(host, "unknown", "failed"))["error"]["code"] == "not_found"


async def test_without_room_it_waits_and_says_how_much_and_goes_on_when_a_model_was_given_up_for_it() -> None:
    disk = Disk(card("old", 600), card("new", 700), quota=1000)
    host, downloads, _storage = disk.open()
    await downloads.start("old")
    await until(host, "old", "done")
    await downloads.start("new")
    waiting = await until(host, "new", "needs_space")
    assert (waiting["needed_bytes"], waiting["error"]["code"]) == (300, "storage_full")
    plan = await downloads.plan(ModelRef(model_id="new"))
    assert ([model.model_id for model in plan.models], plan.enough) == (["old"], True)
    await downloads.evict(shapes.EvictModels(model_ids=["old"], then="new"))
    await until(host, "new", "done")
    assert "old" not in disk.files


async def test_a_disk_too_full_even_for_the_queue_is_told_and_the_next_download_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = Disk(card("a", 2000), card("b", 10), quota=1000)
    host, downloads, _ = disk.open()

    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    monkeypatch.setattr(downloads._rows, "set_queue", full)
    await downloads.start("a")
    await downloads.start("b")
    assert (await until(host, "a", "needs_space"))["error"]["code"] == StorageFull.code
    await until(host, "b", "done")


async def test_a_reload_goes_on_with_what_ran_and_leaves_what_was_paused(tmp_path: Path) -> None:
    disk = Disk(card("a", 10), card("b", 10), card("c", 10), database=str(tmp_path / "app.db"))
    disk.held = {"a"}
    host, downloads, _ = disk.open()
    for model_id in ("a", "b", "c"):
        await downloads.start(model_id)
    await downloads.pause("b")
    await until(host, "a", "running")
    await downloads.close()
    downloads._rows._database.close()
    disk.go_on.set()
    host, downloads, _ = disk.open()
    downloads.begin()
    await until(host, "c", "done")
    assert [each.state for each in downloads.all().downloads] == ["done", "paused", "done"]
    # What the first run had looked up is kept, so that the same revision goes on.
    assert disk.looked_up.count("a") == 1


async def test_a_worker_that_dies_is_a_failure_that_can_be_tried_again() -> None:
    disk = Disk(card("a", 10))
    disk.held = {"a"}
    host, downloads, _ = disk.open()
    await downloads.start("a")
    await until(host, "a", "running")
    await disk.begun.wait()
    await host.links[-1][1].close()
    failed = await until(host, "a", "failed")
    assert failed["error"]["retryable"] is True
    assert failed["error"]["code"] == FetchFailed.code


async def test_what_is_not_in_the_queue_cannot_be_paused() -> None:
    _, downloads, _ = Disk().open()
    with pytest.raises(NotFound):
        await downloads.pause("a")
