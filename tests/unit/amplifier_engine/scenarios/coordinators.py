"""The coordinator: mount points, capabilities, contributions, cleanup."""

import asyncio
import copy
import pickle
import types
import weakref
from typing import Any


def _session(**config: Any) -> Any:
    return types.SimpleNamespace(session_id="s", parent_id=None, config=config)


class _Named:
    def __init__(self, name: Any) -> None:
        self.name = name


def construction(core: Any, see: Any) -> None:
    make = core.ModuleCoordinator
    empty = make()
    see.note("empty", [empty.session_id, empty.parent_id, empty.config, empty.session, empty.loader])
    see.note("systems", [empty.approval_system, empty.display_system])
    see.note("mount points", {name: type(value).__name__ for name, value in empty.mount_points.items()})
    see.note("same hooks", empty.mount_points["hooks"] is empty.hooks)
    see.note("same token", empty.cancellation is empty.cancellation)
    session = types.SimpleNamespace(session_id="id", parent_id="parent", config={"a": 1})
    full = make(session, "approval", "display")
    see.note("full", [full.session_id, full.parent_id, full.config, full.approval_system, full.display_system])
    see.note("identity", [full.session is session, full.config is session.config])
    see.note("keywords", make(session=session, approval_system=1, display_system=2).approval_system)
    see.call("number", make, 5)
    see.refused("too many", make, 1, 2, 3, 4)
    see.call("id", make, types.SimpleNamespace(session_id=5, parent_id=None, config={}))
    see.call("parent", make, types.SimpleNamespace(session_id="s", parent_id=5, config={}))
    see.call("no config", make, types.SimpleNamespace(session_id="s", parent_id=None))
    see.note("members", sorted(name for name in dir(make) if not name.startswith("_")))


def odd_configs(core: Any, see: Any) -> None:
    for label, config in {
        "none": None,
        "list": [1],
        "nan": {"v": float("nan")},
        "object": {"v": object},
        "model": core.ToolResult(output=1),
    }.items():
        see.call(label, core.ModuleCoordinator, types.SimpleNamespace(session_id="s", parent_id=None, config=config))
    tuple_key = types.SimpleNamespace(session_id="s", parent_id=None, config={(1,): 1})
    see.call("tuple key", core.ModuleCoordinator, tuple_key)


async def mounting(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    one, two = _Named("one"), _Named("two")
    for point in ("orchestrator", "context", "module-source-resolver"):
        see.note(f"{point}: empty", coordinator.get(point))
        await see.wait(f"{point}: mount", coordinator.mount, point, one)
        await see.wait(f"{point}: again", coordinator.mount, point, two, name="ignored")
        see.note(f"{point}: mounted", coordinator.get(point) is two)
        see.note(f"{point}: by name", coordinator.get(point, "x") is two)
        await see.wait(f"{point}: unmount", coordinator.unmount, point, name="ignored")
        see.note(f"{point}: gone", coordinator.get(point))
    for point in ("tools", "providers"):
        see.note(f"{point}: empty", coordinator.get(point))
        await coordinator.mount(point, one)
        await coordinator.mount(point, two, "renamed")
        await coordinator.mount(point, two, name="one")
        see.note(f"{point}: names", sorted(coordinator.get(point)))
        see.note(f"{point}: replaced", coordinator.get(point, "one") is two)
        see.note(f"{point}: unknown", coordinator.get(point, "unknown"))
        see.note(f"{point}: the dict itself", coordinator.get(point) is coordinator.mount_points[point])
        await see.wait(f"{point}: unmount", coordinator.unmount, point, "one")
        await see.wait(f"{point}: unmount unknown", coordinator.unmount, point, "unknown")
        see.note(f"{point}: left", sorted(coordinator.get(point)))
    see.note("hooks", coordinator.get("hooks") is coordinator.hooks)
    await see.wait("unmount hooks", coordinator.unmount, "hooks")


async def mounting_refused(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    see.call("hooks", coordinator.mount, "hooks", 1)
    see.call("unknown", coordinator.mount, "nope", 1)
    see.call("unknown agents", coordinator.mount, "agents", 1, "a")
    see.call("point type", coordinator.mount, 5, 1)
    see.call("no name", coordinator.mount, "tools", object())
    see.call("name type", coordinator.mount, "tools", 1, 5)
    see.call("own name type", coordinator.mount, "tools", _Named(5))
    see.call("own name none", coordinator.mount, "tools", _Named(None))
    see.call("get unknown", coordinator.get, "nope")
    see.call("get type", coordinator.get, 5)
    see.call("get name type", coordinator.get, "tools", 5)
    see.call("unmount unknown", coordinator.unmount, "nope", "x")
    see.call("unmount without name", coordinator.unmount, "tools")
    see.note("nothing mounted", coordinator.to_dict())


async def mounted_when_called(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    waiting = coordinator.mount("tools", 1, "t")
    see.note("before awaiting", sorted(coordinator.get("tools")))
    await waiting
    waiting = coordinator.unmount("tools", "t")
    see.note("before awaiting", sorted(coordinator.get("tools")))
    await waiting


def mounting_outside_a_loop(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    see.call("mount", coordinator.mount, "tools", 1, "t")
    see.note("mounted all the same", sorted(coordinator.get("tools")))
    see.call("cleanup", coordinator.cleanup)
    see.call("cancel", coordinator.request_cancel)


async def own_mount_points(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    coordinator.mount_points["agents"] = {}
    coordinator.mount_points["custom"] = "kept"
    await coordinator.mount("agents", 1, "a")
    see.note("agents", coordinator.get("agents"))
    await see.wait("custom", coordinator.mount, "custom", 1)
    see.note("custom", [coordinator.get("custom"), coordinator.mount_points["custom"]])
    coordinator.mount_points["tools"]["direct"] = 1
    see.note("direct", coordinator.get("tools", "direct"))
    coordinator.mount_points = {"tools": {"a": 1}, "context": 5}
    see.note("replaced", coordinator.get("tools"))
    see.call("overview", coordinator.to_dict)
    see.call("lost", coordinator.get, "orchestrator")
    see.call("type", setattr, coordinator, "mount_points", 5)
    coordinator.mount_points = {"tools": 5}
    see.call("no dict", coordinator.get, "tools")
    see.call("no dict, name", coordinator.get, "tools", "x")
    see.refused("deleter", delattr, coordinator, "mount_points")


async def overview(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator(_session(), None, None)
    see.note("empty", coordinator.to_dict())
    await coordinator.mount("tools", 1, "t")
    await coordinator.mount("providers", 1, "p")
    await coordinator.mount("orchestrator", 1)
    await coordinator.mount("context", 1)
    coordinator.register_capability("c", None)
    see.note("full", coordinator.to_dict())
    for name in ("approval_system", "display_system"):
        setattr(coordinator, name, object())
        see.note(f"{name} set", coordinator.to_dict())
        setattr(coordinator, name, None)
        see.note(f"{name} cleared", coordinator.to_dict())
    see.note("from the constructor", core.ModuleCoordinator(_session(), 1, 2).to_dict())


def capabilities(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    see.note("unknown", coordinator.get_capability("x"))
    value = object()
    coordinator.register_capability("x", value)
    see.note("same", coordinator.get_capability("x") is value)
    coordinator.register_capability("x", 2)
    see.note("replaced", coordinator.get_capability("x"))
    see.call("name", coordinator.register_capability, 5, 1)
    see.call("name", coordinator.get_capability, None)


async def contributions(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()

    async def later() -> Any:
        await asyncio.sleep(0)
        return "async"

    async def fails() -> Any:
        raise ValueError("a")

    async def cancelled() -> Any:
        raise asyncio.CancelledError

    see.note("empty", [coordinator.channels, await coordinator.collect_contributions("c")])
    for name, callback in {
        "value": lambda: 1,
        "none": lambda: None,
        "async": later,
        "coroutine": lambda: later(),
        "fails": fails,
        "divides": lambda: 1 / 0,
        "number": 5,
        "last": lambda: {"a": 1},
    }.items():
        coordinator.register_contributor("c", name, callback)
    await see.wait("collected", coordinator.collect_contributions, "c")
    see.note("channels", {key: [entry["name"] for entry in found] for key, found in coordinator.channels.items()})
    coordinator.register_contributor("d", "before", lambda: "before")
    coordinator.register_contributor("d", "cancelled", cancelled)
    coordinator.register_contributor("d", "after", lambda: "after")
    await see.wait("stops", coordinator.collect_contributions, "d")
    see.call("channel", coordinator.register_contributor, 5, "n", 1)
    see.call("name", coordinator.register_contributor, "c", 5, 1)
    see.call("collect", coordinator.collect_contributions, 5)
    see.refused("setter", setattr, coordinator, "channels", {})


async def cleanups(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()

    async def later() -> None:
        await asyncio.sleep(0)
        see.note("async")

    async def fails() -> None:
        see.note("async, fails")
        raise ValueError("a")

    async def cancelled() -> None:
        raise asyncio.CancelledError("c")

    def sync_fails() -> None:
        see.note("sync, fails")
        raise KeyError("s")

    for function in (lambda: see.note("first"), later, fails, cancelled, sync_fails, None, 5, "text", lambda: later()):
        coordinator.register_cleanup(function)
    see.note("kept", len(coordinator._cleanup_fns))
    await see.wait("cleanup", coordinator.cleanup)
    await see.wait("again", coordinator.cleanup)


async def cleanup_grows_meanwhile(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    coordinator.register_cleanup(lambda: coordinator.register_cleanup(lambda: see.note("late")))
    waiting = coordinator.cleanup()
    coordinator.register_cleanup(lambda: see.note("after the call"))
    await waiting
    see.note("kept", len(coordinator._cleanup_fns))


async def turns(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator(_session(session={"injection_budget_per_turn": 10}))
    see.note("limits", [coordinator.injection_budget_per_turn, coordinator.injection_size_limit])
    coordinator._current_turn_injections = 7
    coordinator.reset_turn()
    see.note("reset", coordinator._current_turn_injections)
    see.call("negative", setattr, coordinator, "_current_turn_injections", -1)
    see.call("text", setattr, coordinator, "_current_turn_injections", "1")
    await see.wait("cancel", coordinator.request_cancel)
    see.note("graceful", coordinator.cancellation.state)
    await see.wait("cancel at once", coordinator.request_cancel, immediate=True)
    see.note("immediate", coordinator.cancellation.state)
    see.call("type", coordinator.request_cancel, 1)
    configs: list[dict[str, Any]] = [
        {},
        {"session": None},
        {"session": {}},
        {"session": {"injection_size_limit": "any"}},
    ]
    for config in configs:
        see.note("limit", core.ModuleCoordinator(_session(**config)).injection_size_limit)
    see.call("broken", lambda: core.ModuleCoordinator(_session(session=5)).injection_size_limit)


def state(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    coordinator.session_state["a"] = 1
    see.note("kept", coordinator.session_state)
    coordinator.session_state = {"b": 2}
    see.note("replaced", coordinator.session_state)
    see.call("type", setattr, coordinator, "session_state", 5)
    coordinator.loader = "loader"
    coordinator.own = "attribute"
    see.note("own", [coordinator.loader, coordinator.own, vars(coordinator)])
    coordinator._set_session("session")
    see.note("session", coordinator.session)
    for name in ("session_id", "parent_id", "hooks", "cancellation", "config", "session", "injection_size_limit"):
        see.refused(name, setattr, coordinator, name, 1)


def copying(core: Any, see: Any) -> None:
    coordinator = core.ModuleCoordinator()
    session = core.AmplifierSession({"session": {"orchestrator": "o", "context": "c"}})
    error = core._engine.ProviderError("m")
    remove = coordinator.hooks.register("e", print)
    for thing in (coordinator, session, coordinator.hooks, coordinator.cancellation, core.RetryConfig(), error, remove):
        for way in (copy.copy, copy.deepcopy, pickle.dumps, weakref.ref):
            see.refused(f"{type(thing).__name__}: {way.__name__}", way, thing)


async def subclasses(core: Any, see: Any) -> None:
    class Counting(core.ModuleCoordinator):  # type: ignore[misc]
        def __init__(self, *_arguments: Any) -> None:
            self.mounted: list[str] = []

        async def mount(self, mount_point: str, module: Any, name: str | None = None) -> None:
            self.mounted.append(mount_point)
            await super().mount(mount_point, module, name)

    class Fixed(core.ModuleCoordinator):  # type: ignore[misc]
        def __new__(cls) -> Any:
            return super().__new__(cls, _session(fixed=True))

        def __init__(self) -> None:
            self.extra = 1

    class Calling(core.ModuleCoordinator):  # type: ignore[misc]
        def __init__(self, session: Any) -> None:
            super().__init__(session)

    counting = Counting(_session())
    await counting.mount("tools", 1, "t")
    see.note("counting", [counting.mounted, counting.get("tools"), counting.session_id])
    see.note("fixed", [Fixed().config, Fixed().extra])
    see.refused("calling", Calling, _session())
    mock = core.MockCoordinator()
    await mock.mount("context", 1)
    await mock.unmount("context")
    see.note("mock", [mock.mount_history, mock.unmount_history, mock.session_id, mock.to_dict()])
    helper = core.create_test_coordinator()
    see.note("helper", type(helper).__name__)
