"""Runs the turns: who is being answered at the moment, by which session of the agent, and how each turn ends.

Owns the running answers and the agent's sessions. Whatever happens, a turn ends with its message complete, stopped,
interrupted or with an error that says what to do; an answer for which there is no space stays in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .agent.approval import Approvals
from .agent.modules import Mount
from .agent.session import AgentSession, Notices, Request
from .agent.transcript import history, image_blocks, image_count, text_of
from .attached import has_files, with_files
from .errors import ClocheError, GenerationFailed, ProviderMissing, StorageError
from .host.base import Host
from .model_shapes import ModelCard
from .providers.base import Transport
from .providers.failures import original
from .providers.registry import Providers, may_ask_next, reasons
from .providers.speaker import Speaker
from .shapes import Parameters
from .store.store import Store
from .structured.answering import answer_as
from .structured.plan import Plan
from .tools.camera import sees
from .tools.files import FILE_READ
from .tools.toolbox import Toolbox
from .turn import Data, Turn

#: agent's sessions kept ready for their next turn
SESSIONS_KEPT = 8


class Turns:
    """The answers being written."""

    def __init__(self, host: Host, store: Store, providers: Providers, toolbox: Toolbox, approvals: Approvals) -> None:
        self._host = host
        self._store = store
        self._toolbox = toolbox
        self._approvals = approvals
        self._providers = providers
        self._running: dict[str, tuple[Turn, asyncio.Task[bool]]] = {}
        self._agents: dict[str, AgentSession] = {}
        self._outdated: set[str] = set()
        #: the modules of a session besides ours
        self.extensions: Callable[[str], dict[str, Mount]] = lambda _: {}
        self._unsaved: dict[str, Data] = {}
        #: the form that the next answer of a session must have
        self.answer_plan: Callable[[str], Plan | None] = lambda _: None

    def working(self, session_id: str) -> bool:
        """Whether this conversation is being answered."""
        return session_id in self._running

    @property
    def any_working(self) -> bool:
        """Whether any conversation is being answered."""
        return bool(self._running)

    def answering(self, session_id: str) -> str | None:
        """The id of the answer that is being written in a session."""
        running = self._running.get(session_id)
        return None if running is None else str(running[0].message["id"])

    def newest(self, message: Data) -> Data:
        """A message of the store as it is now: it may have grown since it was committed."""
        running = self._running.get(message["session_id"])
        if running is not None and running[0].message["id"] == message["id"]:
            return {**running[0].snapshot(), "siblings": message["siblings"]}
        return {**self._unsaved.get(message["id"], message), "siblings": message["siblings"]}

    def begin(self, user: Data, answer: Data, before: list[Data]) -> None:
        """Answer `user`, which follows the messages `before`; `answer` is the message to fill."""
        turn = Turn(answer, self._store, lambda name, data: self._host.emit([(name, data)]))
        task = asyncio.create_task(self._run(turn, user, before))
        self._running[user["session_id"]] = (turn, task)
        task.add_done_callback(lambda done: self._end(turn, done))

    async def stop(self, session_id: str) -> None:
        """End the turn; the answer keeps what it has."""
        running = self._running.get(session_id)
        if running is None:
            return
        agent = self._agents.get(session_id)
        if agent is not None and agent.running:
            await agent.stop()
        else:
            running[1].cancel()
        await asyncio.wait([running[1]])
        self._end(*running)

    async def forget(self, session_id: str) -> None:
        """End the turn and the agent's session of a conversation."""
        await self.stop(session_id)
        self._approvals.forget(session_id)
        agent = self._agents.pop(session_id, None)
        if agent is not None:
            await agent.close()

    async def close(self) -> None:
        """Commit what is being written and end everything. The commits come first and wait for nothing."""
        self.save_unsaved()
        for turn, _ in self._running.values():
            turn.finish("interrupted")
        for session_id in list(self._running):
            await self.stop(session_id)
        for agent in self._agents.values():
            await agent.close()
        self._agents.clear()

    async def ended(self, session_id: str) -> None:
        """Wait until a conversation is no longer being answered."""
        running = self._running.get(session_id)
        if running is not None:
            await asyncio.wait([running[1]])
            self._end(*running)

    def renew(self, session_id: str | None) -> None:
        """Put a session (None: every one) together anew before its next turn."""
        self._outdated.update(self._agents if session_id is None else [session_id])

    def save_unsaved(self) -> None:
        """Try again to keep answers for which there was no space."""
        for message_id, message in list(self._unsaved.items()):
            try:
                self._store.messages.finish(message)
            except StorageError:
                return
            del self._unsaved[message_id]

    def tell_session(self, session_id: str) -> None:
        """Tell the page how a session stands."""
        session = {**self._store.sessions.get(session_id), "working": self.working(session_id)}
        self._host.emit([("session:changed", {"session": session})])

    async def _run(self, turn: Turn, user: Data, before: list[Data]) -> bool:
        """The turn itself; says whether the answer was finished rather than stopped."""
        speakers = self.chain(user["session_id"])
        failed: list[tuple[Speaker, ClocheError]] = []
        for speaker in speakers:
            try:
                await speaker.transport.ready()
                turn.begin_with(speaker.model, speaker.name, remote=speaker.remote, note=reasons(failed))
                agent = await self._agent(user["session_id"])
                await self._answer(turn, agent, self._request(user, before, speaker))
            except Exception as error:
                reason = original(error)
                if reason is None or not may_ask_next(reason) or turn.message["parts"] or speaker is speakers[-1]:
                    raise
                failed.append((speaker, reason))
            else:
                return not agent.cancelled
        raise ProviderMissing("No model is chosen for this conversation.")

    async def _answer(self, turn: Turn, agent: AgentSession, request: Request) -> None:
        """Let an agent answer, in the form that the session wants."""
        plan = self.answer_plan(turn.message["session_id"])
        if plan is None:
            await agent.run(request, turn.hear)
        else:
            await answer_as(plan, agent, request, turn)

    def chain(self, session_id: str) -> list[Speaker]:
        """Who is to answer in a conversation, in order; at least one."""
        chosen = self._store.sessions.chain(session_id) or self._store.settings.load().chain
        return self._providers.speakers(chosen)

    def eyes(self, session_id: str) -> Transport | None:
        """The way to the first model of a conversation that sees pictures."""
        return next((speaker.transport for speaker in self.chain(session_id) if sees(speaker.transport)), None)

    def _end(self, turn: Turn, task: asyncio.Task[bool]) -> None:
        running = self._running.get(turn.message["session_id"])
        if running is None or running[0] is not turn:
            return
        del self._running[turn.message["session_id"]]
        failure = None if task.cancelled() else task.exception()
        error: ClocheError | None = None
        status = "stopped"
        if failure is not None:
            status = "error"
            error = original(failure) or GenerationFailed(f"The answer broke off: {failure}")
        elif not task.cancelled() and task.result():
            status = "complete"
        if not turn.ended and not turn.finish(status, error):
            self._unsaved[turn.message["id"]] = turn.message
        self._tell(turn)

    def _tell(self, turn: Turn) -> None:
        self._host.emit([("message:changed", {"message": turn.snapshot()})])
        self.tell_session(turn.message["session_id"])

    def _request(self, user: Data, before: list[Data], speaker: Speaker) -> Request:
        card = speaker.transport.card
        parameters = effective(card, self._store.sessions.parameters(user["session_id"]))
        attached, messages = image_blocks(user["parts"]), history(before)
        pictures = bool(attached) or any(image_count(message) for message in messages)
        tools = self._toolbox.offered(user["session_id"], pictures=pictures, card=card)
        if any(has_files(message) for message in (user, *before)):
            by_tool = any(tool.name == FILE_READ for tool in tools)
            user, *before = (with_files(one, self._store.files.read, by_tool=by_tool) for one in (user, *before))
            messages = history(before)
        if parameters.system_prompt:
            messages.insert(0, {"role": "system", "content": parameters.system_prompt})
        return Request(text_of(user["parts"]), attached, messages, options(parameters), tools, speaker)

    async def _agent(self, session_id: str) -> AgentSession:
        agent = self._agents.pop(session_id, None)
        if agent is not None and session_id in self._outdated:
            await agent.close()
            agent = None
        self._outdated.discard(session_id)
        self._agents[session_id] = agent = agent or self.new_agent(session_id)
        idle = [other for other, kept in self._agents.items() if not kept.running and other != session_id]
        for other in idle[: max(0, len(self._agents) - SESSIONS_KEPT)]:
            await self._agents.pop(other).close()
        return agent

    def new_agent(self, session_id: str) -> AgentSession:
        """An agent's session with everything that belongs to a conversation; whoever asks for it closes it."""
        notices = Notices(self._notice)
        return AgentSession(
            session_id,
            self._read_image,
            notices,
            self._approvals,
            self._approval_seconds,
            self.extensions(session_id),
        )

    def _approval_seconds(self) -> float:
        return self._store.settings.load().approval_seconds

    def _read_image(self, image_id: str) -> bytes:
        return self._store.images.read(image_id)[0]

    def _notice(self, level: str, source: str, message: str) -> None:
        self._host.emit([("notice", {"level": level, "code": source, "message": message, "action": ""})])


def effective(card: ModelCard | None, parameters: Parameters) -> Parameters:
    """A session's parameters over the defaults of the model's card."""
    defaults = card.defaults if card else Parameters()
    return defaults.model_copy(update=parameters.model_dump(exclude_none=True))


def options(parameters: Parameters) -> dict[str, Any]:
    """Parameters as the fields of Amplifier's request."""
    given = parameters.model_dump(exclude_none=True, exclude={"system_prompt"})
    if "max_tokens" in given:
        given["max_output_tokens"] = given.pop("max_tokens")
    return given
