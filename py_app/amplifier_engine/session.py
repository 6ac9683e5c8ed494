"""The session: initialise once, execute prompts, clean up.

Owns the life cycle and the events that mark it (`session:start` or
`session:resume`, `cancel:completed`, `session:end`). Loading modules and calling the
orchestrator are left to the package's own `_session_init` and `_session_exec`.

Cancelling the task that waits for `execute` does not stop the orchestrator; setting
the coordinator's cancellation token does. Every error of the orchestrator comes out
as RuntimeError, so look at the token to tell a stop from a failure.
"""

import asyncio
import logging
import types
import uuid
from collections.abc import Coroutine
from typing import Any, Self

from . import arguments, cleanup, describe, events, owned_task, payload, session_config
from .coordinator import RustCoordinator
from .sealed import Sealed

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("_engine.session")


class RustSession(Sealed):
    """One conversation with its modules."""

    __slots__ = (
        "_config",
        "_coordinator",
        "_ended",
        "_initialized",
        "_is_resumed",
        "_metadata",
        "_parent_id",
        "_session_id",
        "_started",
        "_tidying",
    )

    def __init__(
        self,
        config: dict[str, Any],
        loader: Any = None,
        session_id: str | None = None,
        parent_id: str | None = None,
        approval_system: Any = None,
        display_system: Any = None,
        is_resumed: bool = False,
    ) -> None:
        arguments.dictionary(config)
        session_id = arguments.optional_text(session_id)
        parent_id = arguments.optional_text(parent_id)
        is_resumed = arguments.boolean(is_resumed)
        self._metadata = session_config.metadata(config)
        if loader is not None:
            logger.warning(
                "loader parameter passed to RustSession.__init__ but is not used — "
                "_session_init.py retrieves the loader from the coordinator config"
            )
        self._config = config
        self._is_resumed = is_resumed
        self._session_id = str(uuid.uuid4()) if session_id is None else session_id
        self._parent_id = parent_id
        self._initialized = False
        self._started = False
        self._ended = False
        self._tidying = asyncio.Lock()
        identity = {"session_id": self._session_id, "parent_id": parent_id}
        self._coordinator = RustCoordinator(
            types.SimpleNamespace(**identity, config=config), approval_system, display_system
        )
        self._coordinator.hooks.set_default_fields(**identity)

    @property
    def session_id(self) -> str:
        """Id of this session."""
        return self._session_id

    @property
    def parent_id(self) -> str | None:
        """Id of the parent session, if this one is a child."""
        return self._parent_id

    @property
    def coordinator(self) -> RustCoordinator:
        """The coordinator with the mounted modules."""
        return self._coordinator

    @property
    def config(self) -> dict[str, Any]:
        """The configuration, the very object that was given."""
        return self._config

    @property
    def is_resumed(self) -> bool:
        """Whether the session goes on from an earlier one."""
        return self._is_resumed

    @property
    def initialized(self) -> bool:
        """Whether the modules are loaded."""
        return self._initialized

    def initialize(self) -> Coroutine[Any, Any, None]:
        """Load and mount the configured modules; once done, it does nothing more."""
        from amplifier_core._session_init import initialize_session

        if self._initialized:
            asyncio.get_running_loop()
            return self._do_nothing()
        self._coordinator._set_session(self)
        asyncio.get_running_loop()
        return self._initialize(initialize_session(self._config, self._coordinator, self._session_id, self._parent_id))

    def execute(self, prompt: str) -> Coroutine[Any, Any, str]:
        """Give a prompt to the orchestrator; resolves to its answer."""
        from amplifier_core import _session_exec

        prompt = arguments.text(prompt)
        if not self._initialized:
            raise RuntimeError("Session not initialized. Call initialize() first.")
        asyncio.get_running_loop()
        return self._execute(_session_exec, prompt)

    def cleanup(self) -> Coroutine[Any, Any, None]:
        """Emit `session:end` if the session was initialised, then clean up its modules."""
        functions = cleanup.callables(self._coordinator._cleanup_fns)
        asyncio.get_running_loop()
        return self._cleanup(functions)

    def __aenter__(self) -> Coroutine[Any, Any, Self]:
        from amplifier_core._session_init import _session_aenter

        entering: Coroutine[Any, Any, Self] = _session_aenter(self)
        return entering

    def __aexit__(self, _exc_type: Any, _exc_val: Any, _exc_tb: Any) -> Coroutine[Any, Any, None]:
        return self.cleanup()

    async def _do_nothing(self) -> None:
        return None

    async def _initialize(self, loading: Coroutine[Any, Any, None]) -> None:
        outcome = await owned_task.finish(loading)
        if outcome.error is not None:
            reason = describe.error(outcome.error)
            raise RuntimeError(f"Session initialization failed: {reason}") from None
        self._initialized = True
        self._ended = False

    async def _execute(self, helper: types.ModuleType, prompt: str) -> str:
        hooks = self._coordinator.hooks
        begin = events.SESSION_RESUME if self._is_resumed else events.SESSION_START
        if not self._started:
            self._started = True
            identity = {"session_id": self._session_id, "parent_id": self._parent_id}
            await hooks._dispatch(begin, {**identity, **payload.copy(self._metadata)})
        raw = await owned_task.finish(
            helper.emit_raw_field_if_configured(self._coordinator, self._config, self._session_id, begin)
        )
        if raw.error is not None:
            reason = describe.error(raw.error)
            raise RuntimeError(f"Debug event emission failed: {reason}") from None

        outcome = await owned_task.finish(helper.run_orchestrator(self._coordinator, prompt))

        token = self._coordinator.cancellation
        if token.is_cancelled:
            data: dict[str, Any] = {"was_immediate": token.is_immediate}
            if outcome.error is not None:
                data["error"] = describe.error(outcome.error)
            await hooks._dispatch(events.CANCEL_COMPLETED, data)
        if outcome.error is not None:
            reason = describe.error(outcome.error)
            raise RuntimeError(f"Execution failed: {reason}") from None
        return arguments.text(outcome.value)

    async def _cleanup(self, functions: list[Any]) -> None:
        async with self._tidying:
            if self._initialized and not self._ended:
                self._ended = True
                await self._coordinator.hooks._dispatch(events.SESSION_END, {"session_id": self._session_id})
            await cleanup.run(functions, logger)
            self._initialized = False
