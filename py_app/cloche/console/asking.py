"""Asking the model from Python: once, outside every conversation, or in a conversation as a person would.

Owns `ask` and `session` of the console's namespace.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from amplifier_core.events import CONTENT_BLOCK_DELTA, PROVIDER_REQUEST, PROVIDER_RESPONSE

from ..agent.session import Request
from ..contract import MessageSend
from ..errors import GenerationFailed, from_code
from ..extensions import as_tool
from ..shapes import Parameters
from ..structured.answering import Answered, good_answer
from ..structured.plan import plan_for
from ..turns import effective, options

if TYPE_CHECKING:
    from ..app import App

Data = dict[str, Any]


class Allowed:
    """A tool given to `ask` by name in code: that is the permission, so that it runs without asking."""

    access = "read"

    def __init__(self, tool: Any) -> None:
        self._tool = tool
        self.name: str = tool.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tool, name)


class Asking:
    """`ask` in the console."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(
        self,
        prompt: str,
        *,
        system: str | None = None,
        tools: Sequence[Any] = (),
        history: Iterable[Data] = (),
        stream: Callable[[str], Any] | None = None,
        schema: Any = None,
        model: str | None = None,
        **parameters: Any,
    ) -> Any:
        """Ask the model once, outside every conversation, and give its answer.

        Args:
            prompt: what to ask
            system: a system prompt instead of the model's own
            tools: functions or tools that the model may call in this answer, without asking you
            history: earlier messages, as {"role": "user" or "assistant", "content": text}
            stream: called with each piece of text as it comes, for example `print`
            schema: a pydantic model, a JSON schema, a list of choices or a grammar (GBNF): then the answer is an object
                of the model, the JSON value, the choice or the text, and an error where the model does not manage
            model: which model to ask, by id or as "provider/id", instead of the settings' first
            parameters: temperature, top_p, top_k, min_p, max_tokens, seed, stop, tool_choice ("auto", "none",
                "required" or the name of the tool that must be called first)
        """
        app = self._app
        plan = None if schema is None else plan_for(schema)
        chain = app.store.settings.load().chain if model is None else [app.providers.find(model)]
        speaker = app.providers.speakers(chain)[0]
        await speaker.transport.ready()
        chosen = effective(speaker.transport.card, Parameters(system_prompt=system, **parameters))
        messages = list(history)
        if chosen.system_prompt:
            messages.insert(0, {"role": "system", "content": chosen.system_prompt})
        answer: list[str] = []
        cut = False

        def listen(event: str, data: Data) -> None:
            nonlocal cut
            if event == PROVIDER_REQUEST:
                answer.clear()
            elif event == PROVIDER_RESPONSE:
                cut = data["finish_reason"] == "length"
            elif event == CONTENT_BLOCK_DELTA and data["block_type"] == "text":
                answer.append(data["delta"])
                if stream is not None:
                    stream(data["delta"])

        allowed = [Allowed(as_tool(tool)) for tool in tools]
        agent = app.turns.new_agent(f"console-{uuid.uuid4().hex}")
        request = Request(prompt, [], messages, options(chosen), allowed, speaker)

        async def ask_once(request: Request) -> Answered:
            await agent.run(request, listen)
            return Answered("".join(answer), cut)

        try:
            if plan is not None:
                text = await good_answer(plan, request, ask_once)
                return plan.value(text or "")
            await ask_once(request)
        except asyncio.CancelledError:
            await agent.stop()
            raise
        finally:
            await agent.close()
        return "".join(answer)


class ConsoleSession:
    """`session` in the console: the conversation that was open when the code was run, or a new one."""

    def __init__(self, app: App, session_id: str | None) -> None:
        self._app = app
        self._id = session_id

    @property
    def id(self) -> str:
        """Its id; a new conversation is made when there was none."""
        if self._id is None:
            session = self._app.store.sessions.create()
            self._id = session["id"]
            self._app.host.emit([("session:changed", {"session": session})])
        return self._id

    @property
    def there(self) -> bool:
        """Whether it has not been deleted; one that is still to be made counts as there."""
        return self._id is None or self._id in {session["id"] for session in self._app.store.sessions.all()}

    @property
    def title(self) -> str:
        """Its title."""
        return str(self._app.store.sessions.get(self.id)["title"])

    @property
    def messages(self) -> list[Data]:
        """The messages on its active branch, oldest first."""
        return list(self._app.conversations.open(self.id)["messages"])

    async def ask(self, prompt: str, *, schema: Any = None) -> Any:
        """Send a message in this conversation and give the answer; both stay in it. Its tools ask as they always do.

        Args:
            prompt: what to ask
            schema: a pydantic model, a JSON schema, a list of choices or a grammar (GBNF): then the answer is an object
                of the model, the JSON value, the choice or the text, and an error where the model does not manage
        """
        plan = None if schema is None else plan_for(schema)
        sent = self._app.conversations.send(MessageSend(session_id=self.id, text=prompt))
        if plan is not None:
            self._app.formats.next_as(self.id, plan)
        try:
            await self._app.turns.ended(self.id)
        except asyncio.CancelledError:
            await self._app.turns.stop(self.id)
            raise
        finally:
            self._app.formats.forget_next(self.id)
        found = [message for message in self.messages if message["id"] == sent["assistant_message_id"]]
        if not found:
            raise GenerationFailed("The answer was deleted while it was written.")
        if found[0]["error"]:
            raise from_code(found[0]["error"]["code"], found[0]["error"]["message"])
        text = "".join(part["text"] for part in found[0]["parts"] if part["type"] == "text")
        return text if plan is None else plan.value_shown(text)

    def __repr__(self) -> str:
        return "<session: a new conversation>" if self._id is None else f"<session: {self.title}>"
