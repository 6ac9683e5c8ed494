"""What the interrupt signal ends, and what it leaves alone."""

from __future__ import annotations

import asyncio
import inspect
import signal
import sys
import types
from collections.abc import Generator
from typing import Any

import pytest
from tests.unit.cloche.scripted import ScriptedEngine, running

from cloche.console.code import run
from cloche.console.interruption import handler
from cloche.traces import remember


def test_the_apps_own_code_is_not_broken_off_but_a_persons_is_cancelled() -> None:
    cancelled: list[int] = []

    def cancel() -> bool:
        cancelled.append(1)
        return True

    interrupt = handler(cancel)
    interrupt(2, inspect.currentframe())
    interrupt(2, None)
    assert len(cancelled) == 2


def test_a_persons_code_is_ended_also_where_it_called_the_app() -> None:
    source = "def persons(signal):\n    signal()"
    remember("persons.py", source)
    namespace: dict[str, object] = {}
    exec(compile(source, "persons.py", "exec"), namespace)  # noqa: S102

    def signal() -> None:
        handler(lambda: True)(2, inspect.currentframe())

    with pytest.raises(KeyboardInterrupt):
        namespace["persons"](signal)  # type: ignore[operator]


async def test_code_that_is_about_to_wake_up_does_not_get_away() -> None:
    """The signal is seen by the event loop just before code goes on that would never let go of Python again."""
    host = ScriptedEngine().host()
    async with running(host) as app:
        gate = asyncio.Event()
        app.console.namespace["gate"] = gate
        code = "print('waiting')\nawait gate.wait()\nprint('got away')"
        run = asyncio.create_task(app.handle("console.run", {"run_id": "1", "code": code}))
        await host.event("console:output")
        gate.set()
        handler(app.interrupt)(2, inspect.currentframe())
        assert (await run)["status"] == "stopped"
        assert [told["text"] for told in host.told("console:output")] == ["waiting\n"]


async def test_code_does_not_get_away_on_the_app_s_way_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal is seen when the event loop goes on with the code, in the app's own frames around it."""

    @types.coroutine
    def signalled(*arguments: Any) -> Generator[Any, Any, Any]:
        code = run(*arguments)
        yield code.send(None)
        signal.raise_signal(signal.SIGINT)
        return (yield from code)

    monkeypatch.setattr("cloche.console.console.run", signalled)
    host = ScriptedEngine().host()
    async with running(host) as app:
        before = signal.signal(signal.SIGINT, handler(app.interrupt))
        gate = asyncio.Event()
        app.console.namespace["gate"] = gate
        code = "print('waiting')\nawait gate.wait()\nfor _ in range(1_000_000):\n    pass\nprint('got away')"
        ended = asyncio.create_task(app.handle("console.run", {"run_id": "1", "code": code}))
        try:
            await host.event("console:output")
            gate.set()
            assert (await ended)["status"] == "stopped"
        finally:
            signal.signal(signal.SIGINT, before)
        assert [told["text"] for told in host.told("console:output")] == ["waiting\n"]
        assert sys.gettrace() is None


async def test_code_that_has_not_begun_is_stopped() -> None:
    async with running(ScriptedEngine().host()) as app:
        run = asyncio.create_task(app.handle("console.run", {"run_id": "1", "code": "1 + 1"}))
        await asyncio.sleep(0)
        assert app.interrupt()
        assert (await run)["status"] == "stopped"


async def test_code_is_stopped_whose_command_is_just_being_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal is seen before there is a task that could be ended; what the page sent with it comes next."""
    host = ScriptedEngine().host()
    async with running(host) as app:
        sent: list[asyncio.Task[Any]] = []

        def pressed(_history: object, _code: str) -> None:
            handler(app.interrupt)(2, inspect.currentframe())
            loop = asyncio.get_running_loop()
            loop.call_soon(lambda: sent.append(loop.create_task(app.handle("console.stop", {}))))

        monkeypatch.setattr("cloche.console.history.History.add", pressed)
        run = await app.handle("console.run", {"run_id": "1", "code": "print('got away')"})
        assert run["status"] == "stopped"
        await sent[0]
        assert host.told("console:output") == []


async def test_with_nothing_running_it_means_nothing() -> None:
    async with running(ScriptedEngine().host()) as app:
        handler(app.interrupt)(2, inspect.currentframe())
        result = await app.handle("console.run", {"run_id": "1", "code": "1 + 1"})
        assert (result["status"], result["value"]) == ("done", "2")
