"""What a hook handler answers, read strictly.

Owns the fields of a hook result, the check of a handler's answer against them and
the merge of several context injections into one result. An answer that does not
fit is a denial: a broken guard must not let anything pass. The order in which
handlers run, and which action wins, belong to `hooks`.
"""

import logging
from collections.abc import Callable
from typing import Any

from . import describe, payload
from .payload import JsonError

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("_engine.bridges")

Fields = dict[str, Any]

_ACTIONS = ("continue", "deny", "modify", "inject_context", "ask_user")
_ROLES = ("system", "user", "assistant")
_LEVELS = ("info", "warning", "error")

_DEFAULTS: Fields = {
    "action": "continue",
    "data": None,
    "reason": None,
    "context_injection": None,
    "context_injection_role": "system",
    "ephemeral": False,
    "approval_prompt": None,
    "approval_options": None,
    "approval_timeout": 300.0,
    "approval_default": "deny",
    "suppress_output": False,
    "user_message": None,
    "user_message_level": "info",
    "user_message_source": None,
    "append_to_last_tool_result": False,
}


class _UnfitError(ValueError):
    """A field of an answer has the wrong type."""


def fields(**given: Any) -> Fields:
    """All fields of a result: the given ones over the defaults."""
    return {**_DEFAULTS, "context_injections": [], **given}


def model(values: Fields) -> Any:
    """The package's `HookResult` with these fields."""
    from amplifier_core.models import HookResult

    return HookResult.model_validate(values)


def read(answer: Any) -> Fields:
    """The fields of a handler's answer; a denial if the answer does not fit."""
    if answer is None:
        return fields()
    try:
        value = _canonical(answer)
        if value is None:
            return fields()
        return _fields(value)
    except (JsonError, _UnfitError) as fault:
        logger.error(
            "SECURITY: Hook handler returned unparseable result — failing closed (Deny): %s — json: %s",
            fault,
            _text(answer),
        )
        return fields(action="deny", reason="Hook handler returned invalid response")


def _canonical(answer: Any) -> Any:
    """The answer as plain JSON; an answer that cannot be written counts as none."""
    try:
        return payload.canonical(payload.dumped(answer))
    except JsonError:
        raise
    except BaseException:
        return {}


def _text(answer: Any) -> str:
    return payload.encode(payload.dumped(answer))


def merge(results: list[tuple[Fields, str]], event: str) -> Fields:
    """One result for all injections, each given with the name of its handler."""
    items: list[Fields] = []
    for result, handler in results:
        given = result["context_injections"] or [
            {
                "content": result["context_injection"],
                "role": result["context_injection_role"],
                "ephemeral": result["ephemeral"],
                "append_to_last_tool_result": result["append_to_last_tool_result"],
            }
        ]
        items += [{**item, "hook_name": handler, "event": event} for item in given]
    base = results[0][0]
    if len(results) > 1:
        base = fields(action="inject_context", suppress_output=base["suppress_output"])
    return {**base, **projected(items)}


def projected(items: list[Fields]) -> Fields:
    """The older scalar fields that stand for a list of injections."""
    return {
        "context_injection": "\n\n".join(item["content"] for item in items),
        "context_injection_role": items[0]["role"],
        "ephemeral": any(item["ephemeral"] for item in items),
        "append_to_last_tool_result": any(item["append_to_last_tool_result"] for item in items),
        "context_injections": items,
    }


def _fields(value: Any) -> Fields:
    if not isinstance(value, dict):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected struct HookResult")
    result = fields()
    for name, item in value.items():
        if check := _CHECKS.get(name):
            result[name] = check(item)
    return result


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected a string")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected a boolean")
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected f64")
    return float(value)


def _map(value: Any) -> Fields:
    if not isinstance(value, dict):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected a map")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected a sequence")
    return value


def _optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _one_of(*allowed: str) -> Callable[[Any], str]:
    names = [f"`{name}`" for name in allowed]
    expected = " or ".join(names) if len(names) == 2 else f"one of {', '.join(names)}"

    def check(value: Any) -> str:
        if isinstance(value, dict) and len(value) == 1:
            # The long form of a choice without content: {"deny": null}.
            [(value, content)] = value.items()
            if content is not None:
                raise _UnfitError(f"invalid type: {describe.kind(content)}, expected unit")
        if not isinstance(value, str):
            raise _UnfitError("expected value")
        if value not in allowed:
            raise _UnfitError(f"unknown variant `{value}`, expected {expected}")
        return value

    return check


def _injection(value: Any) -> Fields:
    if not isinstance(value, dict):
        raise _UnfitError(f"invalid type: {describe.kind(value)}, expected struct ContextInjection")
    if "content" not in value:
        raise _UnfitError("missing field `content`")
    return {
        "content": _string(value["content"]),
        "role": _role(value.get("role", "system")),
        "ephemeral": _boolean(value.get("ephemeral", False)),
        "append_to_last_tool_result": _boolean(value.get("append_to_last_tool_result", False)),
        "hook_name": _string(value.get("hook_name", "unknown")),
        "event": _string(value.get("event", "")),
    }


_role = _one_of(*_ROLES)

_CHECKS: dict[str, Callable[[Any], Any]] = {
    "action": _one_of(*_ACTIONS),
    "data": _optional(_map),
    "reason": _optional(_string),
    "context_injection": _optional(_string),
    "context_injection_role": _role,
    "ephemeral": _boolean,
    "approval_prompt": _optional(_string),
    "approval_options": _optional(lambda value: [_string(item) for item in _list(value)]),
    "approval_timeout": _real,
    "approval_default": _one_of("allow", "deny"),
    "suppress_output": _boolean,
    "user_message": _optional(_string),
    "user_message_level": _one_of(*_LEVELS),
    "user_message_source": _optional(_string),
    "append_to_last_tool_result": _boolean,
    "context_injections": lambda value: [_injection(item) for item in _list(value)],
}
