"""What our engine does differently from the native one, on purpose.

The package docstring of amplifier_engine lists these; each has its test here.
"""

import asyncio
import contextvars
import inspect
import re
import threading
from typing import Any

import pytest
from tests.unit.amplifier_engine import engines

import amplifier_engine

_place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")


def _run(scenario: Any) -> Any:
    with engines.OURS.use() as core:
        return asyncio.run(scenario(core))


def test_every_public_name_of_the_native_module_is_there() -> None:
    assert len(amplifier_engine.__all__) == 85
    assert all(hasattr(amplifier_engine, name) for name in amplifier_engine.__all__)
    if engines.NATIVE is not None:
        with engines.NATIVE.use() as core:
            assert sorted(core._engine.__all__) == sorted(amplifier_engine.__all__)


def test_every_public_thing_says_what_it_is() -> None:
    for name in amplifier_engine.__all__:
        thing = getattr(amplifier_engine, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert inspect.getdoc(thing), name


def test_a_sync_handler_runs_in_the_loops_thread_and_context() -> None:
    async def scenario(core: Any) -> list[Any]:
        seen: list[Any] = []
        registry = core.HookRegistry()
        registry.register("e", lambda _e, _d: seen.append((threading.current_thread(), _place.get())))
        _place.set("emitter")
        await registry.emit("e", {})
        return seen

    assert _run(scenario) == [(threading.current_thread(), "emitter")]


def test_an_event_nobody_awaits_is_not_sent() -> None:
    async def scenario(core: Any) -> list[str]:
        seen: list[str] = []
        registry = core.HookRegistry()
        registry.register("e", lambda event, _d: seen.append(event))
        registry.emit("e", {}).close()
        await asyncio.sleep(0)
        return seen

    assert _run(scenario) == []


def test_keys_keep_their_order() -> None:
    async def scenario(core: Any) -> list[Any]:
        seen: list[Any] = []
        registry = core.HookRegistry()
        registry.register("e", lambda _e, data: seen.append(list(data)))
        result = await registry.emit("e", {"z": 1, "a": {"y": 1, "b": 2}, "m": 3})
        return [*seen, list(result.data), list(result.data["a"])]

    order = ["z", "a", "m", "timestamp"]
    assert _run(scenario) == [order, order, ["y", "b"]]


def test_numbers_keep_their_value() -> None:
    values = [2.7715077941825975e-163, 2.2790121708605243e274, 0.1 + 0.2, 5e-324, -0.0]

    async def scenario(core: Any) -> Any:
        result = await core.HookRegistry().emit("e", {"v": values, "t": (2**100,)})
        return result.data

    assert _run(scenario) == {"v": values, "t": [2.0**100]}


def test_methods_without_a_result_give_none() -> None:
    async def scenario(core: Any) -> Any:
        coordinator = core.ModuleCoordinator()
        return [
            await coordinator.mount("tools", 1, "t"),
            await coordinator.unmount("tools", "t"),
            await coordinator.request_cancel(),
            await coordinator.cleanup(),
            await coordinator.cancellation.trigger_callbacks(),
        ]

    assert _run(scenario) == [None] * 5


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e300])
def test_a_time_limit_that_is_none_is_refused(seconds: float) -> None:
    async def scenario(core: Any) -> None:
        with pytest.raises(ValueError, match="cannot convert float seconds to Duration"):
            core.HookRegistry().emit_and_collect("e", {}, seconds)

    _run(scenario)


def test_protobuf_says_why_it_is_not_there() -> None:
    with pytest.raises(ValueError, match="a browser tab cannot reach"):
        amplifier_engine.proto_chat_request_to_json(b"")
    with pytest.raises(ValueError, match="a browser tab cannot reach"):
        amplifier_engine.json_to_proto_chat_response('{"content": []}')


def test_wasm_components_say_why_they_are_not_there(tmp_path: Any) -> None:
    (tmp_path / "amplifier.toml").write_text('[module]\ntransport = "wasm"\ntype = "tool"\n')
    with pytest.raises(RuntimeError, match="no engine for WASM components"):
        amplifier_engine.load_wasm_from_path(str(tmp_path))


def test_the_timestamp_is_rfc_3339_in_utc() -> None:
    async def scenario(core: Any) -> str:
        registry = core.HookRegistry()
        registry.register("e", lambda _e, _d: None)
        return (await registry.emit("e", {})).data["timestamp"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?\+00:00", _run(scenario))
