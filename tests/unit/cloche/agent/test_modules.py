"""The loader of modules."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.agent.modules import Modules


async def test_a_module_is_mounted_with_its_configuration() -> None:
    mounted: list[Any] = []

    async def mount(coordinator: Any, config: dict[str, Any]) -> None:
        mounted.append((coordinator, config))

    load = Modules({"tool-clock": mount}).load
    await (await load("tool-clock", {"zone": "UTC"}))("coordinator")
    await (await load("tool-clock"))("coordinator")
    assert mounted == [("coordinator", {"zone": "UTC"}), ("coordinator", {})]


async def test_an_unknown_module_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="tool-clock"):
        await Modules({}).load("tool-clock")


def test_callbacks_for_a_ready_session_queue_up_until_cleared() -> None:
    async def ready(_: Any) -> None:
        """Nothing."""

    modules = Modules({})
    modules.enqueue_on_session_ready("tool-clock", ready)
    assert modules.get_on_session_ready_queue() == [("tool-clock", ready)]
    modules.clear_on_session_ready_queue()
    assert modules.get_on_session_ready_queue() == []
