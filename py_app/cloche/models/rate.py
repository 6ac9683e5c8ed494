"""How fast bytes come, and how long the rest will take.

Owns one moving window; knows nothing of what the bytes are.
"""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 8.0
SHORTEST_SECONDS = 0.5


class Rate:
    """Bytes a second over the last few seconds. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, now: float, total: int) -> None:
        """So many bytes are there now."""
        if self._seen and total < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, total))
        while len(self._seen) > 2 and self._seen[0][0] < now - WINDOW_SECONDS:
            self._seen.popleft()

    def pause(self) -> None:
        """Nothing comes for a reason: what came before says nothing about what will."""
        self._seen.clear()

    @property
    def bytes_per_second(self) -> float:
        """0 as long as too little was seen."""
        if len(self._seen) < 2:
            return 0.0
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        return (after - before) / (last - first) if last - first >= SHORTEST_SECONDS else 0.0

    def seconds_left(self, missing: int) -> float | None:
        """None where nothing can be said."""
        rate = self.bytes_per_second
        return missing / rate if rate > 0 else None
