"""Conversations leave the app as files and come back the same; a fork goes its own way."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Locator, expect
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche, picture_file
from tests.e2e.conftest import OpenProfile, Site


def test_everything_moves_to_a_fresh_profile(site: Site, open_profile: OpenProfile, tmp_path: Path) -> None:
    cloche = open_profile(site).open()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle()), "circle.png"))
    cloche.ask("What color is the circle?")
    cloche.act(cloche.answers.last, "Regenerate")
    expect(cloche.answers.last).to_contain_text("2 / 2")
    answer = cloche.finished(cloche.answers.last)
    route = cloche.page.url.removeprefix(site.url)
    cloche.new_chat()
    cloche.ask("Hello")
    show_settings(cloche)
    cloche.page.get_by_label("Dark").check(force=True)
    file = downloaded(cloche, cloche.button("Export everything"), tmp_path)
    assert file.suffix == ".zip"

    fresh = open_profile(site).open("#/settings")
    expect(fresh.sessions).to_have_count(0)
    import_file(fresh, file)
    expect(fresh.page.get_by_text("2 conversations added.")).to_be_visible()
    expect(fresh.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(fresh.sessions).to_have_count(2)
    fresh.sessions.last.click()
    expect(fresh.page).to_have_url(site.url + route)
    expect(fresh.questions).to_have_count(1)
    assert fresh.last_answer() == answer
    expect(fresh.answers.last).to_contain_text("2 / 2")
    picture = fresh.conversation.get_by_role("img", name="circle.png").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    show_settings(fresh)
    import_file(fresh, file)
    expect(fresh.page.get_by_text("2 conversations here already.")).to_be_visible()


def test_a_conversation_is_exported_as_markdown_and_as_json(cloche: Cloche, tmp_path: Path) -> None:
    cloche.new_chat()
    answer = cloche.ask("Who are you?")
    cloche.button("Export").click()
    markdown = downloaded(cloche, cloche.button("Export as Markdown"), tmp_path)
    text = markdown.read_text("utf-8")
    assert markdown.name == "Who are you.md"
    assert "## You" in text
    assert answer.splitlines()[0] in text
    cloche.button("Export").click()
    document = json.loads(downloaded(cloche, cloche.button("Export as JSON"), tmp_path).read_text("utf-8"))
    assert [session["title"] for session in document["sessions"]] == ["Who are you?"]


def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(cloche: Cloche, tmp_path: Path) -> None:
    show_settings(cloche)
    garbage = tmp_path / "holiday.zip"
    garbage.write_bytes(b"PK\x03\x04 and then nothing")
    import_file(cloche, garbage)
    expect(cloche.alerts).to_contain_text("The ZIP file is damaged")
    expect(cloche.alerts).to_contain_text("Nothing was changed")


def test_a_fork_goes_on_by_itself(cloche: Cloche) -> None:
    cloche.new_chat()
    first = cloche.ask("Hello")
    cloche.ask("What can you do?")
    origin = cloche.page.url
    cloche.act(cloche.answers.first, "Fork from here")
    expect(cloche.page.get_by_role("heading", name="Hello (fork)", level=1)).to_be_visible()
    expect(cloche.answers).to_have_count(1)
    assert cloche.last_answer() == first
    cloche.ask("Who are you?")
    expect(cloche.questions).to_contain_text(["Hello", "Who are you?"])
    cloche.page.goto(origin)
    expect(cloche.questions).to_contain_text(["Hello", "What can you do?"])


def show_settings(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/settings")
    expect(cloche.button("Export everything")).to_be_visible()


def import_file(cloche: Cloche, file: Path) -> None:
    with cloche.page.expect_file_chooser() as chooser:
        cloche.button("Import").click()
    chooser.value.set_files(file)


def downloaded(cloche: Cloche, button: Locator, folder: Path) -> Path:
    """Press the button and keep the file that the browser saves."""
    with cloche.page.expect_download() as download:
        button.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file
