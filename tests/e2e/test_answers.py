"""Writing and answering: sending, figures, versions, deletion, parameters, and text that cannot be sent."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche

PRESS_ENTER_TWICE = """field => {
  for (let press = 0; press < 2; press += 1) {
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  }
}"""


def test_an_answer_shows_its_figures(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    figures = cloche.answers.last.get_by_role("list", name="Figures of this answer")
    expect(figures).to_contain_text(re.compile(r"\d+ tokens"))
    expect(figures).to_contain_text(re.compile(r"[\d.,]+ (tok|tokens)/s"))
    expect(figures).to_contain_text("first token")


def test_enter_sends_and_shift_enter_breaks_the_line(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.message.fill("Hello")
    cloche.message.press("Shift+Enter")
    expect(cloche.message).to_have_value("Hello\n")
    cloche.message.press("Enter")
    cloche.finished(cloche.answers.first)
    expect(cloche.questions).to_have_count(1)


def test_a_conversation_goes_on_over_several_turns(cloche: Cloche) -> None:
    cloche.new_chat()
    for question in ("Hello", "Who are you?", "What can you do?"):
        assert cloche.ask(question)
    expect(cloche.answers).to_have_count(3)


def test_regenerate_adds_a_version_and_keeps_the_first(cloche: Cloche) -> None:
    cloche.new_chat()
    first = cloche.ask("Who are you?")
    cloche.act(cloche.answers.last, "Regenerate")
    expect(cloche.answers.last).to_contain_text("2 / 2")
    cloche.finished(cloche.answers.last)
    cloche.act(cloche.answers.last, "Previous version")
    expect(cloche.answers.last).to_contain_text("1 / 2")
    assert cloche.last_answer() == first


def test_an_edited_message_is_answered_anew_and_the_older_branch_stays_reachable(cloche: Cloche) -> None:
    cloche.new_chat()
    greeting = cloche.ask("Hello")
    cloche.act(cloche.questions.first, "Edit")
    cloche.page.get_by_role("textbox", name="Edited text").fill("Who are you?")
    cloche.button("Send again").click()
    expect(cloche.questions.first).to_contain_text("2 / 2")
    introduction = cloche.finished(cloche.answers.first)
    assert introduction != greeting
    cloche.act(cloche.questions.first, "Previous version")
    expect(cloche.answers.first).to_contain_text(greeting)
    expect(cloche.questions.first).to_contain_text("Hello")
    cloche.act(cloche.questions.first, "Next version")
    expect(cloche.answers.first).to_contain_text(introduction)


def test_a_deleted_message_comes_back_with_undo(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    cloche.act(cloche.questions.first, "Delete")
    expect(cloche.page.get_by_role("article")).to_have_count(0)
    cloche.button("Undo").click()
    expect(cloche.page.get_by_role("article")).to_have_count(2)


def test_copy_puts_the_answer_on_the_clipboard(cloche: Cloche) -> None:
    cloche.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cloche.new_chat()
    answer = cloche.ask("Who are you?")
    cloche.act(cloche.answers.last, "Copy")
    expect(cloche.page.get_by_text("Copied.")).to_be_visible()
    assert cloche.page.evaluate("navigator.clipboard.readText()") == answer


def test_max_tokens_cuts_an_answer_and_says_so(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.set_parameter("Max tokens", "5")
    cloche.ask("What can you do?")
    expect(cloche.answers.last).to_contain_text("5 tokens")
    expect(cloche.answers.last).to_contain_text("length limit")


def test_a_stop_sequence_ends_an_answer(cloche: Cloche) -> None:
    cloche.new_chat()
    whole = cloche.ask("What can you do?")
    word = whole.split()[4]
    cloche.new_chat()
    cloche.set_parameter("Stop sequences", word)
    assert cloche.ask("What can you do?") == whole[: whole.index(word)].strip()


def test_a_parameter_out_of_range_is_refused_with_its_limits(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.set_parameter("Temperature", "9")
    expect(cloche.page.get_by_label("Temperature", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(cloche.alerts).to_contain_text("0 to 2")


def test_parameters_belong_to_their_conversation(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.set_parameter("Max tokens", "7")
    cloche.ask("Hello")
    cloche.new_chat()
    expect(cloche.page.get_by_label("Max tokens", exact=True)).not_to_have_value("7")


def test_an_empty_message_is_refused_with_a_reason(cloche: Cloche) -> None:
    cloche.new_chat()
    for nothing in ("", "  \n "):
        cloche.send(nothing)
        expect(cloche.alerts).to_contain_text("nothing to send")
    expect(cloche.page.get_by_role("article")).to_have_count(0)


def test_two_sends_at_once_make_one_message(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.message.fill("Hello")
    cloche.message.evaluate(PRESS_ENTER_TWICE)
    cloche.finished(cloche.answers.first)
    expect(cloche.questions).to_have_count(1)
    expect(cloche.answers).to_have_count(1)
    expect(cloche.alerts).to_have_count(0)


def test_a_message_of_200_000_characters_gets_a_clear_error_and_loses_nothing(cloche: Cloche) -> None:
    cloche.new_chat()
    text = ("red circle, " * 20_000)[:200_000]
    assert not text[-1].isspace()
    cloche.send(text)
    expect(cloche.alerts).to_contain_text("context", timeout=ANSWER_MS)
    cloche.wait_ready()
    cloche.button("Show all 200,000 characters").click()
    assert text in (cloche.questions.first.text_content() or "")
    cloche.new_chat()
    assert cloche.ask("Hello")
