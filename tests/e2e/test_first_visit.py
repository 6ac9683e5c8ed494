"""From the first visit to the first answer and on to use without a network, on hosts with and without our headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import expect
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import OpenProfile, OpenSite, Site

from toolchain.paths import BRIDGE

# Notes every value that a progress bar shows, from the first moment of each document on.
NOTE_PROGRESS = """
  globalThis.progressSeen = [];
  new MutationObserver(() => {
    const bar = document.querySelector('[role=progressbar], progress');
    if (bar) progressSeen.push(bar.ariaValueText ?? bar.ariaValueNow ?? String(bar.value));
  }).observe(document, { subtree: true, childList: true, attributes: true });
"""

ASK = """async ([address, headers]) => {
  const answer = await fetch(address, { headers, cache: 'no-store' });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), bytes: [...bytes.subarray(0, 8)] };
}"""


class Visit(NamedTuple):
    """A first visit that ended in an answer."""

    site: Site
    cloche: Cloche
    isolated_host: bool
    documents: list[str]
    answer: str
    progress: list[str]


@pytest.fixture(scope="module", params=[True, False], ids=["with headers", "without headers"])
def visit(request: pytest.FixtureRequest, open_site: OpenSite, open_profile: OpenProfile) -> Iterator[Visit]:
    site = open_site(isolation=request.param)
    cloche = open_profile(site)
    cloche.page.add_init_script(NOTE_PROGRESS)
    documents: list[str] = []
    cloche.page.on("domcontentloaded", lambda page: documents.append(page.url))
    answer = cloche.open().ask("Hello")
    progress = cloche.page.evaluate("progressSeen")
    yield Visit(site, cloche, request.param, documents, answer, progress)
    cloche.page.context.close()


def test_a_first_visit_ends_in_an_answer(visit: Visit) -> None:
    assert visit.answer.startswith("Hello")


def test_the_page_is_isolated_after_one_reload_at_most(visit: Visit) -> None:
    assert visit.cloche.page.evaluate("crossOriginIsolated")
    assert len(visit.documents) == (1 if visit.isolated_host else 2)


def test_the_boot_screen_shows_growing_progress(visit: Visit) -> None:
    assert len(set(visit.progress)) >= 3


def test_everything_works_with_the_server_stopped(visit: Visit) -> None:
    cloche = visit.cloche
    cloche.wait_offline_ready()
    before = len(visit.documents)
    visit.site.stop()
    try:
        cloche.reload()
        assert len(visit.documents) == before + 1
        expect(cloche.questions).to_contain_text(["Hello"])
        assert cloche.last_answer() == visit.answer
        assert cloche.page.evaluate("crossOriginIsolated")
        assert cloche.ask("Who are you?")
    finally:
        visit.site.start()


def test_the_service_worker_supplies_every_header(visit: Visit) -> None:
    visit.cloche.wait_offline_ready()
    sources = json.loads((BRIDGE / "headers.json").read_text(encoding="utf-8"))
    script = visit.cloche.page.evaluate("document.querySelector('script[src]').src")
    for address, kind in ((visit.site.url, "document"), (script, "worker")):
        wanted = sources["isolation"] | sources[kind]
        answer = visit.cloche.page.evaluate(ASK, [address, {}])
        assert {name: answer["headers"].get(name.lower()) for name in wanted} == wanted


def test_the_service_worker_leaves_parts_and_unchanged_answers_alone(visit: Visit) -> None:
    visit.cloche.wait_offline_ready()
    archive = visit.site.url + "python/python_stdlib.zip"
    part = visit.cloche.page.evaluate(ASK, [archive, {"Range": "bytes=0-3"}])
    assert (part["status"], part["bytes"]) == (206, list(b"PK\x03\x04"))
    weights = visit.site.url + "models/starter/cloche-starter-q8_0.gguf"
    tag = visit.cloche.page.evaluate(ASK, [weights, {"Range": "bytes=0-0"}])["headers"]["etag"]
    unchanged = visit.cloche.page.evaluate(ASK, [weights, {"If-None-Match": tag}])
    assert (unchanged["status"], unchanged["bytes"]) == (304, [])
