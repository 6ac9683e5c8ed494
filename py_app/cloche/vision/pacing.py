"""Real time: which frames go on, and how many a second.

Owns the rule of the field (a frame that is older than 1.5 frame times is dropped, never queued) and the adaptation:
when frames come too late or the way out is busy the rate goes down, and climbs back slowly. A lower rate tolerates
older frames, so a slow machine gets few frames rather than none.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: of a frame time
TOLERATED_AGE = 1.5
#: frames may come this share of a frame time early: cameras do not tick exactly
EARLY = 0.25
LOWEST_FPS = 0.5
DOWN, UP = 0.7, 1.1
LATE_IN_A_ROW = 3


class Pacer:
    """Admits frames. `wanted_fps` is the rate asked for, `fps` the one kept to at the moment; `clock` gives seconds."""

    def __init__(self, wanted_fps: float, clock: Callable[[], float] = time.time) -> None:
        self.wanted_fps = self.fps = wanted_fps
        self.dropped = 0
        self._clock = clock
        self._last = float("-inf")
        self._late = 0
        self._good = 0

    @property
    def frame_time(self) -> float:
        """Seconds from frame to frame."""
        return 1 / self.fps

    def admits(self, taken_at: float) -> bool:
        """Whether a frame that was taken then goes on now."""
        now = self._clock()
        if now - taken_at > TOLERATED_AGE * self.frame_time:
            self.dropped += 1
            self._late += 1
            if self._late >= LATE_IN_A_ROW:
                self.slow_down()
            return False
        if now - self._last < self.frame_time * (1 - EARLY):
            return False
        self._late = 0
        self._last = now
        self._good += 1
        if self._good > self.fps:
            self._good = 0
            self.fps = min(self.wanted_fps, self.fps * UP)
        return True

    def slow_down(self) -> None:
        """The way out is busy, or frames come too late."""
        self._late = self._good = 0
        self.fps = max(min(LOWEST_FPS, self.wanted_fps), self.fps * DOWN)

    def drop(self) -> None:
        """A frame that was admitted could not go on."""
        self.dropped += 1
