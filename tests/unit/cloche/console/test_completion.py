"""Completion on a live namespace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloche.console.completion import complete


class Thing:
    """Something with attributes."""

    colour = "red"

    @property
    def costly(self) -> int:
        """Must not be looked at while completing."""
        raise AssertionError

    def paint(self, colour="red"):  # type: ignore[no-untyped-def]
        """Change the colour."""


NAMESPACE: dict[str, Any] = {"thing": Thing(), "json": json, "number": 3, "_hidden": 1}


def labels(before: str) -> list[str]:
    """What is proposed."""
    return [option.label for option in complete(before, NAMESPACE).options]


@pytest.mark.parametrize(
    ("before", "label"),
    [
        ("thi", "thing"),
        ("x = thing.co", "colour"),
        ("thing.", "paint"),
        ("print(json.du", "dumps"),
        ("pri", "print"),
        ("whi", "while"),
        ("_hid", "_hidden"),
        ("first\nnumb", "number"),
        ("number.bit_l", "bit_length"),
    ],
)
def test_a_name_is_found(before: str, label: str) -> None:
    assert label in labels(before)


@pytest.mark.parametrize("before", ["f().pa", "things[0].co", "'text'.up", "3.re", "nothing.x", "thing.nothing.x"])
def test_nothing_is_called_or_guessed(before: str) -> None:
    assert labels(before) == []


def test_hidden_names_come_only_when_asked_for() -> None:
    assert "_hidden" not in labels("")
    assert not [label for label in labels("thing.") if label.startswith("_")]


def test_properties_are_named_and_not_read() -> None:
    kinds = {option.label: option.kind for option in complete("thing.", NAMESPACE).options}
    assert kinds["costly"] == "property"


def test_functions_come_with_their_signature_and_the_length_of_what_they_replace() -> None:
    found = complete("thing.pai", NAMESPACE)
    assert found.length == 3
    assert found.options[0].detail == "(colour='red')"
