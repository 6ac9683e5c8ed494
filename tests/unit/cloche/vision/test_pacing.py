"""Which frames go on, and how many a second."""

from __future__ import annotations

from cloche.vision.pacing import LOWEST_FPS, Pacer


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def paced(fps: float = 30) -> tuple[Pacer, Clock]:
    clock = Clock()
    return Pacer(fps, clock), clock


def test_a_faster_camera_is_thinned_out() -> None:
    pacer, clock = paced(10)
    admitted = 0
    for _ in range(60):
        clock.now += 1 / 60
        admitted += pacer.admits(clock.now)
    assert 9 <= admitted <= 13
    assert pacer.dropped == 0


def test_a_frame_older_than_one_and_a_half_frame_times_is_dropped() -> None:
    pacer, clock = paced(10)
    assert pacer.admits(clock.now - 0.149)
    clock.now += 1
    assert not pacer.admits(clock.now - 0.151)
    assert pacer.dropped == 1


def test_a_machine_that_is_late_gets_few_frames_rather_than_none() -> None:
    pacer, clock = paced(30)
    admitted = 0
    for _ in range(300):
        clock.now += 1 / 30
        admitted += pacer.admits(clock.now - 0.5)
    assert admitted > 5
    assert pacer.fps < 3.5


def test_the_rate_climbs_back_when_the_way_is_free() -> None:
    pacer, clock = paced(30)
    for _ in range(10):
        pacer.slow_down()
    low = pacer.fps
    for _ in range(3000):
        clock.now += 1 / 30
        pacer.admits(clock.now)
    assert low < 2
    assert pacer.fps == 30


def test_the_rate_has_a_floor() -> None:
    pacer, _ = paced(30)
    for _ in range(100):
        pacer.slow_down()
    assert pacer.fps == LOWEST_FPS
