"""What follows from a hook's result: injection, message to the person, approval.

Owns `RustCoordinator.process_hook_result`. Everything that changes the coordinator
happens when it is called; only writing to the context and asking for approval wait
for the coroutine. Injections are sanitised and measured before anything is changed.
"""

import inspect
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import arguments, describe, hook_result, owned_task
from .hook_result import Fields

if TYPE_CHECKING:
    from .coordinator import RustCoordinator

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("_engine.coordinator.hook_dispatch")

_CHARACTERS_PER_TOKEN = 4
_GRANTED = ("allow", "allow once", "allow always")


def process(coordinator: "RustCoordinator", result: Any, event: str, hook_name: str) -> Coroutine[Any, Any, Any]:
    """Do at once what can be done at once and return the coroutine for the rest."""
    action = arguments.text(result.action)
    injection = arguments.optional_text(result.context_injection)
    role = arguments.text(result.context_injection_role)
    ephemeral = arguments.boolean(result.ephemeral)
    suppress_output = arguments.boolean(result.suppress_output)
    user_message = arguments.optional_text(result.user_message)
    level = arguments.text(result.user_message_level)
    source = arguments.optional_text(result.user_message_source)
    question = _Question(result)
    size_limit = _limit(coordinator.injection_size_limit)
    budget = _limit(coordinator.injection_budget_per_turn)

    answer = result
    messages: list[Fields] = []
    if action == "inject_context":
        items = [_item(item) for item in result.context_injections]
        if not items and injection is not None:
            items = [
                {
                    "content": injection,
                    "role": role,
                    "ephemeral": ephemeral,
                    "append_to_last_tool_result": arguments.boolean(result.append_to_last_tool_result),
                    "hook_name": hook_name,
                    "event": event,
                }
            ]
        items = _sanitised(items)
        _check_sizes(items, size_limit)
        _charge(coordinator, items, budget)
        messages = [_message(item) for item in items if not item["ephemeral"]]
        answer = _remaining(result, [item for item in items if item["ephemeral"]])

    if action != "ask_user":
        if user_message:
            _show(coordinator.display_system, user_message, level, source, hook_name)
        if suppress_output:
            logger.debug("Hook '%s' requested output suppression", hook_name)

    context = coordinator.mount_points.get("context")
    if not hasattr(context, "add_message"):
        messages = []
    approvals = coordinator.approval_system
    return _finish(answer, messages, context, approvals, question, hook_name)


class _Question:
    """What a result asks the person, if it asks at all."""

    __slots__ = ("asked", "default", "options", "prompt", "timeout")

    def __init__(self, result: Any) -> None:
        prompt = arguments.optional_text(result.approval_prompt)
        options = result.approval_options
        self.asked = result.action == "ask_user"
        self.prompt = "Allow this operation?" if prompt is None else prompt
        self.options = ["Allow", "Deny"] if options is None else arguments.sequence_of_text(options)
        self.timeout = arguments.real(result.approval_timeout)
        self.default = arguments.text(result.approval_default)


def _limit(value: Any) -> int | None:
    return None if value is None else arguments.integer(value, bits=64, signed=False)


def _item(given: Any) -> Fields:
    return {
        "content": arguments.text(given.content),
        "role": arguments.text(given.role),
        "ephemeral": arguments.boolean(given.ephemeral),
        "append_to_last_tool_result": arguments.boolean(given.append_to_last_tool_result),
        "hook_name": arguments.text(given.hook_name),
        "event": arguments.text(given.event),
    }


def _sanitised(items: list[Fields]) -> list[Fields]:
    """The items without what must not reach a model; empty ones are left out."""
    from amplifier_core.models import _sanitize_for_llm

    cleaned = [{**item, "content": _sanitize_for_llm(item["content"])} for item in items]
    return [item for item in cleaned if item["content"]]


def _check_sizes(items: list[Fields], limit: int | None) -> None:
    for item in items:
        length = len(item["content"])
        if limit is not None and length > limit:
            logger.error(
                "Hook injection too large: %s (chars=%d, limit=%d)",
                item["hook_name"],
                length,
                limit,
            )
            raise ValueError(f"Context injection exceeds {limit} characters")


def _charge(coordinator: "RustCoordinator", items: list[Fields], budget: int | None) -> None:
    """Count the injected tokens; going over the budget is a warning, not an error."""
    for item in items:
        length = len(item["content"])
        tokens = length // _CHARACTERS_PER_TOKEN
        current = coordinator._current_turn_injections
        if budget is not None and current + tokens > budget:
            logger.warning(
                "Warning: Hook injection budget exceeded (hook=%s, current=%d, attempted=%d, budget=%d)",
                item["hook_name"],
                current,
                tokens,
                budget,
            )
        coordinator._current_turn_injections = current + tokens
        logger.info(
            "Hook context injection (hook=%s, event=%s, chars=%d, role=%s, tokens=%d, ephemeral=%s)",
            item["hook_name"],
            item["event"],
            length,
            item["role"],
            tokens,
            str(item["ephemeral"]).lower(),
        )


def _message(item: Fields) -> Fields:
    return {
        "role": item["role"],
        "content": item["content"],
        "metadata": {
            "source": "hook",
            "hook_name": item["hook_name"],
            "event": item["event"],
            "timestamp": datetime.now(UTC).isoformat(),
            "requested_role": item["role"],
            "ephemeral": False,
            "persisted": True,
        },
    }


def _remaining(result: Any, items: list[Fields]) -> Any:
    """The result with the injections that the orchestrator still has to place."""
    changed: Fields = {
        "action": "continue",
        "context_injection": None,
        "context_injection_role": "system",
        "ephemeral": False,
        "append_to_last_tool_result": False,
        "context_injections": [],
    }
    if items:
        changed = {"action": "inject_context", **hook_result.projected(items)}
    return hook_result.model({**result.model_dump(), **changed})


def _show(display: Any, message: str, level: str, source: str | None, hook_name: str) -> None:
    name = hook_name if source is None else source
    if display is None:
        logger.debug("Hook message (%s): %s (hook=%s)", level, describe.shortened(message), name)
        return
    try:
        display.show_message(message, level, f"hook:{name}")
    except BaseException as error:
        logger.error("Error calling display_system: %s", describe.error(error))


async def _finish(
    answer: Any,
    messages: list[Fields],
    context: Any,
    approvals: Any,
    question: _Question,
    hook_name: str,
) -> Any:
    for message in messages:
        await _called(context.add_message(message))
    if not question.asked:
        return answer
    logger.info(
        "Approval requested (hook=%s, prompt=%s, timeout=%s, default=%s)",
        hook_name,
        describe.shortened(question.prompt),
        describe.number(question.timeout),
        question.default,
    )
    if approvals is None:
        logger.error("Approval requested but no approval system provided (hook=%s)", hook_name)
        return _denied("No approval system available")
    return await _asked(approvals, question, hook_name)


async def _asked(approvals: Any, question: _Question, hook_name: str) -> Any:
    from amplifier_core.approval import ApprovalTimeoutError
    from amplifier_core.models import HookResult

    prompt = describe.shortened(question.prompt)
    try:
        decision = arguments.text(
            await _called(
                approvals.request_approval(question.prompt, question.options, question.timeout, question.default)
            )
        )
    except ApprovalTimeoutError:
        logger.warning("Approval timeout (hook=%s, default=%s)", hook_name, question.default)
        if question.default.lower() in _GRANTED:
            return HookResult(action="continue")
        return _denied(f"Approval timeout - denied by default: {prompt}")
    logger.info("Approval decision (hook=%s, decision=%s)", hook_name, decision)
    if decision.lower() in _GRANTED:
        return HookResult(action="continue")
    if decision.lower() != "deny":
        logger.warning(
            "Approval system returned unexpected decision '%s' for hook '%s' — treating as deny (fail-closed)",
            decision,
            hook_name,
        )
    return _denied(f"User denied: {prompt}")


def _denied(reason: str) -> Any:
    from amplifier_core.models import HookResult

    return HookResult(action="deny", reason=reason)


async def _called(answer: Any) -> Any:
    """The value of a sync or async call; its error is raised as it is."""
    if not inspect.iscoroutine(answer):
        return answer
    outcome = await owned_task.finish(answer)
    if outcome.error is not None:
        raise outcome.error
    return outcome.value
