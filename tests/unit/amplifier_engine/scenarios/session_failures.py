"""A session's life when something goes wrong or is cancelled."""

import asyncio
from typing import Any

from tests.unit.amplifier_engine.scenarios.sessions import make


class _MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


_ERRORS: dict[str, BaseException] = {
    "value": ValueError("v"),
    "key": KeyError("k"),
    "empty": TimeoutError(),
    "lines": Exception("one\ntwo"),
    "cancelled": asyncio.CancelledError("c"),
    "cancelled, empty": asyncio.CancelledError(),
    "generator exit": GeneratorExit("g"),
    "mute": _MuteError(),
    "group": ExceptionGroup("many", [ValueError("a")]),
    "surrogate": ValueError("\ud800"),
}


async def orchestrator_errors(core: Any, see: Any) -> None:
    for label, error in _ERRORS.items():

        async def run(error: BaseException = error, **_given: Any) -> str:
            await asyncio.sleep(0)
            raise error

        session = make(core, see, run)
        await session.initialize()
        await see.wait(label, session.execute, "x")
        await see.wait(f"{label}, again", session.execute, "x")
        await session.cleanup()


async def model_errors(core: Any, see: Any) -> None:
    for name in ("RateLimitError", "AuthenticationError", "ContextLengthError", "StreamError", "AbortError"):

        async def run(name: str = name, **_given: Any) -> str:
            raise getattr(core, name)("said", provider="p")

        session = make(core, see, run)
        await session.initialize()
        await see.wait(name, session.execute, "x")


async def wrong_answers(core: Any, see: Any) -> None:
    for answer in (5, None, b"x", ["a"], core.HookResult(), "\ud800", ""):

        async def run(answer: Any = answer, **_given: Any) -> Any:
            return answer

        session = make(core, see, run)
        await session.initialize()
        await see.wait(repr(type(answer)), session.execute, "x")


async def cancelled_by_token(core: Any, see: Any) -> None:
    for immediate in (False, True):
        for error in (None, ValueError("v"), asyncio.CancelledError("c"), _MuteError()):

            async def run(
                coordinator: Any, immediate: bool = immediate, error: BaseException | None = error, **_given: Any
            ) -> str:
                await coordinator.request_cancel(immediate)
                if error is not None:
                    raise error
                return "partial"

            session = make(core, see, run)
            await session.initialize()
            await see.wait(f"{immediate}, {error!r}"[:40], session.execute, "x")
            await see.wait("token still set", session.execute, "x")
            session.coordinator.cancellation.reset()
            await session.cleanup()


async def cancelled_before(core: Any, see: Any) -> None:
    session = make(core, see)
    await session.initialize()
    session.coordinator.cancellation.request_graceful()
    await see.wait("runs all the same", session.execute, "x")


async def waiter_cancelled(core: Any, see: Any) -> None:
    """Cancelling the one who waits for execute does not stop the orchestrator."""
    started, finished = asyncio.Event(), asyncio.Event()

    async def run(**_given: Any) -> str:
        started.set()
        try:
            await asyncio.sleep(0.02)
        finally:
            see.note("orchestrator ends by itself")
            finished.set()
        return "unheard"

    session = make(core, see, run)
    await session.initialize()
    task = asyncio.create_task(session.execute("x"))
    await started.wait()
    task.cancel()
    await see.wait("waiter", lambda: task)
    await finished.wait()
    await see.wait("cleanup", session.cleanup)


async def waiter_cancelled_in_start(core: Any, see: Any) -> None:
    """Cancelled in a handler of session:start: the start counts as emitted."""
    session = make(core, see)
    started = asyncio.Event()

    async def handler(_event: str, _data: Any) -> None:
        see.note("handler runs")
        started.set()
        await asyncio.Event().wait()

    remove = session.coordinator.hooks.register("session:start", handler, -1)
    await session.initialize()
    task = asyncio.create_task(session.execute("x"))
    await started.wait()
    task.cancel()
    await see.wait("waiter", lambda: task)
    remove()
    await see.wait("second turn", session.execute, "y")


async def loading_errors(core: Any, see: Any) -> None:
    for step in ("load", "mount", "ready"):
        for module in ("orchestrator", "context", "provider-a", "tool-t", "hooks-h"):
            for error in (ValueError("v"), asyncio.CancelledError("c"), _MuteError()):
                session = make(core, see, failures={f"{step} {module}": error})
                label = f"{step} {module}: {type(error).__name__}"
                await see.wait(label, session.initialize)
                see.note("initialized", session.initialized)
                if session.initialized:
                    await see.wait("execute", session.execute, "x")
                await see.wait("cleanup", session.cleanup)


async def initialised_after_a_failure(core: Any, see: Any) -> None:
    failures: dict[str, BaseException] = {"load context": ValueError("not yet")}
    session = make(core, see, failures=failures)
    await see.wait("first", session.initialize)
    failures.clear()
    await see.wait("second", session.initialize)
    await see.wait("execute", session.execute, "x")


async def initialising_cancelled(core: Any, see: Any) -> None:
    session = make(core, see)
    started, finished = asyncio.Event(), asyncio.Event()
    load = session.coordinator.loader.load

    async def slow(module_id: str, *arguments: Any, **keywords: Any) -> Any:
        started.set()
        await asyncio.sleep(0.01)
        if module_id == "hooks-h":
            asyncio.get_running_loop().call_later(0.02, finished.set)
        return await load(module_id, *arguments, **keywords)

    session.coordinator.loader.load = slow
    task = asyncio.create_task(session.initialize())
    await started.wait()
    task.cancel()
    await see.wait("waiter", lambda: task)
    await finished.wait()
    see.note("loading went on", sorted(session.coordinator.get("tools")))
    see.note("initialized", session.initialized)


async def cleanup_errors(core: Any, see: Any) -> None:
    session = make(core, see)
    await session.initialize()

    async def fails() -> None:
        raise ValueError("a")

    async def cancelled() -> None:
        raise asyncio.CancelledError("c")

    def sync_fails() -> None:
        raise SystemExit(3)

    for function in (fails, cancelled, sync_fails):
        session.coordinator.register_cleanup(function)
    session.coordinator.hooks.register("session:end", lambda _e, _d: 1 / 0, name="bad")
    await see.wait("cleanup", session.cleanup)
    see.note("initialized", session.initialized)


async def cleanup_without_initialising(core: Any, see: Any) -> None:
    session = make(core, see)
    session.coordinator.register_cleanup(lambda: see.note("cleaned"))
    await see.wait("cleanup", session.cleanup)


async def cleanup_twice_at_once(core: Any, see: Any) -> None:
    session = make(core, see)
    await session.initialize()

    async def slow() -> None:
        see.note("slow: begin")
        await asyncio.sleep(0.01)
        see.note("slow: end")

    session.coordinator.register_cleanup(slow)
    await asyncio.gather(session.cleanup(), session.cleanup())
    see.note("done")


async def cleanup_cancelled(core: Any, see: Any) -> None:
    """A cancelled cleanup has claimed the end event: the next one does not repeat it."""
    session = make(core, see)
    await session.initialize()
    started = asyncio.Event()

    async def handler(_event: str, _data: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    session.coordinator.hooks.register("session:end", handler, 1)
    task = asyncio.create_task(session.cleanup())
    await started.wait()
    task.cancel()
    await see.wait("waiter", lambda: task)
    see.note("initialized", session.initialized)
    await see.wait("second cleanup", session.cleanup)
    see.note("initialized", session.initialized)


async def executing_before_initialising(core: Any, see: Any) -> None:
    session = make(core, see)
    see.call("execute", session.execute, "x")
    see.call("type first", session.execute, 5)
    await session.initialize()
    await session.cleanup()
    see.call("after cleanup", session.execute, "x")
