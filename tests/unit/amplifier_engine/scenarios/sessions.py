"""A session's life when all goes well."""

import asyncio
from collections.abc import Callable
from typing import Any

_LIFE = (
    "session:start", "session:resume", "session:end", "session:fork", "session:config",
    "cancel:completed", "module:load_failed", "module:on_session_ready_failed",
)  # fmt: skip

CONFIG: dict[str, Any] = {
    "session": {"orchestrator": "orchestrator", "context": "context"},
    "providers": [{"module": "provider-a", "config": {"p": 1}}],
    "tools": [{"module": "tool-t"}],
    "hooks": [{"module": "hooks-h"}],
}


class Loader:
    """Mounts scripted modules."""

    def __init__(self, see: Any, run: Callable[..., Any], failures: dict[str, BaseException]) -> None:
        self._see = see
        self._run = run
        self._failures = failures
        self._ready: list[Any] = []

    async def load(self, module_id: str, config: Any, source_hint: Any = None, coordinator: Any = None) -> Any:
        """The mount function of a module."""
        self._see.note(f"load {module_id}", [config, source_hint])
        self._fail(f"load {module_id}")

        async def mount(target: Any) -> Any:
            self._fail(f"mount {module_id}")
            await self._mount(module_id, target)
            return lambda: self._see.note(f"cleanup {module_id}")

        async def ready(_coordinator: Any) -> None:
            self._see.note(f"ready {module_id}")
            self._fail(f"ready {module_id}")

        mount.__on_session_ready__ = (module_id, ready)  # type: ignore[attr-defined]
        return mount

    async def _mount(self, module_id: str, target: Any) -> None:
        kind = module_id.partition("-")[0]
        if kind == "orchestrator":
            await target.mount("orchestrator", Orchestrator(self._run))
        elif kind == "context":
            await target.mount("context", "the context")
        elif kind == "provider":
            await target.mount("providers", object(), name=module_id)
        elif kind == "tool":
            await target.mount("tools", object(), name=module_id)

    def _fail(self, step: str) -> None:
        if step in self._failures:
            raise self._failures[step]

    def enqueue_on_session_ready(self, module_id: str, function: Any) -> None:
        """Keep a function for the end of initialisation."""
        self._ready.append((module_id, function))

    def get_on_session_ready_queue(self) -> list[Any]:
        """The kept functions."""
        return list(self._ready)

    def clear_on_session_ready_queue(self) -> None:
        """Forget the kept functions."""
        self._ready.clear()


class Orchestrator:
    """Runs a script."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    async def execute(self, **given: Any) -> Any:
        """The script's answer."""
        return await self._run(**given)


async def answers(prompt: str, **_given: Any) -> str:
    """A script that answers."""
    return f"answer to {prompt}"


def make(
    core: Any, see: Any, run: Callable[..., Any] = answers, failures: dict[str, BaseException] | None = None,
    config: dict[str, Any] | None = None, **options: Any,
) -> Any:  # fmt: skip
    """A session with scripted modules whose life events are noted."""
    session = core.AmplifierSession(config or CONFIG, **{"session_id": "S", **options})
    session.coordinator.loader = Loader(see, run, failures or {})
    for event in _LIFE:
        session.coordinator.hooks.register(event, lambda event, data: see.note(event, data))
    return session


async def one_turn(core: Any, see: Any) -> None:
    session = make(core, see)
    see.note("before", session.initialized)
    await see.wait("initialize", session.initialize)
    await see.wait("initialize again", session.initialize)
    see.note("after", [session.initialized, session.coordinator.session is session])
    await see.wait("execute", session.execute, "one")
    await see.wait("execute", session.execute, "two")
    await see.wait("cleanup", session.cleanup)
    see.note("cleaned up", session.initialized)


async def what_the_orchestrator_gets(core: Any, see: Any) -> None:
    async def run(**given: Any) -> str:
        see.note("names", sorted(given))
        coordinator = given["coordinator"]
        see.note("prompt and context", [given["prompt"], given["context"]])
        see.note("same tools", given["tools"] is coordinator.get("tools"))
        see.note("same providers", given["providers"] is coordinator.get("providers"))
        see.note("same hooks", given["hooks"] is coordinator.hooks)
        return ""

    session = make(core, see, run)
    await session.initialize()
    await see.wait("execute", session.execute, "")
    see.call("prompt type", session.execute, 5)
    see.call("surrogate", session.execute, "\ud800")


async def child_session(core: Any, see: Any) -> None:
    config = {
        **CONFIG,
        "session": {**CONFIG["session"], "raw": True, "metadata": {"m": (1,)}, "api_key": "secret", "injection": None},
    }
    session = make(core, see, config=config, parent_id="P", is_resumed=True)
    see.note("identity", [session.session_id, session.parent_id, session.is_resumed, session.coordinator.parent_id])
    await session.initialize()
    await see.wait("execute", session.execute, "one")
    await see.wait("execute", session.execute, "two")
    await session.cleanup()


async def metadata(core: Any, see: Any) -> None:
    for value in ({}, None, {"a": 1}, "text", [1], 0, False):
        for parent in (None, "P"):
            config = {**CONFIG, "session": {**CONFIG["session"], "metadata": value}}
            session = make(core, see, config=config, parent_id=parent)
            await session.initialize()
            await see.wait(f"{value!r}, {parent}", session.execute, "x")


async def start_comes_once(core: Any, see: Any) -> None:
    session = make(core, see)
    for round_ in range(2):
        await see.wait(f"initialize {round_}", session.initialize)
        await see.wait(f"execute {round_}", session.execute, "x")
        await see.wait(f"cleanup {round_}", session.cleanup)
        await see.wait(f"cleanup {round_}, again", session.cleanup)
    see.call("closed", session.execute, "x")


async def specifications(core: Any, see: Any) -> None:
    for label, section in {
        "dicts": {
            "orchestrator": {"module": "orchestrator-o", "source": "src", "config": {"a": 1}},
            "context": {"module": "context-c", "source": "src2", "config": {"b": 2}},
        },
        "names": {
            "orchestrator": "orchestrator",
            "context": "context",
            "orchestrator_source": "s",
            "context_source": "t",
        },
        "empty dicts": {"orchestrator": {}, "context": {}},
    }.items():
        config = {"session": section, "orchestrator": {"config": {"o": 1}}, "context": {"config": {"c": 1}}}
        session = make(core, see, config=config)
        await see.wait(label, session.initialize)


async def several_providers(core: Any, see: Any) -> None:
    providers = [{"module": "provider-a"}, {"module": "provider-b", "source": "s"}, {}, {"module": "provider-a"}]
    session = make(core, see, config={**CONFIG, "providers": providers[:3]})
    await see.wait("initialize", session.initialize)
    see.note("names", sorted(session.coordinator.get("providers")))
    await see.wait("twice", make(core, see, config={**CONFIG, "providers": providers}).initialize)


async def missing_modules(core: Any, see: Any) -> None:
    for section in (
        {"orchestrator": "other", "context": "context"},
        {"orchestrator": "orchestrator", "context": "other"},
    ):
        session = make(core, see, config={"session": section})
        await session.initialize()
        await see.wait("execute", session.execute, "x")
        await session.cleanup()


async def context_manager(core: Any, see: Any) -> None:
    session = make(core, see)
    async with session as entered:
        see.note("entered", [entered is session, session.initialized])
    see.note("left", session.initialized)
    try:
        async with make(core, see) as session:
            raise KeyError("body")
    except KeyError as error:
        see.note("raised", error)
    try:
        async with make(core, see, failures={"load context": ValueError("no")}):
            see.note("never")
    except RuntimeError as error:
        see.note("not entered", error)
    await see.wait("exit", session.__aexit__, None, None, None)


async def together(core: Any, see: Any) -> None:
    """Two sessions in one loop know nothing of each other."""
    waiting, meeting = asyncio.Event(), asyncio.Event()

    async def waits(prompt: str, coordinator: Any, **_given: Any) -> str:
        if prompt == "first":
            waiting.set()
            await meeting.wait()
        else:
            meeting.set()
        return f"{prompt} in {coordinator.session_id}"

    one, two = make(core, see, waits, session_id="1"), make(core, see, waits, session_id="2")
    await one.initialize()
    await two.initialize()
    first = asyncio.create_task(one.execute("first"))
    await waiting.wait()
    second = await two.execute("second")
    see.note("answers", [await first, second])
    see.note("hooks apart", one.coordinator.hooks is not two.coordinator.hooks)


async def handlers_see_the_session(core: Any, see: Any) -> None:
    session = make(core, see, parent_id="P")
    session.coordinator.hooks.register("own", lambda _event, data: see.note("own event", data))
    await session.coordinator.hooks.emit("own", {"x": 1})
    await session.coordinator.hooks.emit("own", {"session_id": "other"})


async def start_can_be_denied_in_vain(core: Any, see: Any) -> None:
    session = make(core, see)
    session.coordinator.hooks.register("session:start", lambda _e, _d: {"action": "deny"})
    await session.initialize()
    await see.wait("execute", session.execute, "x")


def construction(core: Any, see: Any) -> None:
    make_session = core.AmplifierSession
    fine = {"session": {"orchestrator": "o", "context": "c"}}
    configs: dict[str, Any] = {
        "empty": {}, "number": 5, "none": None, "section number": {"session": 5}, "section none": {"session": None},
        "no section": {"a": 1}, "no context": {"session": {"orchestrator": "o"}},
        "no orchestrator": {"session": {"context": "c"}},
        "orchestrator none": {"session": {"orchestrator": None, "context": "c"}},
        "empty names": {"session": {"orchestrator": "", "context": ""}},
        "numbers": {"session": {"orchestrator": 5, "context": 6}},
        "object": {**fine, "x": object()}, "nan": {**fine, "x": float("nan")}, "number key": {**fine, 1: 2},
        "tuple key": {**fine, (1,): 2}, "surrogate": {**fine, "x": "\ud800"}, "odd lists": {**fine, "providers": 5},
    }  # fmt: skip
    for label, config in configs.items():
        try:
            see.note(label, type(make_session(config)).__name__)
        except BaseException as error:
            see.note(label, error)
    see.refused("nothing", make_session)
    see.call("id", make_session, fine, session_id=5)
    see.call("parent", make_session, fine, parent_id=5)
    see.call("resumed", make_session, fine, is_resumed=1)
    see.refused("unknown", make_session, fine, bogus=1)
    see.refused("subclass", type, "Sub", (make_session,), {})
    session = make_session(fine, None, "id", "parent", "approval", "display", True)
    coordinator = session.coordinator
    see.note("positional", [session.session_id, session.parent_id, session.is_resumed])
    see.note("passed on", [coordinator.approval_system, coordinator.display_system, coordinator.loader])
    see.note("same config", [session.config is fine, coordinator.config is fine])
    see.note("stand-in", [type(coordinator.session).__name__, coordinator.session.session_id])
    see.note("empty id", make_session(fine, session_id="").session_id)
    see.note("made-up ids differ", make_session(fine).session_id != make_session(fine).session_id)
    see.note("made-up id", make_session(fine, is_resumed=True).session_id)
    see.note("loader is not taken", make_session(fine, loader=7).coordinator.loader)
    see.refused("setter", setattr, session, "session_id", "x")
    see.refused("attribute", setattr, session, "own", 1)
    see.note("members", sorted(name for name in dir(session) if not name.startswith("_")))


def outside_a_loop(core: Any, see: Any) -> None:
    session = core.AmplifierSession({"session": {"orchestrator": "o", "context": "c"}})
    see.call("cleanup", session.cleanup)
    see.call("execute", session.execute, "x")
