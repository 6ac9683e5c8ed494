"""Stop at every stage, reload and close in the middle: nothing is lost and the next message works."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import models, scenes
from tests.e2e.cloche_page import Cloche, picture_file
from tests.e2e.conftest import OpenProfile, OpenSite

LONG_PROMPT = "red circle " * 160
STOPPED_WITHIN_S = 3.0
COMMITTED_WITHIN_S = 1.2


@pytest.fixture(scope="module")
def cloche(open_site: OpenSite, open_profile: OpenProfile) -> Iterator[Cloche]:
    """The app with a model that reads, sees and writes slowly and never ends by itself."""
    site = open_site()
    models.install(
        site.overlay,
        {
            models.WEIGHTS: models.endless(models.original(models.WEIGHTS), idle_blocks=24),
            models.PROJECTOR: models.slow_to_see(models.original(models.PROJECTOR), image_size=640, idle_blocks=6),
        },
        defaults={"temperature": 0, "max_tokens": 1800},
        trained_context=2048,
    )
    cloche = open_profile(site).open()
    yield cloche
    cloche.page.context.close()


def write_until_kept(cloche: Cloche, answer: Locator) -> str:
    """Watch the answer grow until its beginning must have been committed; that beginning."""
    beginning = cloche.beginning_of(answer)
    committed_by = time.monotonic() + COMMITTED_WITHIN_S
    while time.monotonic() < committed_by:
        expect(answer).not_to_have_text(answer.inner_text())
    return beginning


def stop_in_time(cloche: Cloche, answer: Locator) -> str:
    started = time.monotonic()
    cloche.stop()
    text = cloche.finished(answer)
    assert time.monotonic() - started < STOPPED_WITHIN_S
    expect(answer).to_contain_text("Stopped")
    return text


def assert_next_message_works(cloche: Cloche) -> None:
    answer = cloche.start("Hello")
    cloche.beginning_of(answer)
    stop_in_time(cloche, answer)


def test_stop_keeps_what_was_written_and_the_next_message_works(cloche: Cloche) -> None:
    cloche.new_chat()
    answer = cloche.start("Hello")
    beginning = cloche.beginning_of(answer)
    assert beginning in stop_in_time(cloche, answer)
    assert_next_message_works(cloche)


def test_nothing_before_an_answer_can_change_while_it_is_written(cloche: Cloche) -> None:
    cloche.new_chat()
    answer = cloche.start("Hello")
    expect(cloche.questions.first.get_by_role("button", name="Edit", exact=True)).to_be_disabled()
    cloche.stop()
    cloche.finished(answer)


def test_escape_stops_too(cloche: Cloche) -> None:
    cloche.new_chat()
    answer = cloche.start("Hello")
    cloche.message.press("Escape")
    cloche.finished(answer)
    expect(answer).to_contain_text("Stopped")


def test_stop_while_the_prompt_is_read_is_answered_at_once(cloche: Cloche) -> None:
    cloche.new_chat()
    stop_in_time(cloche, cloche.start(LONG_PROMPT))
    assert_next_message_works(cloche)


def test_stop_while_a_picture_is_looked_at_is_answered_at_once(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle())))
    stop_in_time(cloche, cloche.start("What color is the circle?"))
    cloche.new_chat()
    assert_next_message_works(cloche)


def test_a_reload_in_the_middle_keeps_the_partial_answer_marked_as_interrupted(cloche: Cloche) -> None:
    cloche.new_chat()
    beginning = write_until_kept(cloche, cloche.start("Hello"))
    cloche.reload()
    expect(cloche.questions).to_contain_text(["Hello"])
    expect(cloche.answers.first).to_contain_text(beginning)
    expect(cloche.answers.first).to_contain_text("Interrupted")
    assert_next_message_works(cloche)


def test_a_tab_closed_while_writing_loses_nothing(cloche: Cloche) -> None:
    cloche.new_chat()
    beginning = write_until_kept(cloche, cloche.start("Hello"))
    context, route = cloche.page.context, cloche.page.url
    page = context.new_page()
    cloche.page.close()
    cloche.page = page
    page.goto(route)
    cloche.wait_ready()
    expect(cloche.answers.first).to_contain_text(beginning)
    expect(cloche.answers.first).to_contain_text("Interrupted")
