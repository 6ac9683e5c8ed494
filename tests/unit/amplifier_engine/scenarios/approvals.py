"""Asking the person."""

import asyncio
from typing import Any

from tests.unit.amplifier_engine.scenarios.injections import process


class _Person:
    def __init__(self, see: Any, answer: Any, *, sync: bool = False) -> None:
        self._see = see
        self._answer = answer
        self._sync = sync

    def request_approval(self, *arguments: Any, **keywords: Any) -> Any:
        self._see.note("asked", [arguments, keywords])
        if self._sync:
            return self._reply()
        return self._later()

    async def _later(self) -> Any:
        await asyncio.sleep(0)
        return self._reply()

    def _reply(self) -> Any:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


def _ask(core: Any, **fields: Any) -> Any:
    return core.HookResult(action="ask_user", **fields)


async def nobody(core: Any, see: Any) -> None:
    await process(core, see, "no system", _ask(core, approval_prompt="p"))
    await process(core, see, "allowed by default", _ask(core, approval_default="allow"))
    await process(core, see, "no method", _ask(core), approval=object())


async def answers(core: Any, see: Any) -> None:
    for answer in (
        "Allow", "allow", "ALLOW", "Allow once", "allow ONCE", "Allow always", "allow always ", " allow", "Deny",
        "deny", "DENY", "Yes", "", "allowed", "true", "Allow\n",
    ):  # fmt: skip
        for sync in (False, True):
            person = _Person(see, answer, sync=sync)
            fields = {"approval_prompt": "p?", "approval_options": ["a", "b"], "approval_timeout": 5.5}
            await process(
                core, see, f"{answer!r}, sync {sync}", _ask(core, **fields), approval=person, hook_name="hook"
            )


async def answers_of_other_types(core: Any, see: Any) -> None:
    for answer in (None, 5, True, b"allow", ["allow"]):
        for sync in (False, True):
            await process(core, see, repr(answer), _ask(core), approval=_Person(see, answer, sync=sync))


async def errors(core: Any, see: Any) -> None:
    approval = __import__("amplifier_core.approval", fromlist=["approval"])

    class OwnTimeout(approval.ApprovalTimeoutError):  # type: ignore[misc, name-defined]
        pass

    for error in (
        approval.ApprovalTimeoutError("late"),
        OwnTimeout("later"),
        TimeoutError("other"),
        ValueError("broken"),
        asyncio.CancelledError("c"),
    ):
        for default in ("deny", "allow"):
            for sync in (False, True):
                label = f"{type(error).__name__}, {default}, sync {sync}"
                question = _ask(core, approval_default=default, approval_prompt="p")
                await process(core, see, label, question, approval=_Person(see, error, sync=sync))


async def questions(core: Any, see: Any) -> None:
    cases: dict[str, dict[str, Any]] = {
        "defaults": {},
        "empty": {"approval_prompt": "", "approval_options": []},
        "long": {"approval_prompt": "x" * 300},
        "two hundred": {"approval_prompt": "é" * 200},
        "timeout": {"approval_timeout": 0},
        "large timeout": {"approval_timeout": 1e30},
    }
    for label, fields in cases.items():
        for answer in ("Allow", "Deny"):
            await process(core, see, f"{label}, {answer}", _ask(core, **fields), approval=_Person(see, answer))


async def nothing_else_happens(core: Any, see: Any) -> None:
    class Display:
        def show_message(self, *arguments: Any) -> None:
            see.note("shown", arguments)

    fields = {"context_injection": "text", "user_message": "m", "suppress_output": True, "data": {"k": 1}}
    for answer in ("Allow", "Deny"):
        await process(core, see, answer, _ask(core, **fields), approval=_Person(see, answer), display=Display())


async def default_is_strict(core: Any, see: Any) -> None:
    """A default that no model check has seen still denies unless it allows in so many words."""
    approval = __import__("amplifier_core.approval", fromlist=["approval"])
    for default in ("Allow", "allow always", "yes", "", "DENY"):
        question = _ask(core)
        question.approval_default = default
        await process(core, see, default, question, approval=_Person(see, approval.ApprovalTimeoutError("t")))


async def cancelled_while_asking(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    asked, finished = asyncio.Event(), asyncio.Event()

    class Slow:
        async def request_approval(self, *_arguments: Any) -> str:
            asked.set()
            await asyncio.sleep(0.01)
            see.note("the question goes on")
            finished.set()
            return "Allow"

    coordinator.approval_system = Slow()
    task = asyncio.create_task(coordinator.process_hook_result(_ask(core), "e"))
    await asked.wait()
    task.cancel()
    await see.wait("waiter", lambda: task)
    await finished.wait()
