"""The coordinator: where a session's modules are mounted and find each other.

Owns what is mounted, the capabilities, contribution channels, cleanup functions and
the per-turn injection counter, and holds the session's hooks and cancellation
token. It loads nothing and decides nothing; `hook_dispatch` acts on hook results.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Self

from . import arguments, cleanup, hook_dispatch, mount_points, session_config
from .cancellation import RustCancellationToken
from .hooks import RustHookRegistry
from .sealed import Unique

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("_engine.coordinator")


class RustCoordinator(Unique):
    """Mount points and services of one session; may be subclassed.

    All arguments are taken by `__new__`, so a subclass is free in its `__init__`.
    """

    __slots__ = (
        "__dict__",
        "_approval_set",
        "_approval_system",
        "_cancellation",
        "_capabilities",
        "_channels",
        "_cleanups",
        "_config",
        "_display_set",
        "_display_system",
        "_hooks",
        "_injected",
        "_loader",
        "_mount_points",
        "_parent_id",
        "_session",
        "_session_id",
        "_session_state",
    )

    _hooks: RustHookRegistry
    _cancellation: RustCancellationToken
    _mount_points: dict[str, Any]
    _capabilities: dict[str, Any]
    _channels: dict[str, list[dict[str, Any]]]
    _cleanups: list[Any]
    _session_state: dict[str, Any]
    _config: Any
    _session: Any
    _loader: Any
    _approval_system: Any
    _display_system: Any
    _approval_set: bool
    _display_set: bool
    _session_id: str
    _parent_id: str | None
    _injected: int

    def __new__(cls, session: Any = None, approval_system: Any = None, display_system: Any = None) -> Self:
        self = super().__new__(cls)
        self._session_id, self._parent_id, self._config = "", None, {}
        if session is not None:
            self._session_id = arguments.text(session.session_id)
            self._parent_id = arguments.optional_text(session.parent_id)
            self._config = session.config
            session_config.check(self._config)
        self._session = session
        self._hooks = RustHookRegistry()
        self._cancellation = RustCancellationToken()
        self._mount_points = mount_points.empty(self._hooks)
        self._capabilities = {}
        self._channels = {}
        self._cleanups = []
        self._session_state = {}
        self._injected = 0
        self._loader = None
        self._approval_system = approval_system
        self._display_system = display_system
        self._approval_set = self._display_set = False
        return self

    @property
    def session_id(self) -> str:
        """Id of the session, empty without one."""
        return self._session_id

    @property
    def parent_id(self) -> str | None:
        """Id of the parent session, if this one is a child."""
        return self._parent_id

    @property
    def session(self) -> Any:
        """The session itself; a stand-in until it is initialised."""
        return self._session

    def _set_session(self, session: Any) -> None:
        self._session = session

    @property
    def config(self) -> Any:
        """The session's configuration, the very object."""
        return self._config

    @property
    def hooks(self) -> RustHookRegistry:
        """The session's hook registry."""
        return self._hooks

    @property
    def cancellation(self) -> RustCancellationToken:
        """The session's cancellation token."""
        return self._cancellation

    @property
    def channels(self) -> dict[str, list[dict[str, Any]]]:
        """Contributors by channel."""
        return self._channels

    @property
    def _cleanup_fns(self) -> list[Any]:
        return self._cleanups

    @property
    def mount_points(self) -> dict[str, Any]:
        """What is mounted where; may be read and changed directly."""
        return self._mount_points

    @mount_points.setter
    def mount_points(self, value: dict[str, Any]) -> None:
        self._mount_points = arguments.dictionary(value)

    @property
    def session_state(self) -> dict[str, Any]:
        """A dict of the callers' own, for this session."""
        return self._session_state

    @session_state.setter
    def session_state(self, value: dict[str, Any]) -> None:
        self._session_state = arguments.dictionary(value)

    @property
    def loader(self) -> Any:
        """The module loader; None lets the session make the default one."""
        return self._loader

    @loader.setter
    def loader(self, value: Any) -> None:
        self._loader = value

    @property
    def approval_system(self) -> Any:
        """Who answers approval requests, if anybody does."""
        return self._approval_system

    @approval_system.setter
    def approval_system(self, value: Any) -> None:
        self._approval_system = value
        self._approval_set = value is not None

    @property
    def display_system(self) -> Any:
        """Who shows messages of hooks, if anybody does."""
        return self._display_system

    @display_system.setter
    def display_system(self, value: Any) -> None:
        self._display_system = value
        self._display_set = self._display_set or value is not None

    @property
    def _current_turn_injections(self) -> int:
        return self._injected

    @_current_turn_injections.setter
    def _current_turn_injections(self, value: int) -> None:
        self._injected = arguments.integer(value, bits=64, signed=False)

    @property
    def injection_budget_per_turn(self) -> Any:
        """Tokens that hooks may inject in one turn, if limited."""
        return session_config.policy(self._config, "injection_budget_per_turn")

    @property
    def injection_size_limit(self) -> Any:
        """Characters that one injection may have, if limited."""
        return session_config.policy(self._config, "injection_size_limit")

    def to_dict(self) -> dict[str, Any]:
        """An overview of what is mounted and registered.

        The two last entries tell of systems that were set later, not of those that the
        coordinator was made with, and the very last one stays true.
        """
        return {
            **mount_points.overview(self._mount_points),
            "capabilities": list(self._capabilities),
            "has_approval_provider": self._approval_set,
            "has_display_service": self._display_set,
        }

    def mount(self, mount_point: str, module: Any, name: str | None = None) -> Coroutine[Any, Any, None]:
        """Put a module in its place, at once; tools and providers go by name."""
        mount_points.mount(self._mount_points, mount_point, module, name)
        return _nothing()

    def unmount(self, mount_point: str, name: str | None = None) -> Coroutine[Any, Any, None]:
        """Take a module out of its place, at once; one that is not there is no error."""
        mount_points.unmount(self._mount_points, mount_point, name)
        return _nothing()

    def get(self, mount_point: str, name: str | None = None) -> Any:
        """A mounted module, or all of a kind, or None."""
        return mount_points.get(self._mount_points, mount_point, name)

    def register_capability(self, name: str, value: Any) -> None:
        """Offer something to other modules under a name."""
        self._capabilities[arguments.text(name)] = value

    def get_capability(self, name: str) -> Any:
        """What was offered under that name, or None."""
        return self._capabilities.get(arguments.text(name))

    def register_contributor(self, channel: str, name: str, callback: Any) -> None:
        """Add a contributor to a channel."""
        entry = {"name": arguments.text(name), "callback": callback}
        self._channels.setdefault(arguments.text(channel), []).append(entry)

    def collect_contributions(self, channel: str) -> Coroutine[Any, Any, list[Any]]:
        """Ask the contributors of a channel; resolves to what they give, without None."""
        from amplifier_core._collect_helper import collect_contributions

        asking: Coroutine[Any, Any, list[Any]] = collect_contributions(self._channels, arguments.text(channel))
        return asking

    def register_cleanup(self, cleanup_fn: Any) -> None:
        """Add a function for the end of the session; what cannot be called is ignored."""
        if callable(cleanup_fn):
            self._cleanups.append(cleanup_fn)

    def cleanup(self) -> Coroutine[Any, Any, None]:
        """Run the cleanup functions, the last registered first.

        All of them run; then the first cancellation or exit among them is raised.
        """
        functions = cleanup.callables(self._cleanups)
        asyncio.get_running_loop()
        return self._clean_up(functions)

    async def _clean_up(self, functions: list[Callable[[], Any]]) -> None:
        errors = await cleanup.run(functions, logger)
        for error in errors:
            if not isinstance(error, Exception):
                raise error

    def request_cancel(self, immediate: bool = False) -> Coroutine[Any, Any, None]:
        """Set the cancellation token; nothing is emitted and nothing is stopped."""
        immediate = arguments.boolean(immediate)
        asyncio.get_running_loop()
        return self._request_cancel(immediate)

    async def _request_cancel(self, immediate: bool) -> None:
        if immediate:
            self._cancellation.request_immediate()
        else:
            self._cancellation.request_graceful()

    def reset_turn(self) -> None:
        """Start a new turn with nothing injected yet."""
        self._injected = 0

    def process_hook_result(self, result: Any, event: str, hook_name: str = "unknown") -> Coroutine[Any, Any, Any]:
        """Act on a hook's result; resolves to the result that the caller goes on with."""
        event = arguments.text(event)
        hook_name = arguments.text(hook_name)
        answer = hook_dispatch.process(self, result, event, hook_name)
        asyncio.get_running_loop()
        return answer


async def _done() -> None:
    return None


def _nothing() -> Coroutine[Any, Any, None]:
    asyncio.get_running_loop()
    return _done()
