"""One conversation's AmplifierSession, put together from our modules.

Owns the life of the session: built at its first turn, cancelled on Stop, cleaned up at the end. What happens in a turn
goes out as hook events; whoever asks hears those that a turn is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from amplifier_core import AmplifierSession, HookResult
from amplifier_core.events import (
    APPROVAL_DENIED,
    APPROVAL_GRANTED,
    APPROVAL_REQUIRED,
    CONTENT_BLOCK_DELTA,
    CONTENT_BLOCK_END,
    PROVIDER_REQUEST,
    PROVIDER_RESPONSE,
    TOOL_ERROR,
    TOOL_POST,
    TOOL_PRE,
)

from ..hooks import permission
from ..providers.chat_completions import ChatCompletionsProvider
from ..providers.speaker import Speaker
from . import orchestrator
from .approval import Approvals, SessionApprovals
from .context import ContextWindow
from .modules import Modules, Mount
from .transcript import Data

TURN = "hooks-turn"
CONFIG: dict[str, Any] = {
    "session": {"orchestrator": "loop-streaming", "context": "context-window"},
    "hooks": [{"module": TURN}],
}
TURN_EVENTS = (
    PROVIDER_REQUEST,
    CONTENT_BLOCK_DELTA,
    CONTENT_BLOCK_END,
    PROVIDER_RESPONSE,
    TOOL_PRE,
    APPROVAL_REQUIRED,
    APPROVAL_GRANTED,
    APPROVAL_DENIED,
    TOOL_POST,
    TOOL_ERROR,
)
Listener = Callable[[str, Data], None]
#: after every other hook, so that what is heard is what happens
LAST = 1000


class Request(NamedTuple):
    """What to ask: the prompt with its pictures, the messages before it, the generation parameters and the tools."""

    prompt: str
    attachments: list[Data]
    messages: list[Data]
    options: Data
    tools: Sequence[Any]
    speaker: Speaker


class AgentSession:
    """A conversation that can be asked. `running` is true while it answers."""

    running = False

    def __init__(
        self,
        session_id: str,
        read_image: Callable[[str], bytes],
        display: Any,
        approvals: Approvals,
        approval_seconds: Callable[[], float],
        extensions: Mapping[str, Mount] | None = None,
    ) -> None:
        self._options: Data = {}
        self._tools: list[str] = []
        self._listener: Listener | None = None
        self._mounted = ""
        self._read_image = read_image
        self._approval_seconds = approval_seconds
        self._approvals = SessionApprovals(session_id, approvals, self._emit)
        extensions = extensions or {}
        config = with_extensions(CONFIG, extensions)
        self._session = AmplifierSession(
            config, session_id=session_id, display_system=display, approval_system=self._approvals
        )
        self._session.coordinator.loader = Modules(
            {
                "loop-streaming": self._mount_orchestrator,
                "context-window": self._mount_context,
                TURN: self._mount_hooks,
                **extensions,
            }
        )

    async def _mount_orchestrator(self, coordinator: Any, config: Data) -> None:
        await orchestrator.mount(coordinator, config, lambda: self._options)

    async def _mount_context(self, coordinator: Any, _: Data) -> None:
        await coordinator.mount("context", ContextWindow(coordinator))

    async def _mount_hooks(self, coordinator: Any, _: Data) -> None:
        for event in TURN_EVENTS:
            coordinator.hooks.register(event, self._hear, priority=LAST, name=f"cloche-turn-{event}")
        permission.register(coordinator, self._approvals, self._approval_seconds)

    async def _speak(self, speaker: Speaker) -> None:
        """Mount the provider of the next request in place of the one before, after those that an extension brought."""
        coordinator = self._session.coordinator
        if self._mounted:
            await coordinator.unmount("providers", self._mounted)
        provider = ChatCompletionsProvider(speaker.id, speaker.transport, self._read_image, coordinator.hooks)
        await coordinator.mount("providers", provider, name=speaker.id)
        self._mounted = speaker.id

    async def _offer(self, tools: Sequence[Any]) -> None:
        """Mount the tools of the next request, in their order, in place of those before. Others' tools stay."""
        coordinator = self._session.coordinator
        for name in self._tools:
            await coordinator.unmount("tools", name)
        self._tools = [tool.name for tool in tools if tool.name not in (coordinator.get("tools") or {})]
        for tool in tools:
            if tool.name in self._tools:
                await coordinator.mount("tools", tool, name=tool.name)

    async def _emit(self, event: str, data: Data) -> None:
        await self._session.coordinator.hooks.emit(event, data)

    async def _hear(self, event: str, data: Data) -> HookResult:
        if self._listener is not None:
            self._listener(event, data)
        return HookResult()

    async def run(self, request: Request, listener: Listener) -> None:
        """One turn; `listener(event, data)` hears what it is made of. Raises what ended the turn early."""
        self._options, self._listener, self.running = request.options, listener, True
        coordinator = self._session.coordinator
        coordinator.cancellation.reset()
        failure: BaseException | None = None
        try:
            await self._session.initialize()
            coordinator.reset_turn()
            context = coordinator.get("context")
            await self._speak(request.speaker)
            await self._offer(request.tools)
            await context.set_messages(request.messages)
            context.attach(request.attachments)
            await self._session.execute(request.prompt)
        except Exception as error:
            # amplifier-core hands on only the text of what went wrong; the loop kept the error itself.
            failure = getattr(coordinator.get("orchestrator"), "failure", None) or error
        finally:
            self.running, self._listener = False, None
            self._approvals.close()
        if failure is not None:
            raise failure

    @property
    def cancelled(self) -> bool:
        """Whether the turn was stopped."""
        return bool(self._session.coordinator.cancellation.is_cancelled)

    async def stop(self) -> None:
        """End the turn at once."""
        await self._session.coordinator.request_cancel(True)
        await self._session.coordinator.cancellation.trigger_callbacks()
        self._approvals.close()

    async def close(self) -> None:
        """Clean up."""
        await self._session.cleanup()


def with_extensions(config: dict[str, Any], extensions: Mapping[str, Mount]) -> dict[str, Any]:
    """A configuration with more modules; they come last, after everything that they may want to find."""
    return {**config, "hooks": [*config.get("hooks", []), *({"module": module_id} for module_id in extensions)]}


class Notices:
    """Amplifier's display system: what a hook wants to tell people becomes a notice on the page."""

    def __init__(self, tell: Callable[[str, str, str], None]) -> None:
        self._tell = tell

    def show_message(self, message: str, level: str, source: str = "hook") -> None:
        """Show a message."""
        self._tell(level, source, message)
