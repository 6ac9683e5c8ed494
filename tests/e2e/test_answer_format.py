"""Answers of a form, by the real engine and the starter model: good as a whole, or an error that says so."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, expect
from tests.e2e.cloche_page import Cloche

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "color": {"enum": ["red", "green", "blue"]},
        "count": {"type": "integer", "minimum": 0, "maximum": 99},
        "word": {"type": "string", "maxLength": 12},
    },
    "required": ["color", "count", "word"],
    "additionalProperties": False,
}
QUESTIONS = ["What color is it?", "How many circles are there?", "Hello", "Who are you?", "Name a shape."]
RUNS = 50


def test_fifty_answers_are_valid_or_say_that_they_are_not(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "JSON", "JSON schema", json.dumps(SCHEMA))
    cloche.set_parameter("Max tokens", "64")
    cloche.set_parameter("Temperature", "1")
    valid = 0
    for run in range(RUNS):
        if run % 5 == 0 and run:
            cloche.act(cloche.questions.first, "Delete")
            expect(cloche.answers).to_have_count(0)
        cloche.ask(QUESTIONS[run % len(QUESTIONS)])
        answer = cloche.answers.last
        if answer.get_by_role("alert").count():
            expect(answer.get_by_role("alert")).to_contain_text("no answer of the wanted form")
            expect(answer.locator("pre")).to_have_count(0)
            continue
        check(json.loads(code_of(answer)))
        valid += 1
    assert valid > RUNS // 2


def test_the_answer_is_one_of_the_choices(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "A choice", "Choices", "dark red\nsea green")
    for _ in range(5):
        assert cloche.ask("Which color do you like?") in {"dark red", "sea green"}
    cloche.page.get_by_label("Text", exact=True).check(force=True)
    assert cloche.ask("Hello") not in {"dark red", "sea green"}


def test_a_schema_that_cannot_be_held_to_is_refused_beside_the_field(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "JSON", "JSON schema", '{"type": "object", "not": {}}')
    expect(cloche.alerts).to_have_text(["In the schema: the keyword “not” is not supported."])


def answer_as(cloche: Cloche, kind: str, label: str, text: str) -> None:
    """Choose the form of the answers; the panel of parameters is open afterwards."""
    if cloche.button("Parameters").get_attribute("aria-expanded") != "true":
        cloche.button("Parameters").click()
    cloche.page.get_by_role("radio", name=kind, exact=True).check(force=True)
    cloche.set_parameter(label, text)


def code_of(answer: Locator) -> str:
    """The JSON of an answer as it is shown."""
    expect(answer.locator("pre code")).to_have_count(1)
    return answer.locator("pre code").inner_text()


def check(value: Any) -> None:
    """Judge a value by the schema, independently of the app."""
    assert set(value) == {"color", "count", "word"}
    assert value["color"] in SCHEMA["properties"]["color"]["enum"]
    assert type(value["count"]) is int
    assert 0 <= value["count"] <= 99
    assert type(value["word"]) is str
    assert len(value["word"]) <= 12
