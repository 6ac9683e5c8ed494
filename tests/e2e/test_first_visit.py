"""From the first visit to the first answer and on to use without a network, on hosts with and without our headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import expect
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import OpenProfile, OpenSite, Site

# Notes every value that a progress bar shows, from the first moment of each document on.
NOTE_PROGRESS = """
  globalThis.progressSeen = [];
  new MutationObserver(() => {
    const bar = document.querySelector('[role=progressbar], progress');
    if (bar) progressSeen.push(bar.ariaValueText ?? bar.ariaValueNow ?? String(bar.value));
  }).observe(document, { subtree: true, childList: true, attributes: true });
"""


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
