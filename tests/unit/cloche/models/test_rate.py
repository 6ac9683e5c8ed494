"""How fast bytes come."""

from __future__ import annotations

from cloche.models.rate import Rate


def test_nothing_is_said_before_enough_was_seen() -> None:
    rate = Rate()
    rate.saw(0, 0)
    rate.saw(0.1, 1000)
    assert rate.bytes_per_second == 0
    assert rate.seconds_left(1000) is None


def test_only_the_last_seconds_count() -> None:
    rate = Rate()
    for second in range(20):
        rate.saw(second, 100 * second)
    for second in range(20, 40):
        rate.saw(second, 2000 + 1000 * (second - 20))
    assert rate.bytes_per_second == 1000
    assert rate.seconds_left(5000) == 5


def test_a_pause_or_a_new_beginning_forgets_what_was() -> None:
    rate = Rate()
    rate.saw(0, 0)
    rate.saw(1, 1000)
    rate.pause()
    assert rate.bytes_per_second == 0
    rate.saw(2, 5000)
    rate.saw(3, 0)
    rate.saw(4, 10)
    assert rate.bytes_per_second == 10
