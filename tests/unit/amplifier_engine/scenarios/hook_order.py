"""Who is called when: registration, priorities, names, removal."""

from typing import Any


def _writer(see: Any, label: str, answer: Any = None) -> Any:
    def handler(event: str, data: Any) -> Any:
        see.note(f"{label} on {event}", data)
        return answer

    return handler


async def priorities(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    for label, priority in (("c", 5), ("a", -10), ("d", 5), ("b", 0), ("e", 2**31 - 1), ("first", -(2**31)), ("b2", 0)):
        registry.register("event", _writer(see, label), priority, label)
    await see.wait("emit", registry.emit, "event", {"n": 1})
    see.note("handlers", registry.list_handlers("event"))


async def registration_forms(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.register("event", _writer(see, "positional"), 3, "p")
    registry.register(event="event", handler=_writer(see, "keywords"), priority=2, name="k")
    registry.on("event", _writer(see, "on"), 1, "o")
    registry.on("event", _writer(see, "on, keywords"), name="ok")
    see.note("returned", repr(registry.register("event", _writer(see, "bool"), True, "b")))
    await see.wait("emit", registry.emit, "event", {})
    see.note("all", registry.list_handlers())


async def registration_refused(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    nothing = _writer(see, "never")
    see.call("event", registry.register, 1, nothing)
    see.call("event none", registry.register, None, nothing)
    see.call("float priority", registry.register, "e", nothing, 1.5)
    see.call("text priority", registry.register, "e", nothing, "1")
    see.call("large priority", registry.register, "e", nothing, 2**31)
    see.call("small priority", registry.register, "e", nothing, -(2**31) - 1)
    see.call("name", registry.register, "e", nothing, 0, 5)
    see.call("surrogate", registry.register, "\ud800", nothing)
    see.refused("no handler", registry.register, "e")
    see.refused("unknown keyword", registry.register, "e", nothing, bogus=1)
    see.call("list, wrong type", registry.list_handlers, 5)
    see.call("unregister, wrong type", registry.unregister, 5)
    see.note("nothing registered", registry.list_handlers())
    see.refused("subclass", type, "Sub", (core.HookRegistry,), {})
    see.refused("argument", core.HookRegistry, 1)
    see.refused("attribute", setattr, registry, "own", 1)


async def names(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.register("event", _writer(see, "x"))
    registry.register("event", _writer(see, "y"))
    listed = registry.list_handlers("event")["event"]
    see.note("made up", [name.startswith("_auto_event_") for name in listed])
    see.note("different", len(set(listed)))
    see.note("unknown event", registry.list_handlers("other"))
    see.note("unknown event is not kept", sorted(registry.list_handlers()))


async def unregister_by_name(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.register("a", _writer(see, "first"), name="n")
    registry.register("b", _writer(see, "second"), name="n")
    registry.register("a", _writer(see, "third"), -1, "n")
    for step in range(4):
        registry.unregister("n")
        see.note(f"after {step}", registry.list_handlers())
    see.call("unknown", registry.unregister, "unknown")


async def unregister_by_callable(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    one = registry.register("a", _writer(see, "one"), name="n")
    two = registry.register("a", _writer(see, "two"), name="n")
    registry.register("a", _writer(see, "three"), name="n")
    see.note("calls", [two(), two()])
    await see.wait("one and three", registry.emit, "a", {})
    registry.unregister("n")
    await see.wait("one", registry.emit, "a", {})
    one()
    await see.wait("none", registry.emit, "a", {"x": 1})
    see.note("left", registry.list_handlers())
    see.note("shown as", repr(one))
    see.refused("constructor", type(one))
    see.refused("argument", one, 1)


async def removed_while_running(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    removers: list[Any] = []

    def remove(_event: str, _data: Any) -> None:
        for remover in removers:
            remover()

    registry.register("event", remove, name="remover")
    removers.append(registry.register("event", _writer(see, "removed"), name="removed"))
    registry.register("event", lambda _e, _d: registry.register("event", _writer(see, "late"), name="late") and None)
    await see.wait("first", registry.emit, "event", {})
    await see.wait("second", registry.emit, "event", {})


async def same_handler_twice(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    handler = _writer(see, "same")
    registry.register("event", handler, name="one")
    registry.register("event", handler, name="two")
    registry.register("other", handler, name="three")
    await see.wait("event", registry.emit, "event", {})
    await see.wait("other", registry.emit, "other", {})


async def events_within_events(core: Any, see: Any) -> None:
    registry = core.HookRegistry()

    async def outer(_event: str, _data: Any) -> Any:
        inner = await registry.emit("inner", {"from": "outer"})
        return {"action": "modify", "data": {"inner": inner.data}}

    registry.register("outer", outer)
    registry.register("inner", _writer(see, "inner", {"action": "modify", "data": {"changed": True}}))
    await see.wait("outer", registry.emit, "outer", {})


async def emit_forms(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    await see.wait("keywords", registry.emit, data={"a": 1}, event="event")
    see.call("event", registry.emit, 5, {})
    see.refused("too many", registry.emit, "e", {}, 1)
    see.refused("too few", registry.emit, "e")
    waiting = registry.emit("event", {})
    see.note("a coroutine", type(waiting).__name__)
    await waiting


def without_a_loop(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    see.call("emit", registry.emit, "event", {})
    see.call("emit_and_collect", registry.emit_and_collect, "event", {})
    see.call("bad data first", registry.emit, "event", {"v": float("nan")})


def class_constants(core: Any, see: Any) -> None:
    registry = core.HookRegistry
    see.note("events", {name: getattr(registry, name) for name in dir(registry) if name.isupper()})
    see.note("methods", sorted(name for name in dir(registry) if name.islower() and not name.startswith("_")))
    engine = core._engine
    see.note("all events", engine.ALL_EVENTS)
    see.note("capabilities", engine.ALL_WELL_KNOWN_CAPABILITIES)
    see.note("constants", {name: getattr(engine, name) for name in sorted(dir(engine)) if name.isupper()})
    see.note("exports", sorted(engine.__all__))
    see.note("version", engine.__version__)
    see.note("package events", sorted(core.events.__all__))
