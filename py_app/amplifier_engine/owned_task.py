"""Coroutines that the kernel runs on behalf of a waiter.

A hook, a callback or an orchestrator runs in a task of its own with a copy of the
caller's context, so that what it raises (a CancelledError too) is told apart from
the cancellation of the one who waits. This module owns starting that task and
passing its outcome on. What an exception means is decided by the caller.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

_EAGER = sys.version_info >= (3, 12)


class Outcome:
    """How a coroutine ended: a value or an error."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error


def start(coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Start a task for `coroutine`; it may be done already on return."""
    loop = asyncio.get_running_loop()
    if _EAGER:
        return asyncio.Task(coroutine, loop=loop, eager_start=True)
    return asyncio.Task(coroutine, loop=loop)


async def run(
    coroutine: Coroutine[Any, Any, Any],
    *,
    timeout: float | None = None,
    cancels: bool = True,
) -> Outcome | None:
    """Run `coroutine` to its end and say how it ended; None when time ran out.

    When the waiter is cancelled this raises at once. The coroutine is then asked to
    stop if `cancels` is set, and is not waited for.
    """
    task = start(coroutine)
    if not task.done():
        waiter = task.get_loop().create_future()
        task.add_done_callback(lambda _done: waiter.done() or waiter.set_result(True))
        timer = None
        if timeout is not None:
            timer = task.get_loop().call_later(
                timeout, lambda: waiter.done() or waiter.set_result(False)
            )
        try:
            finished = await waiter
        except BaseException:
            if cancels:
                task.cancel()
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if not finished:
            task.cancel()
            return None
    return outcome(task)


def outcome(task: "asyncio.Task[Any]") -> Outcome:
    """How a finished task ended."""
    if task.cancelled():
        try:
            task.result()
        except asyncio.CancelledError as error:
            return Outcome(error=error)
    error = task.exception()
    return Outcome(task.result()) if error is None else Outcome(error=error)
