"""A watched question: reading answers, and noticing that one changed."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.errors import BadInput
from cloche.vision.shapes import LiveWatch
from cloche.vision.watch import Change, Watch, filled

COUNT = '{"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}'


def watch(**more: Any) -> Watch:
    return Watch(LiveWatch(**more))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes, there is a red star.", "yes"),
        ("No.", "no"),
        ("**no**", "no"),
        ('"yes"', "yes"),
        ("Nothing is there", None),
        ("A red star", None),
        ("", None),
    ],
)
def test_yes_and_no_are_read_out_of_what_a_model_says(text: str, answer: str | None) -> None:
    assert watch().read(text) == answer


def test_a_held_answer_is_read_as_json() -> None:
    assert watch().read_formed('"no"') == "no"
    assert watch().read_formed('"n') is None
    counting = watch(kind="schema", json_schema=COUNT)
    assert counting.read('{ "count": 3 }') == counting.read_formed('{"count":3}') == '{"count": 3}'
    assert counting.read("three") is None
    assert counting.response_format["json_schema"]["schema"]["required"] == ["count"]


def test_the_first_answer_only_says_how_things_stand() -> None:
    watched = watch()
    changes = [watched.hear(answer) for answer in ("no", "no", "yes", "yes", "no")]
    assert changes == [None, None, Change("no", "yes"), None, Change("yes", "no")]


def test_one_direction_may_be_wanted() -> None:
    watched = watch(when="yes")
    assert [watched.hear(answer) for answer in ("yes", "no", "yes")] == [None, None, Change("no", "yes")]


@pytest.mark.parametrize("more", [{"arguments": "{"}, {"arguments": "[1]"}, {"kind": "schema", "json_schema": "{"}])
def test_what_cannot_be_watched_is_refused(more: Any) -> None:
    with pytest.raises(BadInput):
        watch(**more)


def test_arguments_are_filled_in_wherever_they_are() -> None:
    words = {"answer": "yes", "time": "10:00"}
    template = {"text": "{answer} at {time}", "list": ["{answer}", 3], "other": "{unknown} {"}
    assert filled(template, words) == {"text": "yes at 10:00", "list": ["yes", 3], "other": "{unknown} {"}
