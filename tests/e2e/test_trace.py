"""The trace: what happened in a turn, searched, exported, deleted, readable on a phone."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Locator, expect
from tests.e2e.cloche_page import Cloche
from tests.e2e.test_accessibility import violations


def test_a_turn_is_told_as_a_timeline(cloche: Cloche, tmp_path: Path) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    cloche.ask("Who are you?")
    page = cloche.page
    page.get_by_role("link", name="Trace", exact=True).click()
    expect(page.locator(".page").get_by_role("heading", level=2)).to_have_text(["Who are you?", "Hello"])
    turn = page.get_by_role("region", name="Who are you?")
    for step in ("Asked local", "Prompt assembled", "First token after"):
        expect(turn.get_by_role("listitem").filter(has_text=step).first).to_be_visible()
    parts = turn.get_by_role("list", name="Tokens of the prompt by part, estimated").first
    expect(parts).to_contain_text("Your message")
    expect(parts).to_contain_text("Earlier messages")
    turn.get_by_text("Prompt assembled").click()
    expect(turn.locator("pre").filter(has_text='"Who are you?"').first).to_be_visible()
    assert violations(cloche) == []

    page.get_by_label("Search in this trace").fill("prompt assembled")
    expect(spans(turn)).to_have_count(1)
    page.get_by_label("Search in this trace").fill("")

    with page.expect_download() as download:
        cloche.button("Export as JSONL").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    events = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {"execution:start", "llm:request", "provider:response"} <= {event["event"] for event in events}

    with cloche.narrow():
        assert cloche.overflow() <= 0
        expect(turn).to_be_visible()
        assert violations(cloche) == []

    cloche.button("Delete trace").click()
    expect(page.get_by_text("Nothing was recorded here yet.")).to_be_visible()
    page.get_by_role("link", name="Open the conversation").click()
    expect(cloche.answers).to_have_count(2)


def spans(turn: Locator) -> Locator:
    """The steps of a turn that are shown."""
    return turn.locator("ol.trace > li")
