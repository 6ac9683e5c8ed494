"""Runs the tool calls of one round, together, each under the hooks `tool:pre`, `tool:post` and `tool:error`.

Owns how a call becomes a result message. A call that is denied, unknown, malformed or broken gets a result that says
so: the model always hears back, and history never holds a call without its result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from amplifier_core import HookResult, ToolCall, ToolResult
from amplifier_core.events import TOOL_ERROR, TOOL_POST, TOOL_PRE

from .transcript import Data

Value = TypeVar("Value")
Emit = Callable[[str, Data, str], Awaitable[HookResult]]


def changed(result: HookResult, field: str, value: Value) -> Value:
    """A field of an event as the hooks left it: what they modified is in the result's data."""
    found = (result.data or {}).get(field)
    return found if isinstance(found, type(value)) else value


class ToolCalls:
    """Runs calls with the mounted tools."""

    def __init__(self, tools: dict[str, Any], emit: Emit, cancellation: Any) -> None:
        self._tools = tools
        self._emit = emit
        self._cancellation = cancellation

    async def run(self, calls: Sequence[ToolCall]) -> list[Data]:
        """The result messages, in the order of the calls."""
        return list(await asyncio.gather(*(self._run_one(call) for call in calls)))

    async def _run_one(self, call: ToolCall) -> Data:
        if self._cancellation is not None:
            self._cancellation.register_tool_start(call.id, call.name)
        try:
            output = await self._output(call)
        finally:
            if self._cancellation is not None:
                self._cancellation.register_tool_complete(call.id)
        return {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": output}

    async def _output(self, call: ToolCall) -> str:
        data: Data = {"tool_name": call.name, "tool_call_id": call.id, "tool_input": call.arguments}
        fault = getattr(call, "fault", None)
        if fault:
            return await self._failed(data, "invalid_arguments", fault)
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(sorted(self._tools)) or "none"
            return await self._failed(data, "unknown_tool", f"There is no tool '{call.name}'. Tools: {known}.")
        before = await self._emit(TOOL_PRE, data, call.name)
        if before.action == "deny":
            return await self._failed(data, "denied", f"Denied: {before.reason or 'no reason given'}")
        data["tool_input"] = changed(before, "tool_input", data["tool_input"])
        try:
            result = await tool.execute(data["tool_input"])
        except Exception as error:
            return await self._failed(data, type(error).__name__, f"The tool failed: {error}")
        if not isinstance(result, ToolResult):
            result = ToolResult(output=result)
        output: str = result.get_serialized_output()
        after = await self._emit(
            TOOL_POST, {**data, "result": result.safe_hook_presentation(), "output": output}, call.name
        )
        return changed(after, "output", output)

    async def _failed(self, data: Data, kind: str, message: str) -> str:
        await self._emit(TOOL_ERROR, {**data, "error": {"type": kind, "msg": message}}, data["tool_name"])
        return message
