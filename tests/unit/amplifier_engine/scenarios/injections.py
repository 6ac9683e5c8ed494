"""Injections and messages of hook results."""

import asyncio
import types
from typing import Any


class Context:
    """Keeps the messages it is given."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def add_message(self, message: Any) -> None:
        """Keep a message."""
        self.messages.append(message)


async def process(
    core: Any, see: Any, label: str, result: Any, *, limits: Any = None, context: Any = None, **options: Any
) -> None:
    """Let a fresh coordinator process a result and note what comes of it."""
    session = types.SimpleNamespace(session_id="s", parent_id=None, config={"session": limits or {}})
    coordinator = core.ModuleCoordinator(session, options.pop("approval", None), options.pop("display", None))
    coordinator._current_turn_injections = options.pop("injected", 0)
    context = Context() if context is None else context
    if context is not False:
        await coordinator.mount("context", context)
    answer = await see.wait(label, coordinator.process_hook_result, result, options.pop("event", "ev"), **options)
    see.note(f"{label}: same object", answer is result)
    see.note(f"{label}: injected", coordinator._current_turn_injections)
    see.note(f"{label}: context", getattr(context, "messages", None))


def _inject(core: Any, text: Any, **fields: Any) -> Any:
    return core.HookResult(action="inject_context", context_injection=text, **fields)


async def one_text(core: Any, see: Any) -> None:
    cases: dict[str, dict[str, Any]] = {
        "plain": {},
        "user": {"context_injection_role": "user"},
        "ephemeral": {"ephemeral": True},
        "append": {"ephemeral": True, "append_to_last_tool_result": True},
        "append, not ephemeral": {"append_to_last_tool_result": True},
        "everything": {
            "context_injection_role": "assistant", "reason": "r", "data": {"k": (1,)}, "user_message": "m",
            "suppress_output": True, "approval_prompt": "p", "approval_options": ["a"], "user_message_level": "error",
        },
    }  # fmt: skip
    for label, fields in cases.items():
        await process(core, see, label, _inject(core, "hello world", **fields))
        await process(
            core, see, f"{label}, named", _inject(core, "hello world", **fields), hook_name="hook", event="e2"
        )
    await process(core, see, "empty", _inject(core, ""))
    await process(core, see, "none", _inject(core, None))


async def cleaned_text(core: Any, see: Any) -> None:
    for label, text in {
        "control": "a\x00b\x1bc\td\n\r\x7f\x9f",
        "only control": "\x00\x01",
        "wide": "é😀漢",
        "lines": "one\ntwo",
    }.items():
        await process(core, see, label, _inject(core, text))
    whole = core.HookResult().model_dump()
    lone = core.HookResult.model_construct(
        **{**whole, "action": "inject_context", "context_injection": "a\ud800b", "context_injections": []}
    )
    await process(core, see, "surrogate", lone)


async def without_a_context(core: Any, see: Any) -> None:
    await process(core, see, "none", _inject(core, "hello"), context=False)
    await process(core, see, "no add_message", _inject(core, "hello"), context=object())


async def contexts(core: Any, see: Any) -> None:
    class Sync(Context):
        def add_message(self, message: Any) -> None:  # type: ignore[override]
            self.messages.append(message)

    class Failing(Context):
        async def add_message(self, message: Any) -> None:
            self.messages.append(message)
            raise ValueError("full")

    class Cancelled(Context):
        async def add_message(self, message: Any) -> None:
            raise asyncio.CancelledError("c")

    for kind in (Sync, Failing, Cancelled):
        await process(core, see, kind.__name__, _inject(core, "hello"), context=kind())
        items = [core.ContextInjection(content="a"), core.ContextInjection(content="b")]
        await process(core, see, f"{kind.__name__}, two", _inject(core, "x", context_injections=items), context=kind())


async def size_limits(core: Any, see: Any) -> None:
    for limit in (None, 0, 4, 5, 6, -1, "x", 4.5, True, 2**70):
        await process(core, see, f"limit {limit}", _inject(core, "hello"), limits={"injection_size_limit": limit})
        await process(core, see, f"limit {limit}, nothing", core.HookResult(), limits={"injection_size_limit": limit})
    await process(core, see, "by character", _inject(core, "é😀"), limits={"injection_size_limit": 2})
    await process(core, see, "after cleaning", _inject(core, "a\x00\x00"), limits={"injection_size_limit": 1})


async def budgets(core: Any, see: Any) -> None:
    for budget in (None, 0, 1, 2, 3, "x"):
        limits = {"injection_budget_per_turn": budget}
        await process(core, see, f"budget {budget}", _inject(core, "x" * 11), limits=limits)
        await process(core, see, f"budget {budget}, more", _inject(core, "x" * 8), limits=limits, injected=2)
    items = [core.ContextInjection(content="x" * 8, hook_name=name) for name in ("a", "b", "c")]
    for budget in (1, 3, 5, 6):
        limits = {"injection_budget_per_turn": budget}
        await process(core, see, f"items {budget}", _inject(core, "", context_injections=items), limits=limits)


async def listed(core: Any, see: Any) -> None:
    item = core.ContextInjection
    one = item(content="one", hook_name="h1", event="e1")
    two = item(content="two", role="user", ephemeral=True, hook_name="h2", event="e2")
    three = item(content="thr\x00ee", role="assistant", hook_name="h3")
    for label, items in {
        "mixed": [one, two, three],
        "kept": [one, three],
        "ephemeral": [two],
        "two ephemeral": [two, item(content="p", ephemeral=True, append_to_last_tool_result=True)],
        "empty among": [item(content=""), one, item(content="\x00")],
        "all empty": [item(content=""), item(content="\x00", ephemeral=True)],
        "none": [],
    }.items():
        await process(core, see, label, _inject(core, "scalar", context_injections=items, hook_name="x"))
        await process(core, see, f"{label}, no scalar", _inject(core, None, context_injections=items))
        for limit in (3, 4):
            result = _inject(core, "scalar", context_injections=items)
            await process(core, see, f"{label}, limit {limit}", result, limits={"injection_size_limit": limit})
    result = core.HookResult(context_injections=[one, two])
    await process(core, see, "on continue", result)


async def from_a_registry(core: Any, see: Any) -> None:
    """What a registry merges goes through the coordinator in one piece."""
    registry = core.HookRegistry()
    registry.register("e", lambda _e, _d: _inject(core, "kept", user_message="m"), name="a")
    registry.register("e", lambda _e, _d: _inject(core, "passing", ephemeral=True), name="b")
    result = await registry.emit("e", {})
    await process(core, see, "processed", result, event="e")


async def messages(core: Any, see: Any) -> None:
    class Display:
        def show_message(self, *arguments: Any) -> None:
            see.note("shown", arguments)

    class Failing:
        def show_message(self, *_arguments: Any) -> None:
            raise ValueError("dark")

    result = core.HookResult
    for label, given in {
        "plain": result(user_message="hi"),
        "level": result(user_message="hi", user_message_level="warning"),
        "source": result(user_message="hi", user_message_source="src"),
        "empty source": result(user_message="hi", user_message_source=""),
        "empty": result(user_message=""),
        "deny": result(action="deny", user_message="hi", suppress_output=True),
        "modify": result(action="modify", user_message="hi", data={}),
        "inject": _inject(core, "x", user_message="hi"),
        "ask": result(action="ask_user", user_message="hi"),
    }.items():
        await process(core, see, label, given, display=Display(), hook_name="hook")
    await process(core, see, "failing", result(user_message="hi"), display=Failing())
    await process(core, see, "no method", result(user_message="hi"), display=object())
    await process(core, see, "none", result(user_message="hi" * 300))
    await process(core, see, "too large", _inject(core, "hello", user_message="hi"), display=Display(),
                  limits={"injection_size_limit": 1})  # fmt: skip


async def passed_through(core: Any, see: Any) -> None:
    for action in ("continue", "modify", "deny"):
        await process(core, see, action, core.HookResult(action=action, data={"x": 1}, reason="r"))
    await process(core, see, "nothing to do", core.HookResult(action="modify", context_injection="ignored"))


async def not_a_result(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    for label, arguments in {
        "object": (object(), "e"),
        "dict": ({"action": "continue"}, "e"),
        "none": (None, "e"),
        "event": (core.HookResult(), 1),
        "hook name": (core.HookResult(), "e", None),
    }.items():
        see.call(label, coordinator.process_hook_result, *arguments)
    see.refused("missing", coordinator.process_hook_result, core.HookResult())
    whole = {**core.HookResult().model_dump(), "context_injections": []}
    for name, wrong in {
        "action": 5, "context_injection": 5, "context_injection_role": None, "ephemeral": 1, "suppress_output": None,
        "user_message": 5, "user_message_level": None, "user_message_source": 5, "approval_prompt": 5,
        "approval_options": "text", "approval_timeout": "5", "approval_default": None,
    }.items():  # fmt: skip
        see.call(f"wrong {name}", coordinator.process_hook_result, types.SimpleNamespace(**{**whole, name: wrong}), "e")
        missing = {key: value for key, value in whole.items() if key != name}
        see.call(f"no {name}", coordinator.process_hook_result, types.SimpleNamespace(**missing), "e")
    for action in ("continue", "inject_context", "nonsense"):
        plain = types.SimpleNamespace(**{**whole, "action": action, "context_injection": "text"})
        await see.wait(f"plain object, {action}", coordinator.process_hook_result, plain, "e")
        del plain.context_injections
        await see.wait(f"older object, {action}", coordinator.process_hook_result, plain, "e")
