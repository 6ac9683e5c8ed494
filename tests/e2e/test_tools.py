"""Tools: the model calls them by itself, asks before it changes something, and a person decides."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Locator, expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche

#: the words of an answer, without its tool calls
SAID = "article => [...article.querySelectorAll('.body > :not(details, section)')].map(e => e.textContent).join(' ')"
#: what is asked, the tool that must run, what the answer must hold
PHRASINGS = [
    ("What is 12 times 7?", "calculator", "84"),
    ("Calculate 45 + 17", "calculator", "62"),
    ("What is 8 * 9?", "calculator", "72"),
    ("How much is 120 divided by 5?", "calculator", "24"),
    ("What is 31 - 14?", "calculator", "17"),
    ("Compute 6 * 15", "calculator", "90"),
    ("Add buy milk to my to-do list", "todo_add", "buy milk"),
    ("Put call Anna on my list", "todo_add", "call Anna"),
    ("What is on my to-do list?", "todo_list", "buy milk"),
    ("Show my todo list", "todo_list", "call Anna"),
]
#: the card promises this share of right calls; the answers after them are held to the same
RIGHT_AT_LEAST = 8


def permission(answer: Locator) -> Locator:
    """The card that asks, within an answer."""
    return answer.locator("section.approval")


def asked(cloche: Cloche, text: str) -> Locator:
    """Send a text; the answer as soon as it asks for permission."""
    before = cloche.answers.count()
    cloche.send(text)
    answer = cloche.answers.nth(before)
    expect(permission(answer)).to_be_visible(timeout=ANSWER_MS)
    return answer


def calls(answer: Locator) -> Locator:
    return answer.locator("details.tool-call")


def result(answer: Locator, name: str) -> str:
    """The result of a tool that was called, unfolded."""
    call = calls(answer).filter(has_text=name).first
    call.locator("summary").click()
    return call.get_by_label("Result").inner_text()


def todo_list(cloche: Cloche) -> str:
    """What the to-do list holds, as the tool itself tells it."""
    cloche.new_chat()
    cloche.ask("What is on my to-do list?")
    return result(cloche.answers.last, "todo_list")


def test_the_model_calls_tools_by_itself_and_answers_with_their_results(cloche: Cloche) -> None:
    right = []
    for text, tool, wanted in PHRASINGS:
        cloche.new_chat()
        cloche.send(text)
        answer = cloche.answers.first
        ended_or_asks = answer.locator("css=section.approval, .foot").first
        expect(ended_or_asks).to_be_visible(timeout=ANSWER_MS)
        if permission(answer).count():
            permission(answer).get_by_role("button", name="Allow once").click()
        cloche.finished(answer)
        said = str(answer.evaluate(SAID))
        if calls(answer).filter(has_text=tool).count() and wanted in said:
            right.append(text)
    assert len(right) >= RIGHT_AT_LEAST, right


def test_the_model_says_that_a_tool_failed(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("What is 3 + ?")
    answer = cloche.answers.last
    expect(calls(answer).first).to_contain_text("failed")
    assert "the tool failed" in str(answer.evaluate(SAID))
    assert result(answer, "calculator") == "The expression ends too early."


def test_a_person_chooses_which_tool_must_be_called_or_that_none_may(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.button("Tools").click()
    choice = cloche.page.get_by_label("Tool choice")
    choice.select_option(label="First call todo_list")
    cloche.ask("Hello")
    expect(calls(cloche.answers.last).first).to_contain_text("todo_list")
    choice.select_option(label="No tools")
    cloche.ask("What is 12 times 7?")
    expect(calls(cloche.answers.last)).to_have_count(0)
    cloche.button("Close tools").click()


def test_a_call_that_changes_something_asks_and_shows_what_exactly(cloche: Cloche) -> None:
    cloche.new_chat()
    answer = asked(cloche, "Add water the plants to my to-do list")
    card = permission(answer)
    expect(card).to_contain_text("todo_add wants to change what is kept here.")
    thing = json.loads(card.locator("pre code").inner_text())["text"]
    assert thing in "water the plants"
    expect(card.get_by_role("timer")).to_have_text(re.compile(r"Denied in [12]:\d\d min"))
    names = card.get_by_role("group", name="Answer").get_by_role("button")
    expect(names).to_have_text(["Allow once", "Allow in this conversation", "Deny"])
    card.get_by_role("button", name="Allow once").click()
    cloche.finished(answer)
    expect(calls(answer)).to_contain_text("done")
    assert thing in todo_list(cloche)


def test_denied_changes_nothing(cloche: Cloche) -> None:
    thing = "sell the car"
    cloche.new_chat()
    answer = asked(cloche, f"Add {thing} to my to-do list")
    permission(answer).get_by_role("button", name="Deny").click()
    cloche.finished(answer)
    expect(calls(answer)).to_contain_text("not allowed")
    assert result(answer, "todo_add") == "Not allowed by the person."
    assert thing not in todo_list(cloche)


def test_the_keyboard_alone_decides(cloche: Cloche) -> None:
    thing = "wash the dog"
    cloche.new_chat()
    answer = asked(cloche, f"Add {thing} to my to-do list")
    expect(permission(answer)).to_be_focused()
    deny = permission(answer).get_by_role("button", name="Deny")
    allow = permission(answer).get_by_role("button", name="Allow in this conversation")
    deny.focus()
    cloche.page.keyboard.press("Shift+Tab")
    expect(allow).to_be_focused()
    cloche.page.keyboard.press("Enter")
    cloche.finished(answer)
    expect(cloche.message).to_be_focused()
    cloche.ask("Add call Tom to my to-do list")
    expect(calls(cloche.answers.last)).to_contain_text("done")
    cloche.new_chat()
    answer = asked(cloche, "Add feed the cat to my to-do list")
    cloche.stop()
    cloche.finished(answer)
    expect(answer).to_contain_text("Stopped")


def test_nobody_there_is_denied_when_the_time_is_over(cloche: Cloche) -> None:
    thing = "paint the door"
    cloche.new_chat()
    cloche.page.get_by_role("link", name="Settings").click()
    cloche.page.get_by_label("15 seconds").check()
    cloche.page.go_back()
    cloche.wait_ready()
    answer = asked(cloche, f"Add {thing} to my to-do list")
    expect(permission(answer).get_by_role("timer")).to_contain_text(re.compile(r"Denied in \d+ s"))
    cloche.finished(answer)
    assert result(answer, "todo_add") == "Not allowed: nobody answered in time."
    assert thing not in todo_list(cloche)


def test_a_reload_while_it_asks_denies_with_a_sentence(cloche: Cloche) -> None:
    thing = "fix the lamp"
    cloche.new_chat()
    asked(cloche, f"Add {thing} to my to-do list")
    cloche.reload()
    answer = cloche.answers.last
    expect(answer).to_contain_text("Interrupted")
    assert result(answer, "todo_add") == "Not allowed: the turn ended before the question was answered."
    assert thing not in todo_list(cloche)


def test_tools_are_switched_off_for_one_conversation(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.button("Tools").click()
    panel = cloche.page.get_by_role("complementary", name="Tools")
    calculator = panel.get_by_role("switch", name="calculator")
    expect(calculator).to_be_checked()
    expect(panel.get_by_role("switch", name="note_clear")).not_to_be_checked()
    calculator.uncheck()
    expect(calculator).not_to_be_checked()
    cloche.ask("What is 12 times 7?")
    expect(calls(cloche.answers.last).filter(has_text="calculator").filter(has_text="done")).to_have_count(0)
    panel.get_by_role("button", name="As the model suggests").click()
    expect(calculator).to_be_checked()
    cloche.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
