"""One process that measures one engine: `python -m tests.bench.kernel_run native|ours speed|memory` prints JSON.

Owns putting our engine in the native one's place before anything imports the package. The provider answers at once, so
that what remains is the kernel.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
import tracemalloc
from typing import Any

TURNS, TOKENS, EVENTS = 200, 2_000, 3_000
LONG, ASKED = 1_000, 10
MIB = 2**20


def main(engine: str, what: str) -> None:
    started = time.perf_counter()
    if engine == "ours":
        sys.modules["amplifier_core._engine"] = importlib.import_module("amplifier_engine")
    importlib.import_module("amplifier_core")
    imported = time.perf_counter() - started
    native = str(sys.modules["amplifier_core._engine"].__file__).endswith(".so")
    if native != (engine == "native"):
        raise RuntimeError(f"The wrong engine was measured: {sys.modules['amplifier_core._engine']}")
    measured = asyncio.run(speed() if what == "speed" else memory())
    print(json.dumps({"import_ms": imported * 1000, **measured}))


async def speed() -> dict[str, float]:
    """Microseconds a turn, a streamed token, an event."""
    idle, streaming = await turns(0), await turns(TOKENS)
    return {
        "turn_us": idle * 1e6,
        "token_us": (streaming - idle) / TOKENS * 1e6,
        "emit_1_us": await emits(1) * 1e6,
        "emit_10_us": await emits(10) * 1e6,
    }


async def turns(tokens: int) -> float:
    """Seconds that one turn takes beside what the provider would take alone."""
    from amplifier_core import AmplifierSession, ChatResponse
    from amplifier_core.events import CONTENT_BLOCK_DELTA

    from cloche.agent import orchestrator
    from cloche.agent.context import ContextWindow
    from cloche.agent.modules import Modules

    class Provider:
        name = "instant"
        hooks: Any = None

        async def complete(self, request: Any, **_: Any) -> ChatResponse:
            for _number in range(tokens):
                delta = {"block_index": 0, "block_type": "text", "delta": "word "}
                await self.hooks.emit(CONTENT_BLOCK_DELTA, delta)
            return ChatResponse(content=[{"type": "text", "text": "An answer."}], finish_reason="stop")

        def parse_tool_calls(self, response: Any) -> list[Any]:
            return []

    provider = Provider()

    async def mount_orchestrator(coordinator: Any, config: Any) -> None:
        await orchestrator.mount(coordinator, config)

    async def mount_context(coordinator: Any, _: Any) -> None:
        await coordinator.mount("context", ContextWindow(coordinator))

    async def mount_provider(coordinator: Any, _: Any) -> None:
        provider.hooks = coordinator.hooks
        await coordinator.mount("providers", provider, name=provider.name)
        coordinator.hooks.register(CONTENT_BLOCK_DELTA, lambda event, data: None, name="listener")

    config = {
        "session": {"orchestrator": "loop", "context": "window"},
        "providers": [{"module": "instant"}],
    }
    session = AmplifierSession(config)
    session.coordinator.loader = Modules(
        {"loop": mount_orchestrator, "window": mount_context, "instant": mount_provider}
    )
    await session.initialize()
    times = []
    context = session.coordinator.get("context")
    for _ in range(TURNS if tokens == 0 else 5):
        await context.clear()
        started = time.perf_counter()
        await session.execute("A question.")
        times.append(time.perf_counter() - started)
    await session.cleanup()
    return sorted(times)[len(times) // 2]


async def emits(handlers: int) -> float:
    """Seconds that one event takes."""
    from amplifier_core import HookRegistry

    registry = HookRegistry()
    for number in range(handlers):
        registry.register("tool:pre", lambda event, data: None, priority=number, name=f"h{number}")
    data = {"tool_name": "calculator", "tool_input": {"expression": "1+1"}, "tool_call_id": "c1"}
    started = time.perf_counter()
    for _ in range(EVENTS):
        await registry.emit("tool:pre", data)
    return (time.perf_counter() - started) / EVENTS


async def memory() -> dict[str, float]:
    """What a long conversation holds while it is answered, through the whole app; all turns but the last are stored."""
    from tests.unit.cloche.scripted import ScriptedEngine, ask, new_session, running

    scripted = ScriptedEngine(*["A word or two about it."] * 2 * ASKED)
    host = scripted.host()
    async with running(host) as app:
        await app.library.ready()
        session_id = await new_session(app)
        times: dict[int, list[float]] = {}
        tracemalloc.start()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for turns in (0, LONG - 2 * ASKED):
            leaf = (app.store.messages.branch(session_id) or [{"id": None}])[-1]["id"]
            with app.store.database.transaction():
                for number in range(turns):
                    question = [{"type": "text", "text": f"Question number {number}, of a usual length for people."}]
                    asked = app.store.messages.add(session_id, leaf, "user", question)
                    said = [{"type": "text", "text": "A word or two about it."}]
                    leaf = app.store.messages.add(session_id, asked["id"], "assistant", said)["id"]
            for number in range(ASKED):
                started = time.perf_counter()
                await ask(app, host, session_id, f"Question {number} of these, of a usual length for people.")
                times.setdefault(turns, []).append(time.perf_counter() - started)
                # These belong to the stand-ins for the page and the engine.
                host.events.clear()
                scripted.requests.clear()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        first, last = (sorted(found)[ASKED // 2] * 1000 for found in times.values())
        return {
            "python_mib": (after - before) / MIB,
            "database_mib": app.store.database.size / MIB,
            "first_ms": first,
            "last_ms": last,
        }


if __name__ == "__main__":
    main(*sys.argv[1:])
