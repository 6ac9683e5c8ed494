"""Runs the tool calls of one round, together, each under the hooks `tool:pre`, `tool:post` and `tool:error`.

Owns how a call becomes a result message. A call that is denied, unknown, malformed, repeated or broken gets a result
that says so: the model always hears back, and history never holds a call without its result. Arguments are checked
before anybody is asked to allow them; results come in through the boundary of outside.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from amplifier_core import HookResult, ToolCall, ToolResult
from amplifier_core.events import TOOL_ERROR, TOOL_POST, TOOL_PRE

from ..outside import as_data, clean, shortened
from .approval import denial
from .guards import Guard
from .transcript import Data, failure, result_message

Value = TypeVar("Value")
Emit = Callable[[str, Data, str], Awaitable[HookResult]]
#: for tools that do not say how long they may take
SECONDS = 60.0


def changed(result: HookResult, field: str, value: Value) -> Value:
    """A field of an event as the hooks left it: what they modified is in the result's data."""
    found = (result.data or {}).get(field)
    return found if isinstance(found, type(value)) else value


class ToolCalls:
    """Runs calls with the mounted tools."""

    def __init__(self, tools: dict[str, Any], emit: Emit, cancellation: Any, guard: Guard) -> None:
        self._tools = tools
        self._emit = emit
        self._cancellation = cancellation
        self._guard = guard

    async def run(self, calls: Sequence[ToolCall]) -> list[Data]:
        """The result messages, in the order of the calls."""
        this_round: set[str] = set()
        new = [self._guard.new(call.name, call.arguments, this_round) for call in calls]
        return list(await asyncio.gather(*(self._run_one(call, first) for call, first in zip(calls, new, strict=True))))

    async def _run_one(self, call: ToolCall, first: bool) -> Data:
        if self._cancellation is not None:
            self._cancellation.register_tool_start(call.id, call.name)
        try:
            output = await self._output(call, first)
        finally:
            if self._cancellation is not None:
                self._cancellation.register_tool_complete(call.id)
        return result_message(call.id, call.name, output)

    async def _output(self, call: ToolCall, first: bool) -> str:
        data: Data = {"tool_name": call.name, "tool_call_id": call.id, "tool_input": call.arguments}
        tool: Any = self._tools.get(call.name)
        kind, fault = self._fault(call, tool)
        if fault:
            self._guard.fault(fault)
            return await self._failed(data, kind, fault)
        if not first:
            return await self._failed(
                data, "repeated", "This call was made before with the same arguments; not run again."
            )
        asked_at = time.monotonic()
        before = await self._emit(TOOL_PRE, data, call.name)
        self._guard.waited(time.monotonic() - asked_at)
        if before.action == "deny":
            return await self._failed(data, "denied", denial(before.reason))
        data["tool_input"] = changed(before, "tool_input", data["tool_input"])
        seconds = getattr(tool, "seconds", SECONDS)
        try:
            async with asyncio.timeout(seconds) as limit:
                result = await tool.execute(data["tool_input"])
        except Exception as error:
            if limit.expired():
                return await self._failed(
                    data, "timeout", f"The tool took longer than {seconds:g} seconds and was ended."
                )
            return await self._failed(data, type(error).__name__, clean(f"The tool failed: {error}"))
        if not isinstance(result, ToolResult):
            result = ToolResult(output=result)
        output = self._from_outside(call.name, tool, result)
        shown = {**result.safe_hook_presentation(), "output": output}
        told = {**data, "result": shown, "output": output, "figures": getattr(result, "figures", [])}
        after = await self._emit(TOOL_POST, told, call.name)
        if after.action == "deny":
            return await self._failed(data, "denied", f"The result is withheld. {denial(after.reason)}")
        output = changed(after, "output", output)
        return output if result.success else failure(output)

    def _fault(self, call: ToolCall, tool: Any) -> tuple[str, str | None]:
        fault = getattr(call, "fault", None)
        if tool is None and not fault:
            known = ", ".join(sorted(self._tools)) or "none"
            return "unknown_tool", f"There is no tool '{clean(call.name)}'. Tools: {known}."
        if not fault and hasattr(tool, "fault_in"):
            fault = tool.fault_in(call.arguments)
        return "invalid_arguments", fault

    def _from_outside(self, name: str, tool: Any, result: ToolResult) -> str:
        """The result as the model may read it; marked as data unless the tool vouches for where it comes from."""
        output: str = result.get_serialized_output()
        if getattr(tool, "outside", True) and result.success:
            return as_data(output, name)
        return shortened(clean(output))

    async def _failed(self, data: Data, kind: str, message: str) -> str:
        await self._emit(TOOL_ERROR, {**data, "error": {"type": kind, "msg": message}}, data["tool_name"])
        return failure(message)
