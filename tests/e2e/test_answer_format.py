"""Answers of a form, by the real engine and the starter model: good as a whole, or an error that says so."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, expect
from tests.e2e.cloche_page import Cloche
from tests.e2e.python_view import PythonView

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
FIFTY = f"""
import json
schema = json.loads({json.dumps(json.dumps(SCHEMA))})
questions = {QUESTIONS!r} * 10
print(json.dumps([await ask(question, schema=schema, temperature=1, max_tokens=200) for question in questions]))
"""
FIFTY_MS = 180_000


def test_answers_in_a_conversation_are_valid_as_they_are_shown(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "JSON", "JSON schema", json.dumps(SCHEMA))
    cloche.set_parameter("Max tokens", "200")
    cloche.set_parameter("Temperature", "1")
    for question in QUESTIONS:
        cloche.ask(question)
        check(json.loads(code_of(cloche.answers.last)))


def test_fifty_answers_are_valid(cloche: Cloche) -> None:
    run = PythonView(cloche).open().start(FIFTY)
    expect(run).to_have_attribute("aria-busy", "false", timeout=FIFTY_MS)
    answers = json.loads(run.get_by_label("Printed").inner_text())
    assert len(answers) == 50
    for answer in answers:
        check(answer)


def test_the_answer_is_one_of_the_choices(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "A choice", "Choices", "dark red\nsea green")
    for _ in range(5):
        assert cloche.ask("Which color do you like?") in {"dark red", "sea green"}
    cloche.page.get_by_label("Text", exact=True).check(force=True)
    assert cloche.ask("Hello") not in {"dark red", "sea green"}


def test_the_answer_follows_a_grammar(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "Grammar", "GBNF grammar", 'root ::= "It is " ("red" | "blue") "."')
    for _ in range(3):
        assert cloche.ask("Which color do you like?") in {"It is red.", "It is blue."}


def test_a_schema_is_built_field_by_field(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.button("Parameters").click()
    cloche.page.get_by_label("JSON", exact=True).check(force=True)
    cloche.page.get_by_text("Build it from fields").click()
    for number, (name, kind) in enumerate([("color", "One of these"), ("count", "Whole number")], 1):
        cloche.button("Add field").click()
        field = cloche.page.get_by_role("group", name=f"Field {number}")
        field.get_by_label("Type").select_option(label=kind)
        if kind == "One of these":
            field.get_by_label("Choose from").fill("red\nblue")
        field.get_by_label("Name").fill(name)
        field.get_by_label("Description").fill(f"The {name}")
    written = cloche.page.get_by_label("JSON schema", exact=True)
    expect(written).to_have_value(re.compile('"required": \\[\\s*"color",\\s*"count"'))
    cloche.button("Close parameters").click()
    cloche.ask("Which color do you like?")
    answer = json.loads(code_of(cloche.answers.last))
    assert answer["color"] in {"red", "blue"}
    assert type(answer["count"]) is int


def test_a_schema_that_cannot_be_held_to_is_refused_beside_the_field(cloche: Cloche) -> None:
    cloche.new_chat()
    answer_as(cloche, "JSON", "JSON schema", '{"type": "object", "not": {}}')
    expect(cloche.alerts).to_have_text(["In the schema: the keyword “not” is not supported."])
    cloche.set_parameter("JSON schema", "")
    expect(cloche.alerts).to_have_count(0)


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
