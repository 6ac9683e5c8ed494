"""Where files cannot be kept (no private files, a full disk) a model runs from memory, for this visit, and says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import OpenSite, Site
from tests.e2e.models import PROJECTOR, WEIGHTS, original
from tests.hub import Hub

from toolchain.paths import DIST

REPO = "someone/sparrow"
NAME = "Sparrow"
HELLO = "Hello! How can I help you?"
#: as in private windows of some browsers
NO_FILES = """if (globalThis.StorageManager) {
  StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('Not here.', 'SecurityError'));
}
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        hub.add(REPO, {name: original(name) for name in (WEIGHTS, PROJECTOR)})
        yield hub


def put_up(site: Site, hub: Hub) -> None:
    """A catalogue with one model of the hub."""
    card = json.loads(original("card.json")) | {"id": "sparrow", "name": NAME, "source": "catalogue"}
    for file in card["files"]:
        file["url"] = hub.address(REPO, file["name"])
    (site.overlay / "catalogue.json").write_text(json.dumps({"llamacpp": [card], "webllm": []}))


@pytest.fixture(scope="module")
def visit(site: Site, browser: Browser, hub: Hub) -> Iterator[Cloche]:
    """The app without files, and a catalogue with one model of the hub."""
    (site.overlay / "assets").mkdir()
    for worker in (DIST / "assets").glob("*.worker-*.js"):
        (site.overlay / "assets" / worker.name).write_text(NO_FILES + worker.read_text(encoding="utf-8"))
    put_up(site, hub)
    with browser.new_context() as context:
        context.add_init_script(NO_FILES)
        cloche = Cloche(context.new_page(), site.url).open("#/models")
        cloche.wait_offline_ready()
        yield cloche


def entry(cloche: Cloche) -> Locator:
    cloche.page.goto(f"{cloche.address}#/models")
    cloche.page.get_by_role("searchbox", name="Search models").fill("sparrow")
    return cloche.page.get_by_role("listitem").get_by_role("article", name=NAME, exact=True)


def allow(cloche: Cloche, *origins: str) -> None:
    cloche.page.goto(f"{cloche.address}#/storage")
    for origin in origins:
        cloche.page.get_by_label("Address to download from").fill(origin)
        cloche.button("Allow").click()
        expect(cloche.button(f"Block {origin}")).to_be_visible()


def test_it_is_offered_for_this_visit_in_place_of_a_download_and_answers(visit: Cloche, hub: Hub) -> None:
    allow(visit, hub.cdn_url)
    sparrow = entry(visit)
    expect(sparrow).to_contain_text("when this tab closes it is gone")
    expect(sparrow.get_by_role("button", name=re.compile("download", re.IGNORECASE))).to_have_count(0)
    host = hub.url.removeprefix("http://")
    run = visit.button(f"Run {NAME} from memory for this visit only")
    expect(run).to_contain_text(f"Allow {host} and run from memory, for this visit only")
    assert hub.asked == []
    run.click()
    expect(sparrow.get_by_text("loaded", exact=True)).to_be_visible(timeout=ANSWER_MS)
    expect(sparrow).to_contain_text("for this visit only")
    expect(visit.page.get_by_text("For this visit only: its files are in memory")).to_be_visible()
    visit.go_home()
    expect(visit.page.locator("#model-line")).to_contain_text(NAME)
    assert visit.ask("Hello") == HELLO


def test_it_is_fetched_once_for_the_whole_visit(visit: Cloche, hub: Hub) -> None:
    fetched = len(hub.asked)
    assert fetched > 0
    entry(visit)
    visit.button(f"Unload {NAME}").click()
    visit.go_home()
    assert visit.ask("Hello") == HELLO
    assert len(hub.asked) == fetched


def test_removed_from_memory_the_starter_takes_its_place(visit: Cloche) -> None:
    sparrow = entry(visit)
    visit.button(f"Remove {NAME} from memory").click()
    expect(sparrow.get_by_text("for this visit only", exact=True)).to_have_count(0)
    expect(visit.button(f"Run {NAME} from memory for this visit only")).to_be_visible()
    visit.wait_ready()
    visit.go_home()
    expect(visit.page.locator("#model-line")).to_contain_text("Cloche starter")
    assert visit.ask("Hello") == HELLO


def test_a_download_for_which_the_disk_is_too_full_can_run_from_memory(
    browser: Browser, open_site: OpenSite, hub: Hub
) -> None:
    site = open_site()
    put_up(site, hub)
    with browser.new_context() as context:
        cloche = Cloche(context.new_page(), site.url).open()
        cloche.wait_offline_ready()
        allow(cloche, hub.url, hub.cdn_url)
        sparrow = entry(cloche)
        download = sparrow.get_by_role("button", name=re.compile("^Download"))
        expect(download).to_be_enabled()
        used = cloche.page.evaluate("async () => (await navigator.storage.estimate()).usage")
        quota = {"origin": site.url.rstrip("/"), "quotaSize": used + 2_000_000}
        context.new_cdp_session(cloche.page).send("Storage.overrideQuotaForOrigin", quota)
        download.click()
        expect(sparrow).to_contain_text("Needs more room", timeout=ANSWER_MS)
        cloche.button(f"Run {NAME} from memory for this visit only").click()
        expect(sparrow.get_by_text("for this visit only", exact=True)).to_be_visible(timeout=ANSWER_MS)
        expect(sparrow.get_by_text("loaded", exact=True)).to_be_visible(timeout=ANSWER_MS)
