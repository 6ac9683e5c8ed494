"""Measures the model that is loaded: answers of up to 50, 256 and 512 tokens, and a picture.

Owns what is asked and how the engine's own figures become a report. Every prompt and picture is new, so that nothing
comes out of a cache; a longer answer is not asked of a model that ended a shorter one itself. A report takes the place
of the one before only where model, engine and hardware are the same: two engines can be compared.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

from ..engine_contract import ChatMessage, ChatRequest, Completion
from ..errors import Busy
from ..host.base import Host
from ..models.library import Library
from ..providers.worker import WorkerTransport
from ..store.speeds import SpeedRows
from ..vision.picture import Pixels
from ..vision.vision import Vision, hardware
from .shapes import SpeedReport, SpeedRow, Speeds

BUDGETS = (50, 256, 512)
#: an answer that fills less of its budget than this was ended by the model
FILLED = 0.9
PICTURE_SIDE = 64
STORY = (
    "The lighthouse keeper counted the steps every evening, although there had been the same number of them for forty "
    "years. From the top one could see the harbour, the boats with their red and white sails, the market where people "
    "bought bread and fish, and behind it the road to the mountains. On the day on which the letter came, fog lay over "
    "the water, and nobody had seen the postman climb the hill. The letter had no stamp and no sender. In it was a map "
    "of the island, drawn with a steady hand, and on the map was a path that the keeper had never noticed. "
)


class Benchmark:
    """The benchmark of one app. `busy`: somebody is being answered, so that figures would be wrong."""

    def __init__(self, host: Host, library: Library, vision: Vision, rows: SpeedRows, busy: Callable[[], bool]) -> None:
        self._host = host
        self._library = library
        self._transport = WorkerTransport(library)
        self._vision = vision
        self._rows = rows
        self._busy = busy
        self._running: asyncio.Task[SpeedReport] | None = None
        self._doing, self._done = "", 0

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands of the contract that this answers."""
        return {
            "speed.list": lambda _: self.known(),
            "speed.measure": lambda _: self.measure(),
            "speed.stop": lambda _: self.stop(),
            "speed.clear": lambda _: self.clear(),
        }

    def known(self) -> Speeds:
        """What was measured, and what is being measured."""
        return Speeds(reports=self._rows.all(), doing=self._doing, done=self._done, steps=len(BUDGETS) + 1)

    async def measure(self) -> Speeds:
        """Measure the model that is loaded; where it is stopped, nothing is kept.

        Raises Busy, ModelNotReady, EngineCrashed.
        """
        if self._running is not None:
            raise Busy("A measurement is running already.", action="Wait for it or press Stop.")
        if self._busy():
            raise Busy("An answer is being written, so that every figure would be too low.")
        self._running = asyncio.create_task(self._report())
        try:
            await asyncio.wait([self._running])
            if not self._running.cancelled():
                self._rows.keep(self._running.result())
        finally:
            self._running.cancel()
            self._running = None
            self._tell("", 0)
        return self.known()

    def stop(self) -> None:
        """End a measurement."""
        if self._running is not None:
            self._running.cancel()

    def clear(self) -> Speeds:
        """Forget what was measured."""
        self._rows.clear()
        return self.known()

    async def close(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _report(self) -> SpeedReport:
        self._tell("Waiting for the model", 0)
        await self._transport.ready()
        rows: list[SpeedRow] = []
        memory = None
        for done, budget in enumerate(BUDGETS):
            self._tell(f"Writing up to {budget} tokens", done)
            answer = await self._transport.complete(request(budget), lambda _: None)
            rows.append(row(budget, answer))
            memory = answer.memory_bytes
            if rows[-1].completion_tokens < FILLED * budget:
                break
        status = self._library.status
        image_ms = None
        if status.engine is not None and status.engine.images:
            self._tell("Looking at a picture", len(BUDGETS))
            pixels = Pixels(os.urandom(3 * PICTURE_SIDE**2), PICTURE_SIDE, PICTURE_SIDE)
            image_ms = (await self._vision.describe(pixels, "Describe it.", max_tokens=1)).image_ms
        return SpeedReport(
            model_id=status.card.id if status.card else "",
            model=status.card.name if status.card else "",
            engine=status.engine.engine if status.engine else "",
            hardware=hardware(status.engine),
            at=time.time(),
            rows=rows,
            image_ms=image_ms,
            memory_bytes=memory,
        )

    def _tell(self, doing: str, done: int) -> None:
        self._doing, self._done = doing, done
        self._host.emit([("speed:changed", self.known().model_dump())])


def request(budget: int) -> ChatRequest:
    """A prompt of some 200 tokens that no engine has read before."""
    prompt = f"{uuid.uuid4().hex}. {STORY}Go on with this story for as long as you can."
    return ChatRequest(messages=[ChatMessage(role="user", content=prompt)], max_tokens=budget, temperature=0)


def row(budget: int, answer: Completion) -> SpeedRow:
    """The figures of one answer."""
    read, took = answer.usage.prompt_tokens - answer.usage.cached_tokens, answer.timings.prompt_ms
    return SpeedRow(
        max_tokens=budget,
        prompt_tokens=read,
        completion_tokens=answer.usage.completion_tokens,
        first_token_ms=answer.timings.time_to_first_token_ms,
        prompt_tokens_per_second=read / took * 1000 if took else None,
        tokens_per_second=answer.timings.tokens_per_second,
    )
