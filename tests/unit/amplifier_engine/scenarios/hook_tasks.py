"""Handlers that wait, fail, run out of time or are cancelled."""

import asyncio
import contextvars
from typing import Any

_context: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")


class _OwnError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


_ERRORS = {
    "value": ValueError("v"),
    "two lines": Exception("one\ntwo"),
    "key": KeyError("k"),
    "empty": TimeoutError(),
    "cancelled": asyncio.CancelledError("c"),
    "generator exit": GeneratorExit("g"),
    "stop": StopIteration("s"),
    "own": _OwnError(),
    "group": ExceptionGroup("many", [ValueError("a")]),
}


async def sync_errors(core: Any, see: Any) -> None:
    for label, error in {**_ERRORS, "interrupt": KeyboardInterrupt("k"), "exit": SystemExit(3)}.items():
        registry = core.HookRegistry()

        def handler(_event: str, _data: Any, error: BaseException = error) -> None:
            raise error

        registry.register("event", handler, name="bad")
        registry.register("event", lambda _e, _d: {"action": "modify", "data": {"next": "ran"}}, name="good")
        await see.wait(label, registry.emit, "event", {})
        await see.wait(f"{label}: collected", registry.emit_and_collect, "event", {})


async def async_errors(core: Any, see: Any) -> None:
    for label, error in _ERRORS.items():
        registry = core.HookRegistry()

        async def handler(_event: str, _data: Any, error: BaseException = error) -> None:
            await asyncio.sleep(0)
            raise error

        registry.register("event", handler, name="bad")
        registry.register("event", lambda _e, _d: {"action": "modify", "data": {"next": "ran"}}, name="good")
        await see.wait(label, registry.emit, "event", {})
        await see.wait(f"{label}: collected", registry.emit_and_collect, "event", {})


async def not_callable(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.register("event", 5, name="number")
    registry.register("event", None, name="none")
    registry.register("event", lambda _e, _d: {"action": "modify", "data": {"next": "ran"}}, name="good")
    await see.wait("emit", registry.emit, "event", {})


async def kinds_of_handlers(core: Any, see: Any) -> None:
    class Callable:
        def __call__(self, event: str, _data: Any) -> Any:
            see.note("object", event)

    class Method:
        async def handle(self, event: str, _data: Any) -> Any:
            see.note("method", event)

    class Awaitable:
        def __await__(self) -> Any:
            yield

        def __str__(self) -> str:
            return "awaitable"

    async def coroutine(event: str, _data: Any) -> Any:
        await asyncio.sleep(0)
        see.note("coroutine", event)
        return {"action": "modify", "data": {"by": "coroutine"}}

    def returns_coroutine(event: str, data: Any) -> Any:
        return coroutine(event, data)

    def generator(_event: str, _data: Any) -> Any:
        yield 1

    async def returns_coroutine_twice(event: str, data: Any) -> Any:
        return coroutine(event, data).close()

    registry = core.HookRegistry()
    for number, handler in enumerate(
        (Callable(), Method().handle, coroutine, returns_coroutine, returns_coroutine_twice)
    ):
        registry.register("event", handler, number)
    await see.wait("good", registry.emit, "event", {})
    registry.register("gen", generator)
    see.note("generator", (await registry.emit("gen", {})).reason)
    registry.register("awaitable", lambda _e, _d: Awaitable())
    see.note("awaitable that is no coroutine", (await registry.emit("awaitable", {})).reason)


async def sequence(core: Any, see: Any) -> None:
    """An async handler is done before the next one starts."""
    registry = core.HookRegistry()
    ready = asyncio.Event()

    async def waits(_event: str, _data: Any) -> None:
        see.note("waits: begin")
        asyncio.get_running_loop().call_later(0.01, ready.set)
        await ready.wait()
        see.note("waits: end")

    registry.register("event", waits)
    registry.register("event", lambda _e, _d: see.note("next"))
    await registry.emit("event", {})
    see.note("done")


async def concurrent_events(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    both = asyncio.Event()
    running: list[str] = []

    async def meets(_event: str, data: Any) -> Any:
        running.append(data["who"])
        if len(running) == 2:
            both.set()
        await both.wait()
        return {"action": "modify", "data": {"who": data["who"], "met": len(running)}}

    registry.register("event", meets)
    results = await asyncio.gather(registry.emit("event", {"who": "a"}), registry.emit("event", {"who": "b"}))
    see.note("results", [result.data for result in results])


async def own_task(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    emitter = asyncio.current_task()

    async def handler(_event: str, _data: Any) -> None:
        see.note("context seen", _context.get())
        see.note("own task", asyncio.current_task() is not emitter)
        _context.set("handler")

    def sync(_event: str, _data: Any) -> None:
        _context.set("sync")

    _context.set("emitter")
    registry.register("event", handler)
    registry.register("event", handler)
    registry.register("event", sync)
    await registry.emit("event", {})
    see.note("context after", _context.get())


async def cancelled_emitter(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    started, stopped = asyncio.Event(), asyncio.Event()

    async def handler(_event: str, _data: Any) -> Any:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            see.note("handler cancelled")
            stopped.set()
            raise

    registry.register("event", handler)
    registry.register("event", lambda _e, _d: see.note("never"))
    task = asyncio.create_task(registry.emit("event", {}))
    await started.wait()
    task.cancel()
    await see.wait("emitter", lambda: task)
    await stopped.wait()
    await see.wait("usable afterwards", registry.emit, "other", {})


async def stubborn_handler(core: Any, see: Any) -> None:
    """A handler that swallows its cancellation neither delays nor changes the emitter's."""
    registry = core.HookRegistry()
    started, stopped = asyncio.Event(), asyncio.Event()

    async def handler(_event: str, _data: Any) -> Any:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            stopped.set()
        return {"action": "deny"}

    registry.register("event", handler)
    task = asyncio.create_task(registry.emit("event", {}))
    await started.wait()
    task.cancel()
    await see.wait("emitter", lambda: task)
    see.note("handler still busy", not stopped.is_set())
    await stopped.wait()


async def timeouts(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    stopped = asyncio.Event()

    async def slow(_event: str, _data: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            raise

    async def quick(_event: str, _data: Any) -> Any:
        return {"data": {"quick": True}}

    registry.register("event", lambda _e, _d: {"data": {"sync": True}}, 0, "sync")
    registry.register("event", slow, 1, "slow")
    registry.register("event", quick, 2, "quick")
    await see.wait("collected", registry.emit_and_collect, "event", {}, timeout=0.2)
    await asyncio.wait_for(stopped.wait(), 5)
    see.note("slow one was cancelled")
    see.call("text", registry.emit_and_collect, "event", {}, "x")
    see.call("none", registry.emit_and_collect, "event", {}, None)
    await see.wait("whole", registry.emit_and_collect, "none", {}, 1)
    await see.wait("true", registry.emit_and_collect, "none", {}, True)
    for value in (-1.0, float("nan"), float("inf")):
        try:
            registry.emit_and_collect("event", {}, value)
        except BaseException as error:
            see.note("refused", str(error))


async def collecting(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.set_default_fields(session_id="s")
    registry.register("event", lambda _e, data: see.note("given", data))
    registry.register("event", lambda _e, data: {"action": "deny", "data": data}, name="deny")
    registry.register("event", lambda _e, _d: {"data": {}}, name="empty")
    registry.register("event", lambda _e, _d: {"action": "modify", "data": {"m": (1,)}}, name="modify")
    registry.register("event", lambda _e, _d: "junk", name="junk")
    await see.wait("collected", registry.emit_and_collect, "event", {"a": (1,)})
    await see.wait("nobody", registry.emit_and_collect, "other", {"a": 1})
    await see.wait("list", registry.emit_and_collect, "event", [1])
    await see.wait("model call id", registry.emit_and_collect, "llm:request", {})
    see.call("nan", registry.emit_and_collect, "event", {"v": float("nan")})


async def request_ids(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    ids: dict[str, str] = {}

    def known(data: Any) -> Any:
        found = data.get("request_id")
        return ids.setdefault(found, f"id {len(ids)}") if isinstance(found, str) else found

    async def emit(event: str, **data: Any) -> None:
        see.note(event, known((await registry.emit(event, data)).data))

    for event in ("llm:response", "llm:request", "provider:retry", "provider:throttle", "llm:response", "llm:response"):
        await emit(event)
    for event in ("llm:request", "provider:error", "provider:error", "provider:retry", "provider:request", "llm:other"):
        await emit(event)
    await emit("llm:request", request_id="mine")
    await emit("provider:retry")
    await emit("llm:response", request_id="other")
    await emit("llm:response")
    await emit("llm:request", request_id="")
    await emit("llm:request", request_id=5)
    await emit("llm:request", request_id=None)
    await emit("llm:response")
    await emit("tool:pre")

    async def call(name: str) -> Any:
        await registry.emit("llm:request", {"request_id": name})
        await asyncio.sleep(0)
        return (await registry.emit("llm:response", {})).data

    see.note("each its own call", await asyncio.gather(call("a"), call("b")))
    see.note("list", (await registry.emit("llm:request", [1])).data)
