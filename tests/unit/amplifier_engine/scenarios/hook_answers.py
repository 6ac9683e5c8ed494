"""What handlers answer, and what comes of it together."""

from typing import Any


async def _emit(core: Any, see: Any, label: str, *answers: Any) -> None:
    registry = core.HookRegistry()
    for number, answer in enumerate(answers):
        registry.register("event", lambda _event, _data, answer=answer: answer, name=f"h{number}")
    await see.wait(label, registry.emit, "event", {"x": 1})
    await see.wait(f"{label}: collected", registry.emit_and_collect, "event", {"x": 1})


def _inject(content: Any, **fields: Any) -> dict[str, Any]:
    return {"action": "inject_context", "context_injection": content, **fields}


_EACH = {
    "none": None,
    "empty": {},
    "continue": {"action": "continue", "data": {"k": 1}, "user_message": "m", "reason": "r"},
    "modify": {"action": "modify", "data": {"k": 1}, "reason": "r", "user_message": "m"},
    "modify nothing": {"action": "modify"},
    "inject": _inject("text"),
    "inject loudly": _inject("loud", suppress_output=True, user_message="m", reason="r", data={"z": 1}),
    "ask": {"action": "ask_user", "approval_prompt": "p", "approval_options": ["a"], "approval_timeout": 5},
    "deny": {"action": "deny", "reason": "no", "user_message": "m", "data": {"d": 1}},
}


async def single(core: Any, see: Any) -> None:
    for label, answer in _EACH.items():
        await _emit(core, see, label, answer)


async def pairs(core: Any, see: Any) -> None:
    for first, one in _EACH.items():
        for second, two in _EACH.items():
            await _emit(core, see, f"{first}, {second}", one, two)


async def models(core: Any, see: Any) -> None:
    result = core.HookResult
    await _emit(core, see, "default", result())
    await _emit(core, see, "deny", result(action="deny", reason="no"))
    await _emit(core, see, "modify", result(action="modify", data={"t": (1, {2: 3})}))
    await _emit(core, see, "inject", result(action="inject_context", context_injection="c", ephemeral=True))
    item = core.ContextInjection(content="i", role="user")
    await _emit(core, see, "items", result(action="inject_context", context_injections=[item]))
    broken = result()
    broken.action = "nonsense"
    await _emit(core, see, "assigned nonsense", broken)
    broken = result(action="deny")
    broken.reason = 5
    await _emit(core, see, "assigned number", broken)
    await _emit(core, see, "another model", core.ToolResult(output="x"))


async def merged_injections(core: Any, see: Any) -> None:
    for label, answers in {
        "ephemeral first": (_inject("a", ephemeral=True), _inject("b")),
        "ephemeral last": (_inject("a"), _inject("b", ephemeral=True)),
        "append first": (_inject("a", append_to_last_tool_result=True), _inject("b")),
        "append last": (_inject("a"), _inject("b", append_to_last_tool_result=True)),
        "roles": (_inject("a", context_injection_role="user"), _inject("b", context_injection_role="assistant")),
        "suppress first": (_inject("a", suppress_output=True), _inject("b")),
        "suppress last": (_inject("a"), _inject("b", suppress_output=True)),
        "messages": (_inject("a", user_message="m", user_message_level="error"), _inject("b", user_message="n")),
        "empty text": (_inject(""), _inject("b")),
        "only empty": (_inject(""),),
        "none": (_inject(None), _inject("b")),
        "three": (_inject("a"), _inject("b"), _inject("c")),
        "modify between": (_inject("a"), {"action": "modify", "data": {"n": 2}}, _inject("b")),
    }.items():
        await _emit(core, see, label, *answers)


async def listed_injections(core: Any, see: Any) -> None:
    def item(content: str, **fields: Any) -> dict[str, Any]:
        return {"content": content, **fields}

    def listed(*items: Any, **fields: Any) -> dict[str, Any]:
        return {"action": "inject_context", "context_injections": list(items), **fields}

    for label, answers in {
        "one": (listed(item("q", hook_name="me", event="ev", role="user")),),
        "two": (listed(item("q"), item("r", ephemeral=True)),),
        "over the scalar": (listed(item("q"), context_injection="S"),),
        "empty list": (listed(context_injection="S"),),
        "nothing": (listed(),),
        "with another": (listed(item("q"), item("r", append_to_last_tool_result=True)), _inject("t")),
        "on continue": ({"action": "continue", "context_injections": [item("q")]},),
        "on ask": ({"action": "ask_user", "context_injections": [item("q")]}, _inject("t")),
        "on deny": ({"action": "deny", "context_injections": [item("q")], "context_injection": "k"},),
        "unknown field": (listed(item("q", more=1)),),
    }.items():
        await _emit(core, see, label, *answers)


_UNFIT: dict[str, Any] = {
    "list": [],
    "text": "continue",
    "empty text": "",
    "zero": 0,
    "false": False,
    "true": True,
    "float": 1.5,
    "bytes": b"x",
    "object": object(),
    "tuple": ("deny",),
    "set": {1},
    "unknown action": {"action": "nope"},
    "upper case": {"action": "Continue"},
    "no action": {"action": None},
    "action list": {"action": ["deny"]},
    "action map": {"action": {"deny": None}},
    "action map, filled": {"action": {"deny": 1}},
    "data list": {"data": [1]},
    "data text": {"data": "x"},
    "reason": {"reason": 5},
    "injection": {"context_injection": {"a": 1}},
    "role": {"context_injection_role": "tool"},
    "role none": {"context_injection_role": None},
    "ephemeral": {"ephemeral": 1},
    "ephemeral none": {"ephemeral": None},
    "prompt": {"approval_prompt": 5},
    "options": {"approval_options": ["a", 1]},
    "options text": {"approval_options": "ab"},
    "timeout text": {"approval_timeout": "5"},
    "timeout none": {"approval_timeout": None},
    "timeout true": {"approval_timeout": True},
    "timeout nan": {"approval_timeout": float("nan")},
    "default": {"approval_default": "maybe"},
    "suppress": {"suppress_output": "yes"},
    "message": {"user_message": 5},
    "level": {"user_message_level": "debug"},
    "source": {"user_message_source": 1.5},
    "append": {"append_to_last_tool_result": 0},
    "items none": {"context_injections": None},
    "items text": {"context_injections": "x"},
    "item text": {"context_injections": ["s"]},
    "item none": {"context_injections": [None]},
    "item empty": {"context_injections": [{}]},
    "item content": {"context_injections": [{"content": 1}]},
    "item role": {"context_injections": [{"content": "x", "role": "bad"}]},
    "item role none": {"context_injections": [{"content": "x", "role": None}]},
    "item name": {"context_injections": [{"content": "x", "hook_name": None}]},
    "item event": {"context_injections": [{"content": "x", "event": 5}]},
    "item ephemeral": {"context_injections": [{"content": "x", "ephemeral": "no"}]},
    "nan": {"action": "modify", "data": {"n": float("nan")}},
    "surrogate": {"action": "deny", "reason": "\ud800"},
    "tuple key": {"action": "deny", (1,): 2},
}


async def unfit(core: Any, see: Any) -> None:
    for label, answer in _UNFIT.items():
        await _emit(core, see, label, answer, {"action": "modify", "data": {"reached": True}})


async def lenient(core: Any, see: Any) -> None:
    circle: list[Any] = []
    circle.append(circle)
    for label, answer in {
        "unknown field": {"action": "deny", "more": 1},
        "whole timeout": {"action": "ask_user", "approval_timeout": 5},
        "huge timeout": {"action": "ask_user", "approval_timeout": 10**30},
        "number keys": {"action": "modify", "data": {1: 2, None: 3}},
        "objects in data": {"action": "modify", "data": {"o": {1}, "t": (1,)}},
        "circle": {"action": "deny", "data": {"c": circle}},
        "null data": {"action": "modify", "data": None},
        "empty data": {"action": "modify", "data": {}},
        "options none": {"action": "ask_user", "approval_options": None},
    }.items():
        await _emit(core, see, label, answer)


async def deep_answer(core: Any, see: Any) -> None:
    for levels in (123, 124, 125, 126, 127, 140):
        value: Any = {}
        for _ in range(levels):
            value = {"d": value}
        registry = core.HookRegistry()
        registry.register("event", lambda _event, _data, value=value: {"action": "modify", "data": value})
        see.note(f"{levels} levels", (await registry.emit("event", {})).action)


async def chain_of_changes(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    for number in range(4):

        def handler(_event: str, data: Any, number: int = number) -> Any:
            see.note(f"handler {number}", data)
            return {"action": "modify", "data": {**data, f"by{number}": number}} if number != 2 else None

        registry.register("event", handler, number)
    await see.wait("changed", registry.emit, "event", {"x": 1})
    await see.wait("not changed when collecting", registry.emit_and_collect, "event", {"x": 1})


async def denial_stops(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.register("event", lambda _e, _d: see.note("before"), -1)
    registry.register("event", lambda _e, _d: {"action": "deny", "reason": "stop"})
    registry.register("event", lambda _e, _d: see.note("after"), 1)
    await see.wait("denied", registry.emit, "event", {})
    await see.wait("collected from all", registry.emit_and_collect, "event", {})


async def one_result_each(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    first, second = await registry.emit("event", {"a": []}), await registry.emit("event", {"a": []})
    see.note("not shared", first is not second)
    see.note("class", isinstance(first, core.HookResult))
    see.note("fields set", sorted(first.model_fields_set))
