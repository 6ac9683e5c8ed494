"""A whole Amplifier session around the loop, with a provider and tools that follow a script. Only for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from amplifier_core import AmplifierSession, ChatRequest, ChatResponse, ToolCall, ToolResult, Usage

from cloche.agent import orchestrator
from cloche.agent.context import ContextWindow
from cloche.agent.modules import Modules

Step: TypeAlias = ChatResponse | Exception | Callable[[], Any]


def says(text: str) -> ChatResponse:
    """A response of text."""
    usage = Usage(input_tokens=1, output_tokens=1, total_tokens=2)
    return ChatResponse(content=[{"type": "text", "text": text}], usage=usage, finish_reason="stop")


def calls(*named: tuple[str, dict[str, Any]], fault: str | None = None) -> ChatResponse:
    """A response that calls tools."""
    made = [
        ToolCall(id=f"c{number}", name=name, arguments=arguments, **({"fault": fault} if fault else {}))
        for number, (name, arguments) in enumerate(named)
    ]
    blocks = [{"type": "tool_call", "id": call.id, "name": call.name, "input": call.arguments} for call in made]
    return ChatResponse(content=blocks, tool_calls=made, finish_reason="tool_calls")


class Provider:
    """Gives its steps one by one."""

    name = "scripted"

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        self.requests: list[ChatRequest] = []

    async def complete(self, request: ChatRequest, **_: Any) -> ChatResponse:
        """The next step."""
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, ChatResponse):
            return step
        response: ChatResponse = await step()
        return response

    def parse_tool_calls(self, response: ChatResponse) -> list[ToolCall]:
        """The calls of a response."""
        return list(response.tool_calls or [])


class Tool:
    """Runs a function. Its results are its own, not from outside."""

    outside = False

    def __init__(self, name: str, run: Callable[[dict[str, Any]], Any]) -> None:
        self.name = name
        self.description = f"Runs {name}."
        self.input_schema = {"type": "object", "properties": {}}
        self.inputs: list[dict[str, Any]] = []
        self._run = run

    async def execute(self, arguments: dict[str, Any]) -> ToolResult:
        """Call the function."""
        self.inputs.append(arguments)
        result = self._run(arguments)
        return await result if hasattr(result, "__await__") else result


class Loop:
    """A session that is ready to be asked. `events` lists what happened, in order."""

    def __init__(self, *steps: Step, tools: Sequence[Any] = (), options: Any = None, **limits: float) -> None:
        self.provider = Provider(steps)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._tools = tools
        self._options = options or {}
        config = {
            "session": {
                "orchestrator": {"module": "loop-streaming", "config": limits},
                "context": "context-window",
            },
            "providers": [{"module": "provider-scripted"}],
        }
        self.session = AmplifierSession(config)
        self.coordinator = self.session.coordinator
        self.coordinator.loader = Modules(
            {"loop-streaming": self._loop, "context-window": self._context, "provider-scripted": self._mount}
        )

    async def _loop(self, coordinator: Any, config: dict[str, Any]) -> None:
        await orchestrator.mount(coordinator, config, lambda: self._options)

    async def _context(self, coordinator: Any, _: dict[str, Any]) -> None:
        await coordinator.mount("context", ContextWindow(coordinator))

    async def _mount(self, coordinator: Any, _: dict[str, Any]) -> None:
        await coordinator.mount("providers", self.provider, name="scripted")
        for tool in self._tools:
            await coordinator.mount("tools", tool, name=tool.name)

    async def ready(self) -> Loop:
        """Mount everything and listen to everything."""
        from amplifier_core.events import ALL_EVENTS

        await self.session.initialize()
        for event in ALL_EVENTS:
            self.coordinator.hooks.register(event, self._heard, priority=999)
        return self

    async def _heard(self, event: str, data: dict[str, Any]) -> None:
        self.events.append((event, data))

    def hook(self, event: str, handler: Callable[[str, dict[str, Any]], Any]) -> None:
        """Register a hook."""
        self.coordinator.hooks.register(event, handler)

    def names(self) -> list[str]:
        """The names of the events so far."""
        return [name for name, _ in self.events]

    async def messages(self) -> list[dict[str, Any]]:
        """What the context holds."""
        found: list[dict[str, Any]] = await self.coordinator.get("context").get_messages()
        return found
