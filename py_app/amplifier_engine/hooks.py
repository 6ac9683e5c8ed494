"""The hook registry: who listens to which event, and what becomes of an event.

Owns registration, the order of handlers, the isolation of one handler from the
next and the precedence of their actions: deny, ask_user, inject_context, modify,
continue. What a handler may answer is `hook_result`'s matter; how data crosses to a
handler is `payload`'s.
"""

import asyncio
import contextvars
import inspect
import logging
import time
import uuid
from bisect import insort_right
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from . import arguments, describe, events, hook_result, owned_task, payload
from .hook_result import Fields
from .payload import JsonError
from .sealed import Sealed

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("amplifier_core.hooks")

_CORRELATED = ("llm:", "provider:")


class _Registration:
    """One handler of one event."""

    __slots__ = ("event", "handler", "name", "priority")

    def __init__(self, event: str, handler: Any, priority: int, name: str) -> None:
        self.event = event
        self.handler = handler
        self.priority = priority
        self.name = name


class RustUnregisterFn(Sealed):
    """Removes the one registration it was returned for; calling it again does nothing."""

    __slots__ = ("_name", "_remove")

    def __init__(self, name: str = "", remove: Callable[[], None] | None = None) -> None:
        if remove is None:
            raise TypeError("cannot create 'builtins.RustUnregisterFn' instances")
        self._name = name
        self._remove = remove

    def __call__(self) -> None:
        self._remove()

    def __repr__(self) -> str:
        return f"<unregister '{self._name}'>"


class RustHookRegistry(Sealed):
    """Dispatches events to handlers, lower priority numbers first."""

    __slots__ = ("_defaults", "_handlers", "_names")

    SESSION_START = events.SESSION_START
    SESSION_END = events.SESSION_END
    PROMPT_SUBMIT = events.PROMPT_SUBMIT
    TOOL_PRE = events.TOOL_PRE
    TOOL_POST = events.TOOL_POST
    CONTEXT_PRE_COMPACT = events.CONTEXT_PRE_COMPACT
    ORCHESTRATOR_COMPLETE = events.ORCHESTRATOR_COMPLETE
    USER_NOTIFICATION = events.USER_NOTIFICATION

    def __init__(self) -> None:
        self._handlers: dict[str, list[_Registration]] = {}
        self._names: dict[str, list[_Registration]] = {}
        self._defaults: Any = None

    def register(self, event: str, handler: Any, priority: int = 0, name: str | None = None) -> RustUnregisterFn:
        """Add a handler `(event, data)`, sync or async; returns what removes it again."""
        event = arguments.text(event)
        priority = arguments.integer(priority)
        name = arguments.optional_text(name)
        if name is None:
            name = f"_auto_{event}_{uuid.uuid4()}"
        registration = _Registration(event, handler, priority, name)
        insort_right(self._handlers.setdefault(event, []), registration, key=lambda entry: entry.priority)
        self._names.setdefault(name, []).append(registration)
        return RustUnregisterFn(name, partial(self._remove, registration))

    def on(self, event: str, handler: Any, priority: int = 0, name: str | None = None) -> RustUnregisterFn:
        """The same as `register`."""
        return self.register(event, handler, priority, name)

    def unregister(self, name: str) -> None:
        """Remove the newest registration of that name, if there is one."""
        registrations = self._names.get(arguments.text(name))
        if registrations:
            self._remove(registrations[-1])

    def set_default_fields(self, **kwargs: Any) -> None:
        """Replace the fields that every emitted event carries unless it sets them itself."""
        self._defaults = _cross(kwargs)

    def list_handlers(self, event: str | None = None) -> dict[str, list[str]]:
        """Names of the handlers by event, in the order in which they run."""
        event = arguments.optional_text(event)
        if event is not None:
            return {event: [entry.name for entry in self._handlers.get(event, ())]}
        return {key: [entry.name for entry in found] for key, found in self._handlers.items()}

    def emit(self, event: str, data: Any) -> Coroutine[Any, Any, Any]:
        """Send an event through its handlers; resolves to the combined HookResult.

        The data is read now, not when the returned coroutine runs.
        """
        event = arguments.text(event)
        current = _cross(payload.dumped(data))
        if event.startswith(_CORRELATED) and type(current) is dict:
            _stamp_request_id(event, current)
        asyncio.get_running_loop()
        return self._emit(event, current)

    def emit_and_collect(self, event: str, data: Any, timeout: float = 1.0) -> Coroutine[Any, Any, list[Any]]:
        """Ask every handler, each with a time limit; resolves to the data they answer."""
        event = arguments.text(event)
        seconds = arguments.real(timeout)
        current = _cross(payload.dumped(data))
        if not 0 <= seconds < _LONGEST_TIMEOUT:
            problem = "value is negative" if seconds < 0 else "value is either too big or NaN"
            raise ValueError(f"cannot convert float seconds to Duration: {problem}")
        asyncio.get_running_loop()
        return self._collect(event, current, seconds)

    async def _dispatch(self, event: str, data: Any) -> Fields:
        """Send canonical data through the handlers; for the kernel's own events."""
        handlers = self._handlers.get(event)
        if not handlers:
            return hook_result.fields(data=data if type(data) is dict else {})
        if type(data) is dict:
            if type(self._defaults) is dict:
                data = {**payload.copy(self._defaults), **data}
            data["timestamp"] = _now()
        question: Fields | None = None
        injections: list[tuple[Fields, str]] = []
        for registration in tuple(handlers):
            result = await _ask(registration, payload.copy(data), None)
            if result is None:
                continue
            action = result["action"]
            if action == "deny":
                return result
            if action == "modify":
                if result["data"] is not None:
                    data = result["data"]
            elif action == "inject_context":
                if result["context_injection"] is not None or result["context_injections"]:
                    injections.append((result, registration.name))
            elif action == "ask_user" and question is None:
                question = result
        if question is not None:
            return question
        if injections:
            return hook_result.merge(injections, event)
        return hook_result.fields(data=data if type(data) is dict else {})

    async def _emit(self, event: str, data: Any) -> Any:
        return hook_result.model(await self._dispatch(event, data))

    async def _collect(self, event: str, data: Any, seconds: float) -> list[Any]:
        collected = []
        for registration in tuple(self._handlers.get(event, ())):
            result = await _ask(registration, payload.copy(data), seconds)
            if result is not None and result["data"] is not None:
                collected.append(result["data"])
        return collected

    def _remove(self, registration: _Registration) -> None:
        for table, key in (
            (self._handlers, registration.event),
            (self._names, registration.name),
        ):
            # A new list, so that a dispatch under way keeps the handlers it started with.
            table[key] = [entry for entry in table[key] if entry is not registration]


_LONGEST_TIMEOUT: Final = 2.0**64


async def _ask(registration: _Registration, data: Any, seconds: float | None) -> Fields | None:
    """One handler's result; None when it failed or ran out of time."""
    event = registration.event
    try:
        answer = contextvars.copy_context().run(registration.handler, event, data)
    except BaseException as error:
        _failed(registration, f"Python handler call error: {describe.error(error)}")
        return None
    if inspect.iscoroutine(answer):
        outcome = await owned_task.run(answer, seconds=seconds)
        if outcome is None:
            logger.warning("Hook handler timed out for event '%s' (handler '%s')", event, registration.name)
            return None
        if outcome.error is not None:
            _failed(registration, f"Python async handler error: {describe.error(outcome.error)}")
            return None
        answer = outcome.value
    return hook_result.read(answer)


def _failed(registration: _Registration, reason: str) -> None:
    logger.error(
        "Hook handler error for event '%s' (handler '%s'): hook handler failed: %s",
        registration.event,
        registration.name,
        reason,
    )


def _cross(value: Any) -> Any:
    try:
        return payload.canonical(value)
    except JsonError as fault:
        raise RuntimeError(f"Invalid JSON: {fault}") from None


def _stamp_request_id(event: str, data: Fields) -> None:
    """Give the events of one model call one id, as `amplifier_core.correlation` decides."""
    from amplifier_core import correlation

    field = correlation.REQUEST_ID_FIELD
    explicit = data.get(field)
    if not isinstance(explicit, str) or not explicit:
        explicit = None
    request_id = correlation.resolve_request_id(event, explicit)
    if request_id is not None and request_id != explicit:
        data[field] = request_id


def _now() -> str:
    """The time in UTC as RFC 3339, with as many digits as the clock gives."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).isoformat()
    fraction = f"{nanoseconds:09d}"
    for digits in ("000000000", "000000", "000"):
        if fraction.endswith(digits):
            fraction = fraction[: -len(digits)]
            break
    return f"{moment[:19]}.{fraction}{moment[19:]}" if fraction else moment
