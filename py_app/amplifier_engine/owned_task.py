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

_abandoned: set["asyncio.Task[Any]"] = set()


class Outcome:
    """How a coroutine ended: a value or an error."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error


async def run(coroutine: Coroutine[Any, Any, Any], *, seconds: float | None = None) -> Outcome | None:
    """Run `coroutine` to its end and say how it ended; None when the time ran out.

    When the waiter is cancelled or the time is up, the coroutine is asked to stop and
    not waited for.
    """
    task = _start(coroutine)
    if not task.done():
        await _wait(task, seconds=seconds, cancels=True)
        if not task.done():
            _abandon(task, cancels=True)
            return None
    return _outcome(task)


async def finish(coroutine: Coroutine[Any, Any, Any]) -> Outcome:
    """Run `coroutine` to its end, which it reaches even when the waiter is cancelled."""
    task = _start(coroutine)
    if not task.done():
        await _wait(task, seconds=None, cancels=False)
    return _outcome(task)


def _start(coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A task for `coroutine`; where Python can, it runs up to its first wait at once."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=loop, eager_start=True)
    return asyncio.Task(coroutine, loop=loop)


async def _wait(task: "asyncio.Task[Any]", *, seconds: float | None, cancels: bool) -> None:
    loop = task.get_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    task.add_done_callback(lambda _task: _wake(waiter))
    timer = None if seconds is None else loop.call_later(seconds, _wake, waiter)
    try:
        await waiter
    except BaseException:
        _abandon(task, cancels=cancels)
        raise
    finally:
        if timer is not None:
            timer.cancel()


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _abandon(task: "asyncio.Task[Any]", *, cancels: bool) -> None:
    """Let go of a task nobody waits for; it is kept alive until it ends."""
    if cancels:
        task.get_loop().call_soon(task.cancel)
    _abandoned.add(task)
    task.add_done_callback(_forget)


def _forget(task: "asyncio.Task[Any]") -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # nobody is left to hear of it


def _outcome(task: "asyncio.Task[Any]") -> Outcome:
    try:
        return Outcome(task.result())
    except BaseException as error:
        return Outcome(error=error)
