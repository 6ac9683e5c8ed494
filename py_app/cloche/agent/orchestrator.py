"""The agent loop: ask the provider, run the tools it calls, ask again, until there is an answer.

Owns the order of events of a turn (Amplifier's orchestrator contract) and the limits on it; it knows no model, no tool
and no page. `execution:start` comes first, `execution:end` on every exit, `orchestrator:complete` last. Text streams as
`content_block:*` events which the provider emits while `complete` runs. An immediate cancellation breaks off the
provider and the tools at once, a graceful one ends the turn before the next request.

The option `tool_choice` holds for the first call of a turn: "none" offers no tools, "required" and a tool's name want a
call, and a model that makes none is told so until the guard ends the turn. After it the model may answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from amplifier_core import ChatRequest, ChatResponse, HookResult, Message, ToolCall, ToolSpec
from amplifier_core.events import (
    CONTENT_BLOCK_END,
    EXECUTION_END,
    EXECUTION_START,
    ORCHESTRATOR_COMPLETE,
    PROMPT_SUBMIT,
    PROVIDER_ERROR,
    PROVIDER_REQUEST,
    PROVIDER_RESPONSE,
)

from ..calling.choice import AUTO, NONE, REQUIRED
from ..errors import BadInput
from .approval import denial
from .guards import Guard, Limits
from .tool_calls import ToolCalls, changed
from .transcript import Data


class StreamingLoop:
    """An Amplifier orchestrator. `options` gives the generation parameters of each request."""

    def __init__(self, options: Callable[[], Data] = dict, limits: Limits | None = None) -> None:
        self._options = options
        self._limits = limits or Limits()
        self._running: asyncio.Task[str] | None = None
        #: what ended the last turn; amplifier-core only hands on its text
        self.failure: BaseException | None = None

    async def execute(
        self,
        prompt: str,
        context: Any,
        providers: dict[str, Any],
        tools: dict[str, Any],
        hooks: Any,
        coordinator: Any = None,
        **_: Any,
    ) -> str:
        """One turn; gives the text of the last answer."""
        self.failure = None
        turn = Turn(context, providers, tools, hooks, coordinator)
        await hooks.emit(EXECUTION_START, {"prompt": prompt})
        try:
            self._running = asyncio.create_task(self._rounds(turn, prompt))
            turn.text = await self._running
            turn.status = "cancelled" if turn.cancelled else "success"
        except BaseException as error:
            if not (isinstance(error, asyncio.CancelledError) and turn.cancelled):
                self.failure = error
                raise
            turn.status = "cancelled"
        finally:
            self._running = None
            await hooks.emit(EXECUTION_END, {"response": turn.text, "status": turn.status})
            await hooks.emit(
                ORCHESTRATOR_COMPLETE,
                {"orchestrator": "loop-streaming", "turn_count": turn.rounds, "status": turn.status},
            )
        return turn.text

    async def break_off(self) -> None:
        """End what is running now: the callback of an immediate cancellation."""
        if self._running is not None:
            self._running.cancel()

    async def _rounds(self, turn: Turn, prompt: str) -> str:
        turn.choose(self._options().get("tool_choice") or AUTO)
        submitted = await turn.emit(PROMPT_SUBMIT, {"prompt": prompt})
        if submitted.action == "deny":
            return await self._say(turn, denial(submitted.reason))
        await turn.context.add_message({"role": "user", "content": changed(submitted, "prompt", prompt)})
        guard = Guard(self._limits)
        calls = ToolCalls(turn.tools, turn.emit, turn.cancellation, guard)
        text = ""
        while not turn.cancelled:
            turn.rounds += 1
            response = await self._ask(turn)
            if isinstance(response, str):
                return await self._say(turn, response)
            guard.asked(response)
            text = text_of(response)
            requested = turn.provider.parse_tool_calls(response)
            await turn.context.add_message({"role": "assistant", "content": blocks_of(response)})
            missing = turn.missing(requested)
            if not requested and not missing:
                return text
            for result in await calls.run(requested):
                await turn.context.add_message(result)
            if missing:
                guard.fault(missing)
                await turn.context.add_message({"role": "user", "content": missing, "metadata": {"source": "hook"}})
            verdict = guard.verdict()
            if verdict is not None and not turn.cancelled:
                return await self._say(turn, verdict)
        return text

    async def _ask(self, turn: Turn) -> ChatResponse | str:
        """The provider's response, or the reason of a hook that denied the request."""
        asked = await turn.emit(PROVIDER_REQUEST, {"provider": turn.provider_name, "iteration": turn.rounds})
        if asked.action == "deny":
            return denial(asked.reason)
        messages = await turn.context.get_messages_for_request(provider=turn.provider)
        request = ChatRequest(
            messages=[Message(**message) for message in with_ephemeral(messages, asked)],
            tools=tool_specs(turn.tools) or None,
            stream=True,
            **{**self._options(), "tool_choice": turn.choice if turn.tools else None},
        )
        try:
            response: ChatResponse = await turn.provider.complete(request)
        except Exception as error:
            problem = {"type": type(error).__name__, "msg": str(error)}
            await turn.emit(PROVIDER_ERROR, {"provider": turn.provider_name, "error": problem})
            raise
        for index, block in enumerate(response.content):
            data = {"block_index": index, "total_blocks": len(response.content), "block": block.model_dump()}
            await turn.emit(CONTENT_BLOCK_END, data)
        await turn.emit(
            PROVIDER_RESPONSE,
            {
                "provider": turn.provider_name,
                "finish_reason": response.finish_reason,
                "usage": response.usage.model_dump() if response.usage else None,
                "metadata": response.metadata,
            },
        )
        return response

    async def _say(self, turn: Turn, text: str) -> str:
        """Answer with a sentence of the loop's own; no hook can object to it."""
        await turn.context.add_message({"role": "assistant", "content": text})
        await turn.hooks.emit(PROVIDER_REQUEST, {"provider": "loop-streaming", "iteration": turn.rounds + 1})
        block = {"type": "text", "text": text}
        await turn.hooks.emit(CONTENT_BLOCK_END, {"block_index": 0, "total_blocks": 1, "block": block})
        return text


class Turn:
    """What one execution works with, and how far it is."""

    def __init__(
        self, context: Any, providers: dict[str, Any], tools: dict[str, Any], hooks: Any, coordinator: Any
    ) -> None:
        if not providers:
            raise RuntimeError("No provider is mounted.")
        self.context, self.tools, self.hooks, self.coordinator = context, tools, hooks, coordinator
        self.provider_name, self.provider = next(iter(providers.items()))
        self.choice = AUTO
        self.rounds = 0
        self.text = ""
        self.status = "error"

    def choose(self, choice: str) -> None:
        """Take the tool choice of this turn. Raises BadInput when no such tool is offered."""
        if choice == NONE:
            self.tools = {}
        elif choice != AUTO and (not self.tools or (choice != REQUIRED and choice not in self.tools)):
            wanted = "a tool" if choice == REQUIRED else f"the tool {choice}"
            raise BadInput(
                f"The model must call {wanted}, but it is not offered in this conversation.",
                action="Open Tools and switch it on, or let the model decide.",
            )
        else:
            self.choice = choice

    def missing(self, requested: Sequence[ToolCall]) -> str:
        """What to tell a model that did not call what it must; empty once it did."""
        if self.choice == AUTO or any(self.choice in (REQUIRED, call.name) for call in requested):
            self.choice = AUTO
            return ""
        wanted = "a tool" if self.choice == REQUIRED else f"the tool {self.choice}"
        return f"You must call {wanted} before you answer. Call it now."

    @property
    def cancellation(self) -> Any:
        """The session's cancellation token."""
        return self.coordinator.cancellation if self.coordinator is not None else None

    @property
    def cancelled(self) -> bool:
        """Whether the turn is to end."""
        return bool(self.cancellation is not None and self.cancellation.is_cancelled)

    async def emit(self, event: str, data: Data, source: str = "loop-streaming") -> HookResult:
        """Tell the hooks and carry out what they want; approval is asked for here."""
        result: HookResult = await self.hooks.emit(event, data)
        if self.coordinator is None:
            return result
        asked = result.data if result.action == "ask_user" else None
        result = await self.coordinator.process_hook_result(result, event, source)
        if asked and result.action == "continue":
            # What was allowed is what runs: the hook asked about these data, changed or not.
            return result.model_copy(update={"data": asked})
        return result


def with_ephemeral(messages: list[Data], result: HookResult) -> list[Data]:
    """The messages of a request with what hooks inject into this request only."""
    if result.action != "inject_context":
        return messages
    messages = list(messages)
    for injection in result.context_injections:
        if not injection.ephemeral:
            continue
        last = messages[-1] if messages else {}
        if injection.append_to_last_tool_result and last.get("role") == "tool" and isinstance(last["content"], str):
            messages[-1] = {**last, "content": f"{last['content']}\n\n{injection.content}"}
        else:
            messages.append({"role": injection.role, "content": injection.content})
    return messages


def tool_specs(tools: dict[str, Any]) -> list[ToolSpec]:
    """The tools as a provider's request names them."""
    return [
        ToolSpec(name=name, description=tool.description, parameters=getattr(tool, "input_schema", None) or {})
        for name, tool in tools.items()
    ]


def text_of(response: ChatResponse) -> str:
    """The text of a response."""
    return "".join(block.text for block in response.content if block.type == "text")


def blocks_of(response: ChatResponse) -> str | list[Data]:
    """What a context keeps of a response: its text, and its tool calls where there are any."""
    blocks = [block.model_dump(exclude_none=True) for block in response.content if block.type in ("text", "tool_call")]
    if all(block["type"] == "text" for block in blocks):
        return text_of(response)
    return blocks


async def mount(coordinator: Any, config: Data, options: Callable[[], Data] = dict) -> None:
    """Mount the loop, so that an immediate cancellation reaches it."""
    given = {
        name: config[f"max_{name}"] for name in ("rounds", "tokens", "seconds", "faults") if f"max_{name}" in config
    }
    loop = StreamingLoop(options, Limits(**given))
    await coordinator.mount("orchestrator", loop)

    async def on_cancel() -> None:
        if coordinator.cancellation.is_immediate:
            await loop.break_off()

    coordinator.cancellation.on_cancel(on_cancel)
