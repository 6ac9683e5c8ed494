"""The hook that asks before a tool does more than read.

Owns the rule and the words of the question. It comes after hooks that may change the arguments, so that what is asked
is what will run, and it holds for every mounted tool wherever it comes from: one that does not say what it does counts
as one that may do anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from amplifier_core import HookResult
from amplifier_core.events import TOOL_PRE

from ..agent.approval import OPTIONS, SessionApprovals
from ..tools.toolbox import access_of

#: after hooks that change arguments, before those that only listen
PRIORITY = 900
DOES = {
    "write": "change what is kept here",
    "network": "send something to another server",
    "code": "run code",
}


class Permission:
    """Asks through the session's approval system. `seconds` says how long it waits."""

    def __init__(
        self, tools: Callable[[], dict[str, Any]], approvals: SessionApprovals, seconds: Callable[[], float]
    ) -> None:
        self._tools = tools
        self._approvals = approvals
        self._seconds = seconds

    async def __call__(self, _: str, data: dict[str, Any]) -> HookResult:
        """Handle `tool:pre`."""
        name = data["tool_name"]
        tool = self._tools().get(name)
        access = access_of(tool)
        if access == "read":
            return HookResult()
        prompt = question(name, access, data["tool_input"])
        origin = reached(tool, data["tool_input"])
        subject = f"{name} {origin}" if origin else name
        self._approvals.announce(prompt, {**data, "access": access, "origin": origin, "subject": subject})
        return HookResult(
            action="ask_user",
            data=data,
            approval_prompt=prompt,
            approval_options=OPTIONS,
            approval_timeout=self._seconds(),
            approval_default="deny",
        )


def reached(tool: Any, arguments: dict[str, Any]) -> str:
    """The origin that a call would reach, as far as its tool says so."""
    says = getattr(tool, "origin", None)
    return str(says(arguments)) if callable(says) else ""


def question(name: str, access: str, arguments: dict[str, Any]) -> str:
    """The question with the exact arguments."""
    given = json.dumps(arguments, ensure_ascii=False, indent=2)
    return f"Allow {name} to {DOES[access]}?\n{given}"


def register(coordinator: Any, approvals: SessionApprovals, seconds: Callable[[], float]) -> None:
    """Put the hook before every tool of a session."""
    hook = Permission(lambda: coordinator.get("tools") or {}, approvals, seconds)
    coordinator.hooks.register(TOOL_PRE, hook, priority=PRIORITY, name="cloche-permission")
