"""Chains of handlers made up from a fixed seed."""

import random
from typing import Any

from tests.unit.amplifier_engine.chains import Step, run

_TEXTS = ("", "a", "two words", "é", "😀", "\u2028", "\x00", "x" * 50)
_ACTIONS = ("continue", "deny", "modify", "inject_context", "inject_context", "ask_user")


def _value(pick: random.Random, depth: int = 3) -> Any:
    kind = pick.randrange(12 if depth else 7)
    simple: list[Any] = [None, True, pick.randrange(-100, 100), pick.randrange(2**64), 1.5, pick.choice(_TEXTS), b"raw"]
    if kind < len(simple):
        return simple[kind]
    if kind < 9:
        return [_value(pick, depth - 1) for _ in range(pick.randrange(4))]
    if kind == 9:
        return tuple(_value(pick, depth - 1) for _ in range(pick.randrange(3)))
    return {pick.choice((*_TEXTS, 1, None, 2.5)): _value(pick, depth - 1) for _ in range(pick.randrange(4))}


def _answer(pick: random.Random) -> Any:
    kind = pick.randrange(10)
    if kind == 0:
        return None
    if kind == 1:
        return _value(pick)
    fields: dict[str, Any] = {"action": pick.choice(_ACTIONS)}
    if pick.random() < 0.6:
        fields["data"] = {pick.choice("abc"): _value(pick, 2)}
    if pick.random() < 0.7:
        fields["context_injection"] = pick.choice(_TEXTS)
    if pick.random() < 0.2:
        fields["context_injections"] = [{"content": pick.choice(_TEXTS), "ephemeral": pick.random() < 0.5}]
    for name, values in {
        "ephemeral": (True, False),
        "append_to_last_tool_result": (True, False),
        "suppress_output": (True, False),
        "context_injection_role": ("system", "user", "assistant", "tool"),
        "user_message": ("m", None, 5),
        "reason": ("r", None),
        "approval_prompt": ("p?", None),
        "approval_timeout": (1, 2.5, None),
    }.items():
        if pick.random() < 0.15:
            fields[name] = pick.choice(values)
    return fields


def _steps(pick: random.Random) -> list[Step]:
    return [
        Step(
            answer=_answer(pick),
            error=ValueError("made up") if pick.random() < 0.1 else None,
            priority=pick.randrange(-2, 3),
            waits=pick.random() < 0.4,
        )
        for _ in range(pick.randrange(6))
    ]


async def chains(core: Any, see: Any) -> None:
    pick = random.Random(20_02)  # noqa: S311 - a fixed sequence is the point
    for number in range(120):
        see.note(f"chain {number}")
        await run(core, see, {"value": _value(pick), "k": pick.choice(_TEXTS)}, _steps(pick))
