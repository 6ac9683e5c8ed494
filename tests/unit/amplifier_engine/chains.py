"""A chain of hook handlers as data, and running it.

Owns the form that both the seeded scenario and the property tests generate, and the
way one chain is sent through a registry and, where it fits, through a coordinator.
"""

import asyncio
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One handler: what it answers or raises, and when it runs."""

    answer: Any = None
    error: BaseException | None = None
    priority: int = 0
    waits: bool = False


def _handler(see: Any, number: int, step: Step) -> Any:
    def act(data: Any) -> Any:
        see.note(f"handler {number}", data)
        if step.error is not None:
            raise step.error
        return step.answer

    async def later(_event: str, data: Any) -> Any:
        await asyncio.sleep(0)
        return act(data)

    def at_once(_event: str, data: Any) -> Any:
        return act(data)

    return later if step.waits else at_once


async def run(core: Any, see: Any, data: Any, steps: list[Step], defaults: dict[str, Any] | None = None) -> None:
    """Send data through the chain and note everything that can be seen of it."""
    coordinator = core.ModuleCoordinator()
    registry = coordinator.hooks
    if defaults is not None:
        see.call("defaults", lambda: registry.set_default_fields(**defaults))
    for number, step in enumerate(steps):
        registry.register("event", _handler(see, number, step), step.priority, f"h{number}")
    result = await see.wait("emitted", registry.emit, "event", data)
    if result is not None:
        await see.wait("processed", coordinator.process_hook_result, result, "event")
        see.note("injected", coordinator._current_turn_injections)
    await see.wait("collected", registry.emit_and_collect, "event", data)
