"""This device: what it allows, how fast it is, and which advanced settings follow where a person has chosen none.

Owns the questions to the worker "device" and the remembered measurement. A measurement is made when a person asks for
it, and once by itself before the first model is loaded that did not come with the app."""

from __future__ import annotations

import asyncio
from math import floor
from typing import Any

from ..commands import NoParams
from ..engine_contract import Device, Measured
from ..errors import ClocheError
from ..host.base import Host
from ..model_shapes import EngineOptions
from ..store.models import ModelRows
from .fit import runs_on_gpu

#: a core that is free to this degree counts as one: the clock of a short measurement is not exact
NEARLY_WHOLE = 0.2


class ThisDevice:
    """Asks the browser, and remembers."""

    def __init__(self, host: Host, rows: ModelRows) -> None:
        self._host = host
        self._rows = rows
        self._measuring = asyncio.Lock()
        self.facts: Device | None = None

    @property
    def measured(self) -> Measured | None:
        """What was measured last."""
        return self._rows.measured()

    async def describe(self) -> Device:
        """The facts of now; free room on the disk changes."""
        self.facts = Device.model_validate(await self._ask("device.describe"))
        return self.facts

    async def measure(self) -> Measured:
        """Measure anew, about a second."""
        async with self._measuring:
            measured = Measured.model_validate(await self._ask("device.measure"))
            self._rows.keep_measured(measured)
        return measured

    async def tuned(self, options: EngineOptions) -> EngineOptions:
        """The settings with what this device suggests in the place of what a person has left open."""
        try:
            facts = self.facts or await self.describe()
            measured = self.measured or await self.measure()
        except ClocheError:
            return options  # the engine has defaults of its own
        threads = max(1, min(facts.processors, floor(measured.free_cores + NEARLY_WHOLE)))
        return options.model_copy(
            update={
                "threads": options.threads or threads,
                "gpu_layers": options.gpu_layers if options.gpu_layers is not None or runs_on_gpu(facts) else 0,
            }
        )

    async def _ask(self, method: str) -> Any:
        link = await self._host.open_link("device")
        try:
            return await link.call(method, NoParams().model_dump())
        finally:
            await link.close()
