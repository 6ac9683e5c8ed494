"""A model downloaded from a hub and everything that can be done with it after, as a person does it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.e2e import faults, models
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import Site
from tests.e2e.python_view import PythonView
from tests.hub import Hub

REPO = "someone/copy"
WEIGHTS = models.original(models.WEIGHTS)
MODEL = "copy"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        hub.add(REPO, {models.WEIGHTS: WEIGHTS})
        yield hub


@pytest.fixture(scope="module")
def away(site: Site, browser: Browser) -> Iterator[Cloche]:
    """A tab whose requests to other origins are the hub's to count."""
    with browser.new_context() as context:
        cloche = Cloche(context.new_page(), site.url).open()
        cloche.wait_offline_ready()
        yield cloche


def storage(cloche: Cloche) -> None:
    cloche.page.goto(f"{cloche.address}#/storage")


def kept(cloche: Cloche, name: str = "Copy") -> Locator:
    return cloche.page.get_by_role("article", name=name, exact=True)


def download(cloche: Cloche, name: str = "Copy") -> Locator:
    return cloche.page.get_by_role("article", name=f"Download of {name}", exact=True)


def begin_download(cloche: Cloche, address: str, name: str = "Copy") -> None:
    """Add the starter's weights from this address as a model of that name, and put it into the queue."""
    card = json.loads(models.original("card.json"))
    file = {**card["files"][0], "url": address, "sha256": "", "size": 0}
    card |= {"id": name.lower(), "name": name, "source": "added", "modalities": ["text"], "files": [file]}
    PythonView(cloche).open().run(
        "from cloche.model_shapes import ModelCard\n"
        f"card = ModelCard.model_validate_json({json.dumps(card)!r})\n"
        "await app.catalogue.add(card)\nawait app.downloads.start(card.id)\nNone"
    )


def test_what_came_with_the_app_is_listed_and_cannot_be_deleted_while_it_is_used(away: Cloche) -> None:
    storage(away)
    starter = away.page.get_by_role("article", name="Cloche starter", exact=True)
    expect(starter).to_contain_text("loaded")
    expect(starter).to_contain_text(hashlib.sha256(WEIGHTS).hexdigest())
    expect(starter).to_contain_text("In use")


def test_a_download_is_paused_outlives_a_reload_and_ends_up_on_this_device(away: Cloche, hub: Hub) -> None:
    for address in (hub.url, hub.cdn_url):
        away.page.get_by_label("Address to download from").fill(address)
        away.button("Allow").click()
        expect(away.button(f"Block {address}")).to_be_visible()
    hub.dam(len(WEIGHTS) // 2)
    begin_download(away, hub.address(REPO, models.WEIGHTS))
    assert hub.dammed.wait(20)
    storage(away)
    expect(download(away).get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50", timeout=ANSWER_MS)
    away.button("Pause Copy").click()
    expect(download(away)).to_contain_text("Paused")
    away.reload()
    expect(download(away)).to_contain_text("Paused")
    hub.cut()
    away.button("Resume Copy").click()
    expect(download(away)).to_contain_text("Done", timeout=ANSWER_MS)
    expect(kept(away)).to_contain_text(hashlib.sha256(WEIGHTS).hexdigest())
    assert f"bytes={len(WEIGHTS) // 2}-{len(WEIGHTS) - 1}" in hub.ranges(models.WEIGHTS)


def test_it_answers_from_this_device(away: Cloche, site: Site) -> None:
    away.page.goto(f"{away.address}#/models")
    PythonView(away).open().run(
        "app.library.load('copy'); await app.library.ready(); print(app.library.status.card.name)"
    )
    expect(away.page.get_by_text("Copy", exact=True).last).to_be_visible(timeout=ANSWER_MS)
    away.page.goto(f"{away.address}#/chat")
    assert away.ask("Hello")
    storage(away)
    expect(kept(away)).to_contain_text("loaded")


def test_a_byte_that_changed_on_the_disk_is_found_and_mended(away: Cloche, hub: Hub) -> None:
    away.page.evaluate(faults.DAMAGE_FILE, [MODEL, models.WEIGHTS])
    away.button("Check Copy").click()
    expect(away.page.get_by_text("had changed and was repaired")).to_be_visible(timeout=ANSWER_MS)
    assert away.page.evaluate(faults.SHA256_OF_FILE, [MODEL, models.WEIGHTS]) == hashlib.sha256(WEIGHTS).hexdigest()
    away.button("Check Copy").click()
    expect(away.page.get_by_text("every byte is right")).to_be_visible(timeout=ANSWER_MS)


def test_it_is_pinned_exported_and_deleted(away: Cloche, tmp_path: Path) -> None:
    away.button("Pin Copy").click()
    expect(away.button("Pin Copy")).to_have_attribute("aria-pressed", "true")
    with away.page.expect_download() as exported:
        kept(away).get_by_role("button", name=f"Export {models.WEIGHTS}").click()
    exported.value.save_as(tmp_path / "exported.gguf")
    assert (tmp_path / "exported.gguf").read_bytes() == WEIGHTS
    PythonView(away).open().run("app.library.load('cloche-starter'); await app.library.ready(); None")
    storage(away)
    away.button("Delete Copy").click()
    kept(away).get_by_role("button", name="Yes, delete").click()
    expect(kept(away)).to_have_count(0)


def test_on_a_full_disk_what_was_least_recently_used_is_offered_and_goes_with_the_persons_word(
    away: Cloche, hub: Hub
) -> None:
    begin_download(away, hub.address(REPO, models.WEIGHTS))
    storage(away)
    expect(download(away)).to_contain_text("Done", timeout=ANSWER_MS)
    used = away.page.evaluate("async () => (await navigator.storage.estimate()).usage")
    quota = {"origin": away.address.rstrip("/"), "quotaSize": used + len(WEIGHTS) // 2}
    session = away.page.context.new_cdp_session(away.page)
    session.send("Storage.overrideQuotaForOrigin", quota)
    begin_download(away, hub.address(REPO, models.WEIGHTS), "Second")
    storage(away)
    offer = download(away, "Second").get_by_role("group", name="Make room for Second")
    expect(offer.get_by_role("listitem")).to_have_text([re.compile("^Copy")], timeout=ANSWER_MS)
    expect(kept(away)).to_be_visible()
    offer.get_by_role("button", name="Delete it and go on").click()
    expect(download(away, "Second")).to_contain_text("Done", timeout=ANSWER_MS)
    expect(kept(away, "Second")).to_contain_text(hashlib.sha256(WEIGHTS).hexdigest())
    expect(kept(away)).to_have_count(0)
