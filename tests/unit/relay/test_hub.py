"""Whose turn it is, and who may not ask any more: the moments between two threads that real connections seldom hit."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.relay.hub import POLICY_VIOLATION, TRY_AGAIN_LATER, Hub, Source, Tab, Terms


class SilentTab(Tab):
    """Keeps what it is told and never answers."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def send(self, message: dict[str, Any]) -> None:
        self.told.append(message)

    def close(self, code: int, reason: str) -> None:
        """Nothing to end."""


class Asking(Source):
    """Asks again and again."""

    def __init__(self, kind: str = "vila") -> None:
        self.kind = kind
        self.key_id = "key"
        self.dismissed: list[int] = []

    def next_job(self) -> dict[str, Any]:
        return {"frames": []}

    def take(self, message: dict[str, Any]) -> None:
        """No answer comes here."""

    def dismiss(self, code: int, reason: str) -> None:
        self.dismissed.append(code)


GOOD = Terms(keys={"key": "hash"}, openai=True)


@pytest.mark.parametrize(
    ("kind", "terms"), [("vila", Terms()), ("openai", Terms()), ("openai", Terms(keys=GOOD.keys, openai=False))]
)
def test_who_was_let_in_just_before_the_terms_changed_does_not_get_to_ask(kind: str, terms: Terms) -> None:
    hub, tab, late = Hub(), SilentTab(), Asking(kind)
    hub.seat(tab, GOOD)
    hub.agree(tab, terms)
    hub.join(late)
    assert late.dismissed == [POLICY_VIOLATION]
    assert "job" not in [message["type"] for message in tab.told]


def test_who_was_let_in_just_before_the_tab_went_is_told_and_does_not_wait() -> None:
    hub, tab, late = Hub(), SilentTab(), Asking()
    hub.seat(tab, GOOD)
    hub.unseat(tab)
    hub.join(late)
    assert late.dismissed == [TRY_AGAIN_LATER]


def test_whoever_may_ask_is_asked_for() -> None:
    hub, tab, source = Hub(), SilentTab(), Asking("openai")
    hub.seat(tab, GOOD)
    hub.join(source)
    assert source.dismissed == []
    assert [message["type"] for message in tab.told] == ["clients", "clients", "job"]
