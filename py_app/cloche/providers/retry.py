"""Asking again after a fault that may pass, with growing pauses.

Owns how often and how long: Amplifier's figures (1 s first, doubled, at most 60 s, jitter), three tries in all. A
server's Retry-After wins over them; one that asks for more than a minute is told to the person instead of waited for.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import RemoteError

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

TRIES = 3
FIRST_PAUSE = 1.0
FACTOR = 2.0
LONGEST_PAUSE = 60.0


async def retried(
    attempt: Callable[[], Awaitable[T]],
    may_retry: Callable[[], bool],
    sleep: Sleep = asyncio.sleep,
    on_retry: Callable[[int, float, RemoteError], Awaitable[None]] | None = None,
) -> T:
    """The result of `attempt`, tried again after retryable errors while `may_retry()`; a pause can be cancelled."""
    tried = 0
    while True:
        tried += 1
        try:
            return await attempt()
        except RemoteError as error:
            pause = pause_after(error, tried)
            if not error.retryable or tried >= TRIES or pause > LONGEST_PAUSE or not may_retry():
                raise
            if on_retry is not None:
                await on_retry(tried, pause, error)
        await sleep(pause)


def pause_after(error: RemoteError, tried: int) -> float:
    """Seconds to wait before the next try."""
    if error.retry_after is not None:
        return error.retry_after
    jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads requests, guards nothing
    return min(FIRST_PAUSE * FACTOR ** (tried - 1) * jitter, LONGEST_PAUSE)
