"""The tool call that a watch sets off: asked for like any other, one after another.

Owns the calls under way. Permission is the approval system's, in the Live view's own session: what is allowed there
holds for the Live view only, until the tab closes.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

from amplifier_core.approval import ApprovalTimeoutError
from amplifier_core.events import APPROVAL_REQUIRED

from ..agent.approval import ALLOW, OPTIONS, Approvals, SessionApprovals
from ..hooks.permission import question, reached
from ..host.base import Host
from ..tools.toolbox import Toolbox, access_of
from .shapes import LIVE

MOST_WAITING = 5


class WatchTool:
    """Calls tools for the Live view."""

    def __init__(self, host: Host, toolbox: Toolbox, approvals: Approvals, seconds: Callable[[], float]) -> None:
        self._host = host
        self._toolbox = toolbox
        self._seconds = seconds
        self._asking: dict[str, Any] = {}
        self._approvals = SessionApprovals(LIVE, approvals, self._hear)
        self._calls: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def call(self, name: str, arguments: dict[str, Any]) -> None:
        """Call a tool when it is its turn. Changes that come faster than a person answers are not piled up."""
        call = {"type": "tool_call", "id": uuid.uuid4().hex, "name": name, "arguments": arguments}
        if len(self._calls) >= MOST_WAITING:
            self._tell(call, status="failed", output="Not called: earlier calls still wait for an answer.")
            return
        running = asyncio.create_task(self._run(call))
        self._calls.add(running)
        running.add_done_callback(self._calls.discard)

    async def close(self) -> None:
        """Give up what waits."""
        self._approvals.close()
        for running in self._calls:
            running.cancel()
        if self._calls:
            await asyncio.wait(self._calls)

    async def _run(self, call: dict[str, Any]) -> None:
        async with self._turn:
            tool = self._toolbox.all().get(call["name"])
            if tool is None:
                self._tell(call, status="failed", output=f"There is no tool '{call['name']}' any more.")
                return
            call["access"] = access_of(tool)
            if call["access"] != "read" and not await self._allowed(call, tool):
                self._tell(call, status="denied", output="Not allowed.")
                return
            self._tell(call, status="running")
            started = time.monotonic()
            try:
                result = await asyncio.wait_for(tool.execute(call["arguments"]), getattr(tool, "seconds", 30))
                status, output = "done" if result.success else "failed", str(result.output)
            except TimeoutError:
                status, output = "failed", "It took too long."
            except Exception as error:
                status, output = "failed", f"{type(error).__name__}: {error}"
            self._tell(call, status=status, output=output, duration_ms=(time.monotonic() - started) * 1000)

    async def _allowed(self, call: dict[str, Any], tool: Any) -> bool:
        prompt = question(call["name"], call["access"], call["arguments"])
        origin = reached(tool, call["arguments"])
        subject = f"{call['name']} {origin}" if origin else call["name"]
        asked = {"tool_name": call["name"], "tool_input": call["arguments"], "access": call["access"]}
        self._approvals.announce(prompt, {**asked, "origin": origin, "subject": subject})
        self._asking = call
        try:
            return await self._approvals.request_approval(prompt, OPTIONS, self._seconds(), "deny") == ALLOW
        except ApprovalTimeoutError:
            return False

    async def _hear(self, event: str, data: dict[str, Any]) -> None:
        if event == APPROVAL_REQUIRED:
            asked = {"id": data["approval_id"], "prompt": data["prompt"], "deadline": data["deadline"]}
            self._tell(self._asking, status="asking", approval=asked)

    def _tell(self, call: dict[str, Any], **state: Any) -> None:
        whole = {"access": None, "approval": None, "output": None, "figures": [], "duration_ms": None, **call, **state}
        self._host.emit([("live:tool", {"call": whole})])
