"""What this device suggests where a person has left a setting open."""

from __future__ import annotations

from typing import Any

import pytest

from cloche.errors import EngineCrashed
from cloche.host.memory import MemoryHost, ScriptedLink
from cloche.model_shapes import EngineOptions
from cloche.models.device import ThisDevice
from cloche.store.models import ModelRows
from cloche.store.store import Store

GPU = {"gpu": True, "gpu_features": ["shader-f16"]}


def device_with(facts: dict[str, Any], measured: dict[str, Any] | None) -> ThisDevice:
    """A device of these facts; one that cannot be measured has a worker that crashes."""

    async def describe(params: Any, push: Any) -> Any:
        return {"isolated": True, "processors": 8, **facts}

    async def measure(params: Any, push: Any) -> Any:
        if measured is None:
            raise EngineCrashed("The worker ended.")
        return {"cpu_gflops": 1.0, "at": 1.0, **measured}

    link = ScriptedLink({"device.describe": describe, "device.measure": measure})

    def worker() -> ScriptedLink:
        link.closed = False
        return link

    return ThisDevice(MemoryHost(workers={"device": worker}), ModelRows(Store(":memory:").database))


@pytest.mark.parametrize(("free", "threads"), [(1.0, 1), (2.9, 3), (3.5, 3), (40.0, 8)])
async def test_there_are_never_more_threads_than_free_cores(free: float, threads: int) -> None:
    tuned = await device_with({}, {"free_cores": free}).tuned(EngineOptions())
    assert (tuned.threads, tuned.gpu_layers) == (threads, 0)


async def test_with_a_useful_gpu_the_layers_are_left_to_the_engine() -> None:
    assert (await device_with(GPU, {"free_cores": 2.0}).tuned(EngineOptions())).gpu_layers is None
    forced = await device_with(GPU, {"free_cores": 2.0}).tuned(EngineOptions(gpu_layers=0, threads=1))
    assert (forced.gpu_layers, forced.threads) == (0, 1)


async def test_a_device_that_cannot_be_measured_leaves_everything_to_the_engine() -> None:
    device = device_with({}, None)
    assert await device.tuned(EngineOptions()) == EngineOptions()
    assert device.measured is None
