"""The cancellation token: a request to stop, and who has to hear of it.

Owns the states none, graceful and immediate, the running tools, the child tokens
and the callbacks. A request travels down to children, never up. Nothing is stopped
here: orchestrators and tools look at the token.
"""

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from typing import Any

from . import arguments, describe, owned_task
from .sealed import Sealed

# The native engine logs under this name; people filter on it.
logger = logging.getLogger("_engine.cancellation")


class RustCancellationToken(Sealed):
    """A cooperative request to stop a session."""

    __slots__ = ("_callbacks", "_children", "_state", "_tools")

    def __init__(self) -> None:
        self._state = "none"
        self._tools: dict[str, str] = {}
        self._children: list[RustCancellationToken] = []
        self._callbacks: list[Any] = []

    @property
    def state(self) -> str:
        """`none`, `graceful` or `immediate`."""
        return self._state

    @property
    def is_cancelled(self) -> bool:
        """Whether a stop was requested at all."""
        return self._state != "none"

    @property
    def is_graceful(self) -> bool:
        """Whether running tools may finish."""
        return self._state == "graceful"

    @property
    def is_immediate(self) -> bool:
        """Whether everything has to stop now."""
        return self._state == "immediate"

    @property
    def running_tools(self) -> set[str]:
        """Ids of the tool calls under way."""
        return set(self._tools)

    @property
    def running_tool_names(self) -> list[str]:
        """Names of the tools under way, one for each call."""
        return list(self._tools.values())

    def request_cancellation(self) -> None:
        """Request a graceful stop."""
        self.request_graceful()

    def request_graceful(self) -> bool:
        """Request a stop that lets tools finish; True if that changed the state."""
        if self._state != "none":
            return False
        self._state = "graceful"
        for child in tuple(self._children):
            child.request_graceful()
        return True

    def request_immediate(self) -> bool:
        """Request a stop right now; True if that changed the state."""
        if self._state == "immediate":
            return False
        self._state = "immediate"
        for child in tuple(self._children):
            child.request_immediate()
        return True

    def reset(self) -> None:
        """Start a new turn: no request and no running tools; children and callbacks stay."""
        self._state = "none"
        self._tools.clear()

    def register_tool_start(self, tool_call_id: str, tool_name: str) -> None:
        """Note that a tool call is under way."""
        self._tools[arguments.text(tool_call_id)] = arguments.text(tool_name)

    def register_tool_complete(self, tool_call_id: str) -> None:
        """Note that a tool call has ended."""
        self._tools.pop(arguments.text(tool_call_id), None)

    def register_child(self, child: "RustCancellationToken") -> None:
        """Pass requests on to `child`, a present one at once."""
        _token(child)
        if self._state == "graceful":
            child.request_graceful()
        elif self._state == "immediate":
            child.request_immediate()
        self._children.append(child)

    def unregister_child(self, child: "RustCancellationToken") -> None:
        """Pass nothing on to `child` any more."""
        _token(child)
        self._children = [known for known in self._children if known is not child]

    def on_cancel(self, callback: Any) -> None:
        """Add a callback, sync or async, for `trigger_callbacks`."""
        self._callbacks.append(callback)

    def trigger_callbacks(self) -> Coroutine[Any, Any, None]:
        """Run the callbacks one after the other; what they raise is logged."""
        asyncio.get_running_loop()
        return self._trigger()

    async def _trigger(self) -> None:
        for callback in tuple(self._callbacks):
            try:
                answer = callback()
            except BaseException as error:
                logger.error("Error in cancellation callback: %s", describe.error(error))
                continue
            if inspect.iscoroutine(answer):
                await owned_task.finish(answer)


def _token(value: object) -> None:
    if not isinstance(value, RustCancellationToken):
        arguments.mismatch(value, "RustCancellationToken")
