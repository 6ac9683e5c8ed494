"""The extension point: how a Python file adds tools, hooks and providers to Cloche. This module is its manual.

A file defines any of three functions. They are called once, when the file is loaded; what they register takes part in
every conversation in which the file is switched on:

    import random
    from cloche.extensions import HookResult, tool

    @tool(access="read")                # "read" runs at once; "write", "network" and "code" ask the person first
    def roll(sides: int = 6) -> int:
        '''Roll a die.

        Args:
            sides: how many sides it has
        '''
        return random.randint(1, sides)

    def register_tools(register):       # a @tool, a typed function (counts as "write"), or any Amplifier tool
        register(roll)

    def register_hooks(register):       # an event of amplifier_core.events, a handler, and optionally a priority
        register("tool:pre", no_big_dice)

    async def no_big_dice(event, data):     # None lets it go on; an action of HookResult does more
        if data["tool_input"].get("sides", 0) > 100:
            return HookResult(action="deny", reason="There is no such die.")

    def register_providers(register):   # an Amplifier provider: it answers in place of the chosen model
        register(MyProvider())

A file may instead be an Amplifier module: `async def mount(coordinator, config)` is called for each such conversation
and may give back a function for the clean-up. What goes wrong is shown beside the file, with where; it ends nothing.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from amplifier_core import HookResult, ToolResult

from ..agent.modules import Cleanup
from ..tools.tool import FunctionTool, ToolFault, tool

__all__ = ["Extension", "HookResult", "ToolFault", "ToolResult", "as_tool", "tool"]


class Extension:
    """A loaded file: what it registered, and how that comes into a conversation."""

    def __init__(self, module: ModuleType) -> None:
        self.tools: list[Any] = []
        self.hooks: list[tuple[str, Any, int]] = []
        self.providers: list[Any] = []
        self.own_mount = getattr(module, "mount", None)
        for name, register in (
            ("register_tools", lambda thing: self.tools.append(as_tool(thing))),
            ("register_hooks", lambda event, handler, priority=0: self.hooks.append((event, handler, priority))),
            ("register_providers", self.providers.append),
        ):
            if hasattr(module, name):
                getattr(module, name)(register)

    async def mount(self, coordinator: Any, config: dict[str, Any]) -> Cleanup | None:
        """What Amplifier calls for each conversation."""
        for one in self.tools:
            await coordinator.mount("tools", one, name=one.name)
        for one in self.providers:
            await coordinator.mount("providers", one, name=one.name)
        for event, handler, priority in self.hooks:
            coordinator.hooks.register(event, handler, priority=priority, name=f"extension-{event}")
        return await self.own_mount(coordinator, config) if self.own_mount else None


def as_tool(thing: Any) -> Any:
    """An Amplifier tool as it is; a function becomes one."""
    if hasattr(thing, "execute") and hasattr(thing, "name"):
        return thing
    if not callable(thing):
        raise TypeError(f"{thing!r} is neither a function nor a tool.")
    made: FunctionTool = tool()(thing)
    return made
