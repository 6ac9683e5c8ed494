"""The cancellation token."""

import asyncio
from typing import Any


def _state(token: Any) -> list[Any]:
    return [token.state, token.is_cancelled, token.is_graceful, token.is_immediate]


def states(core: Any, see: Any) -> None:
    for steps in (
        ("request_graceful",),
        ("request_immediate",),
        ("request_cancellation",),
        ("request_graceful", "request_graceful"),
        ("request_graceful", "request_immediate", "request_immediate"),
        ("request_immediate", "request_graceful", "request_cancellation"),
        ("request_graceful", "reset", "request_graceful"),
        ("reset", "reset"),
        ("request_immediate", "reset", "request_cancellation", "request_immediate"),
    ):
        token = core.CancellationToken()
        see.note("new", _state(token))
        for step in steps:
            see.note(step, [getattr(token, step)(), *_state(token)])


def tools(core: Any, see: Any) -> None:
    token = core.CancellationToken()

    def running() -> list[Any]:
        return [token.running_tools, sorted(token.running_tool_names)]

    see.note("none", running())
    token.register_tool_start("1", "search")
    token.register_tool_start("2", "search")
    token.register_tool_start("3", "bash")
    see.note("three", running())
    token.register_tool_start("3", "renamed")
    see.note("same id", running())
    token.register_tool_complete("1")
    token.register_tool_complete("unknown")
    see.note("one done", running())
    token.request_graceful()
    see.note("while cancelled", running())
    token.running_tools.clear()
    see.note("a copy", running())
    token.reset()
    see.note("reset", running())
    see.call("id", token.register_tool_start, 1, "x")
    see.call("name", token.register_tool_start, "1", 2)
    see.call("complete", token.register_tool_complete, None)


def children(core: Any, see: Any) -> None:
    parent, child, grandchild = (core.CancellationToken() for _ in range(3))
    parent.register_child(child)
    child.register_child(grandchild)
    child.request_graceful()
    see.note("up not, down yes", [parent.state, child.state, grandchild.state])
    parent.request_graceful()
    see.note("already graceful", [parent.state, child.state, grandchild.state])
    parent.request_immediate()
    see.note("immediate", [parent.state, child.state, grandchild.state])
    parent.reset()
    see.note("reset is the parent's own", [parent.state, child.state, grandchild.state])
    late = core.CancellationToken()
    child.register_child(late)
    see.note("late child", late.state)
    graceful = core.CancellationToken()
    graceful.request_graceful()
    late = core.CancellationToken()
    late.request_immediate()
    graceful.register_child(late)
    see.note("stays immediate", late.state)
    see.call("wrong type", parent.register_child, 5)
    see.call("none", parent.register_child, None)
    see.call("wrong type", parent.unregister_child, 5)


def unregistered_children(core: Any, see: Any) -> None:
    parent, one, two = (core.CancellationToken() for _ in range(3))
    parent.register_child(one)
    parent.register_child(one)
    parent.register_child(two)
    parent.unregister_child(one)
    parent.unregister_child(core.CancellationToken())
    parent.request_immediate()
    see.note("only the second", [one.state, two.state])


async def callbacks(core: Any, see: Any) -> None:
    token = core.CancellationToken()

    async def slow() -> None:
        await asyncio.sleep(0.001)
        see.note("async")

    async def fails() -> None:
        see.note("async, fails")
        raise ValueError("a")

    async def cancelled() -> None:
        see.note("async, cancelled")
        raise asyncio.CancelledError

    def sync_fails() -> None:
        see.note("sync, fails")
        raise KeyError("s")

    token.on_cancel(slow)
    token.on_cancel(fails)
    token.on_cancel(cancelled)
    token.on_cancel(sync_fails)
    token.on_cancel(5)
    token.on_cancel(lambda: see.note("sync"))
    token.on_cancel(lambda: slow())
    token.request_immediate()
    see.note("nothing yet")
    await see.wait("trigger", token.trigger_callbacks)
    token.reset()
    await see.wait("again", token.trigger_callbacks)


async def callbacks_registered_meanwhile(core: Any, see: Any) -> None:
    token = core.CancellationToken()
    token.on_cancel(lambda: token.on_cancel(lambda: see.note("late")))
    await token.trigger_callbacks()
    see.note("first round done")
    await token.trigger_callbacks()


async def callbacks_are_not_inherited(core: Any, see: Any) -> None:
    parent, child = core.CancellationToken(), core.CancellationToken()
    parent.register_child(child)
    child.on_cancel(lambda: see.note("child"))
    parent.on_cancel(lambda: see.note("parent"))
    parent.request_graceful()
    await parent.trigger_callbacks()
    see.note("done")


def outside_a_loop(core: Any, see: Any) -> None:
    see.call("trigger", core.CancellationToken().trigger_callbacks)


def construction(core: Any, see: Any) -> None:
    token = core.CancellationToken()
    see.refused("argument", core.CancellationToken, 1)
    see.refused("subclass", type, "Sub", (core.CancellationToken,), {})
    see.refused("state", setattr, token, "state", "none")
    see.refused("attribute", setattr, token, "own", 1)
    see.note("members", sorted(name for name in dir(token) if not name.startswith("_")))
