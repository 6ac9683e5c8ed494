"""What the console mounts while the app runs: tools and hooks in every conversation, at once and until it ends.

Owns `tools` and `on` of the console's namespace. What should outlive the tab is an extension instead.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from amplifier_core import HookResult
from amplifier_core.events import ALL_EVENTS

from ..agent.modules import Cleanup
from ..extensions import as_tool
from ..tools.toolbox import Toolbox

Data = dict[str, Any]
Handler = Callable[[str, Data], Any]


class Live:
    """The modules that the console has mounted; `mount` is their Amplifier module, `changed` asks for a fresh one."""

    def __init__(self) -> None:
        self.tools: dict[str, Any] = {}
        self.changed: Callable[[], None] = lambda: None
        self._hooks: dict[int, tuple[str, Handler]] = {}
        self._numbers = itertools.count(1)
        self._sessions: dict[int, Mounted] = {}

    async def mount(self, coordinator: Any, _: Data) -> Cleanup:
        """Bring everything into a session."""
        mounted = self._sessions[id(coordinator)] = Mounted(coordinator)
        for tool in self.tools.values():
            await coordinator.mount("tools", tool, name=tool.name)
        for number, (event, handler) in self._hooks.items():
            mounted.listen(number, event, handler)
        return lambda: self._sessions.pop(id(coordinator), None)

    def add_tool(self, tool: Any) -> None:
        """Offer a tool everywhere, from the next turn on."""
        self.tools[tool.name] = tool
        self.changed()

    def remove_tool(self, name: str) -> None:
        """Take a tool away everywhere."""
        del self.tools[name]
        self.changed()

    def add_hook(self, event: str, handler: Handler) -> Callable[[], None]:
        """Hear an event everywhere, also in the turns that are running; gives what ends it."""
        number = next(self._numbers)
        self._hooks[number] = event, handler
        for mounted in self._sessions.values():
            mounted.listen(number, event, handler)

        def remove() -> None:
            self._hooks.pop(number, None)
            for mounted in self._sessions.values():
                mounted.stop(number)

        return remove


class Mounted:
    """What the console has in one session."""

    def __init__(self, coordinator: Any) -> None:
        self._coordinator = coordinator
        self._ends: dict[int, Callable[[], Any]] = {}

    def listen(self, number: int, event: str, handler: Handler) -> None:
        """Register a hook."""
        name = f"console-{number}"
        self._ends[number] = self._coordinator.hooks.register(event, heard(handler), name=name)

    def stop(self, number: int) -> None:
        """Take a hook away."""
        end = self._ends.pop(number, None)
        if end is not None:
            end()


class Tools:
    """`tools` in the console."""

    def __init__(self, toolbox: Toolbox, live: Live) -> None:
        self._toolbox = toolbox
        self._live = live

    def mount(self, function: Any) -> Any:
        """Offer a typed function (or an Amplifier tool) to every conversation until this tab closes.

        Also as a decorator. Models may call it from their next message on; unless `@tool(access="read")` says that it
        only reads, each call asks you first.
        """
        tool = as_tool(function)
        self._live.add_tool(tool)
        return function

    def unmount(self, name: str) -> None:
        """Take a tool that was mounted here away again."""
        if name not in self._live.tools:
            raise KeyError(f"No tool '{name}' was mounted here. Mounted: {', '.join(self._live.tools) or 'none'}.")
        self._live.remove_tool(name)

    async def call(self, name: str, **arguments: Any) -> str:
        """Run a tool yourself, without asking; gives its output as the model would read it."""
        result = await self[name].execute(arguments)
        return str(result.get_serialized_output() if hasattr(result, "get_serialized_output") else result)

    def __getitem__(self, name: str) -> Any:
        return {**self._toolbox.all(), **self._live.tools}[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._toolbox.all(), **self._live.tools})

    def __repr__(self) -> str:
        return f"<tools: {', '.join(self)}>"


def on(live: Live) -> Callable[[str, Handler], Callable[[], None]]:
    """`on` in the console."""

    def on(event: str, handler: Handler) -> Callable[[], None]:
        """Call `handler(event, data)` whenever this event happens in a conversation; gives a function that ends it.

        The events are those of amplifier_core.events, for example "tool:pre" or "content_block:delta"; "*" is all of
        them. A handler may give back a HookResult to deny or change what happens.
        """
        events = ALL_EVENTS if event == "*" else [event]
        ends = [live.add_hook(name, handler) for name in events]

        def end() -> None:
            for remove in ends:
                remove()

        return end

    return on


def heard(handler: Handler) -> Callable[[str, Data], Any]:
    """A handler whose answer counts only where it is one of Amplifier's."""

    async def hear(event: str, data: Data) -> HookResult:
        answer = handler(event, data)
        if inspect.isawaitable(answer):
            answer = await answer
        return answer if isinstance(answer, HookResult) else HookResult()

    return hear
