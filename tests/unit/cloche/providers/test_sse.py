"""Server-sent events in pieces of any size."""

from __future__ import annotations

import random

import pytest

from cloche.errors import AnswerUnreadable
from cloche.providers.sse import Event, SseParser


def parsed(*pieces: str) -> list[Event]:
    """All events of a stream that came in these pieces."""
    parser = SseParser()
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("data: a\n\n", [("message", "a")]),
        ("data:a\n\n", [("message", "a")]),
        ("data:  a\n\n", [("message", " a")]),
        ("data: a\ndata: b\n\n", [("message", "a\nb")]),
        ("event: ping\ndata: {}\n\n", [("ping", "{}")]),
        ("event: ping\n\ndata: a\n\n", [("message", "a")]),
        (": a comment\ndata: a\nid: 7\nretry: 10\nnonsense\n\n", [("message", "a")]),
        ("data\n\n", [("message", "")]),
        ("\n\n\ndata: a\n\n\n", [("message", "a")]),
        ("data: a\r\n\r\ndata: b\r\rdata: c\n\n", [("message", "a"), ("message", "b"), ("message", "c")]),
        ("\ufeffdata: a\n\n", [("message", "a")]),
        ("data: a\u2028b\x85c\x0bd\n\n", [("message", "a\u2028b\x85c\x0bd")]),
        ("data: never finished", []),
        ("", []),
    ],
)
def test_the_grammar_is_kept_however_the_text_is_cut(text: str, events: list[tuple[str, str]]) -> None:
    wanted = [Event(*event) for event in events]
    assert parsed(text) == wanted
    assert parsed(*text) == wanted
    for cut in range(len(text)):
        assert parsed(text[:cut], "", text[cut:]) == wanted


def test_a_line_without_end_is_refused() -> None:
    parser = SseParser(max_chars=1000)
    with pytest.raises(AnswerUnreadable):
        for _ in range(100):
            parser.feed("data: " + "x" * 50)


def test_an_event_without_end_is_refused() -> None:
    parser = SseParser(max_chars=1000)
    with pytest.raises(AnswerUnreadable):
        for _ in range(100):
            parser.feed("data: " + "x" * 50 + "\n")


def test_events_do_not_add_up_to_the_bound() -> None:
    parser = SseParser(max_chars=100)
    for _ in range(1000):
        assert len(parser.feed("data: " + "x" * 50 + "\n\n")) == 1


def test_mutated_streams_never_break_the_parser() -> None:
    chance = random.Random(7)  # noqa: S311 - a seed makes the test the same each time
    seed = 'event: a\r\ndata: {"choices":[{"delta":{"content":"hé"}}]}\n\n: c\ndata: [DONE]\r\r'
    for _ in range(3000):
        text = list(seed)
        for _ in range(chance.randrange(8)):
            spot = chance.randrange(len(text))
            text[spot : spot + chance.randrange(3)] = chance.choice("\r\n:d\x00\ufeff\U0001f600 ")
        whole = "".join(text)
        cut = chance.randrange(len(whole) + 1)
        assert parsed(whole) == parsed(whole[:cut], whole[cut:])
