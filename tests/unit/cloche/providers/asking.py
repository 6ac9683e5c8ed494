"""An OpenAI transport that asks a real server, and requests for it. Exists only for tests."""

from __future__ import annotations

from typing import Any

from cloche.engine_contract import ChatMessage, ChatRequest, Completion
from cloche.host.http_link import HttpLink
from cloche.host.memory import MemoryHost
from cloche.providers.http_transport import Endpoint, ServedModel
from cloche.providers.openai_http import OpenAITransport
from cloche.providers.remote import Patience, Remote

SCHEMA = {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]}


class Asking:
    """A transport to a server; `pauses` are the seconds that it would have waited."""

    def __init__(self, url: str, key: str = "", patience: Patience | None = None) -> None:
        self.host = MemoryHost(workers={"remote": HttpLink})
        self.remote = Remote(self.host)
        self.endpoint = Endpoint(url, lambda: key)
        self.pauses: list[float] = []
        self.deltas: list[dict[str, Any]] = []
        self.transport = OpenAITransport(
            self.remote,
            self.endpoint,
            ServedModel("small", "Small"),
            patience=patience or Patience(),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def ask(self, request: ChatRequest | None = None) -> Completion:
        """The completion of a request."""
        request = request or ChatRequest(messages=[ChatMessage(role="user", content="Hello")])
        return await self.transport.complete(request, self.deltas.extend)

    @property
    def streamed(self) -> str:
        """The text that came as deltas."""
        return "".join(delta["text"] for delta in self.deltas)


def formed(form: dict[str, Any], **more: Any) -> ChatRequest:
    """A request for an answer of a form."""
    return ChatRequest(messages=[ChatMessage(role="user", content="Hello")], response_format=form, **more)


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as the engines' contract has it."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
