"""Two tabs, one database: the second one asks, takes over, and either can take it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.e2e import models
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import OpenProfile, OpenSite


@pytest.fixture(scope="module")
def first(open_site: OpenSite, open_profile: OpenProfile) -> Cloche:
    """The app with a model that writes until it is stopped."""
    site = open_site()
    weights = models.endless(models.original(models.WEIGHTS), idle_blocks=12)
    models.install(site.overlay, {models.WEIGHTS: weights}, defaults={"temperature": 0, "max_tokens": 900})
    return open_profile(site).open()


@pytest.fixture
def second(first: Cloche) -> Iterator[Cloche]:
    opened = Cloche(first.page.context.new_page(), first.address)
    opened.page.goto(first.address)
    expect(opened.page.get_by_text("Cloche is open in another tab")).to_be_visible()
    yield opened
    opened.page.close()


def use_here(tab: Cloche) -> None:
    tab.button("Use here").click()
    tab.wait_ready()


def test_a_second_tab_offers_to_take_over_and_the_first_says_so(first: Cloche, second: Cloche) -> None:
    assert second.state == "error"
    use_here(second)
    first.wait_state("error")
    expect(first.button("Use here")).to_be_visible()
    use_here(first)
    second.wait_state("error")


def test_taking_over_keeps_a_half_written_answer(first: Cloche, second: Cloche) -> None:
    first.new_chat()
    beginning = first.beginning_of(first.start("Hello"))
    use_here(second)
    second.page.goto(first.page.url)
    expect(second.answers.first).to_contain_text(beginning)
    answer = second.start("Hello")
    second.stop()
    second.finished(answer)
    use_here(first)
    expect(first.questions).to_contain_text(["Hello", "Hello"])


def test_a_closed_first_tab_frees_the_database(first: Cloche, second: Cloche) -> None:
    replacement = first.page.context.new_page()
    first.page.close()
    second.wait_ready()
    first.page = replacement
