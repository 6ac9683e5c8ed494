"""Conversations in the side bar: titles, search, deletion, addresses, and life after a restart without a network."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche, picture_file
from tests.e2e.conftest import LaunchProfile, Site
from tests.e2e.test_answer_format import answer_as


def test_a_conversation_can_be_renamed(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    rename(cloche, "Hello", "A greeting")
    expect(cloche.sessions.first).to_have_text("A greeting")
    expect(cloche.page.get_by_role("heading", name="A greeting", level=1)).to_be_visible()


def test_a_deleted_conversation_comes_back_with_undo(cloche: Cloche) -> None:
    cloche.new_chat()
    answer = cloche.ask("Who are you?")
    before = cloche.sessions.count()
    cloche.sessions.first.hover()
    cloche.button("Delete Who are you?").first.click()
    expect(cloche.sessions).to_have_count(before - 1)
    expect(cloche.page.get_by_role("article")).to_have_count(0)
    cloche.button("Undo").click()
    expect(cloche.sessions).to_have_count(before)
    expect(cloche.answers).to_have_count(1)
    assert cloche.last_answer() == answer


def test_search_finds_titles_and_texts_and_opens_the_conversation(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("What can you do?")
    rename(cloche, "What can you do?", "Abilities")
    cloche.new_chat()
    search = cloche.page.get_by_role("searchbox", name="Search conversations")
    for words in ("abil", "what can"):
        search.fill(words)
        expect(cloche.sessions.filter(has_text="Abilities").first).to_be_visible()
    cloche.sessions.filter(has_text="Abilities").first.click()
    expect(cloche.questions).to_contain_text(["What can you do?"])
    search.fill("zzz")
    expect(cloche.page.get_by_text("Nothing found.")).to_be_visible()
    search.fill("")


def test_two_conversations_that_are_answered_at_once_keep_to_themselves(cloche: Cloche) -> None:
    words = {"alpha": "", "beta": ""}
    for word in words:
        cloche.new_chat()
        answer_as(cloche, "Grammar", "GBNF grammar", f'root ::= "{word}" (" {word}"){{199}}')
        cloche.set_parameter("Max tokens", "1500")
        cloche.button("Close parameters").click()
        words[word] = cloche.page.url
    for word, address in words.items():
        cloche.page.goto(address)
        cloche.start(f"Say {word}")
    expect(cloche.page.get_by_role("img", name="being answered")).to_have_count(2)
    for word, address in words.items():
        cloche.page.goto(address)
        expect(cloche.questions).to_contain_text([f"Say {word}"])
        assert cloche.finished(cloche.answers.last) == " ".join([word] * 200)


def test_back_forward_and_reload_keep_the_view(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    cloche.page.get_by_role("link", name="Models").click()
    expect(cloche.page).to_have_url(re.compile("#/models$"))
    cloche.page.go_back()
    expect(cloche.questions).to_contain_text(["Hello"])
    cloche.page.go_forward()
    cloche.reload()
    expect(cloche.page.get_by_role("heading", name="Models", level=1)).to_be_visible()
    cloche.page.go_back()
    expect(cloche.questions).to_contain_text(["Hello"])


def test_a_restarted_browser_without_a_network_finds_everything(site: Site, launch_profile: LaunchProfile) -> None:
    cloche = launch_profile(site).open()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle()), "circle.png"))
    answer = cloche.ask("What color is the circle?")
    rename(cloche, "What color is the circle?", "A red circle")
    cloche.wait_offline_ready()
    route = cloche.page.url.removeprefix(site.url)
    cloche.page.context.close()
    site.stop()
    try:
        cloche = launch_profile(site).open(route)
        expect(cloche.sessions).to_have_text(["A red circle"])
        assert cloche.last_answer() == answer
        expect(cloche.conversation.get_by_role("img", name="circle.png").first).to_be_visible()
        assert "light" in cloche.ask("Is the background light or dark?")
    finally:
        site.start()


def rename(cloche: Cloche, title: str, wanted: str) -> None:
    cloche.sessions.filter(has_text=title).first.hover()
    cloche.button(f"Rename {title}").first.click()
    field = cloche.page.get_by_role("textbox", name="Title")
    field.fill(wanted)
    field.press("Enter")
    expect(cloche.sessions.filter(has_text=wanted).first).to_be_visible()
