"""A transport to a chat server over HTTP: one request, one stream of events, one completion.

Owns what all such servers have in common: retries before the first token, the reading of statuses and content types,
and the figures of an answer. The protocol itself (addresses, request, events) belongs to openai_http.py and
anthropic.py. Cancelling the task that waits ends the request.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from ..engine_contract import ChatRequest, Completion, Delta
from ..errors import AnswerDropped, AnswerUnreadable, RemoteError, ServerUnreachable
from ..model_shapes import EngineInfo, ModelCard
from ..remote_shapes import HttpHead, HttpPiece, HttpRequest
from ..shapes import Parameters, Timings
from .answer_forms import boxed, is_object, schema_of, unboxed
from .base import OnDeltas, Transport
from .refusals import refusal
from .remote import PATIENT, Patience, Remote, host_of
from .retry import Sleep, retried
from .sse import Event, SseParser

CHARACTERS_PER_TOKEN = 3
DEFAULT_CONTEXT = 32_768
DEFAULT_MAX_TOKENS = 4096
MAX_ANSWER_CHARS = 32_000_000
MAX_ERROR_CHARS = 64_000
OK = 200


class ServedModel(NamedTuple):
    """A model as a server lists it; None where the server does not say."""

    id: str
    name: str
    context_window: int | None = None
    images: bool | None = None


class Endpoint(NamedTuple):
    """Where to ask and as whom. `key` is called at each request, so that a key is never kept twice; "" is no key."""

    base_url: str
    key: Callable[[], str]


class Reader(Protocol):
    """Reads the events of one answer."""

    @property
    def finished(self) -> bool:
        """Whether the answer is whole."""

    def take(self, event: Event) -> Delta | None:
        """What an event adds. Raises ClocheError when the event is an error or no event of the protocol."""

    def completion(self, timings: Timings) -> Completion:
        """The whole answer."""


RetryListener = Callable[[int, float, RemoteError], Awaitable[None]]


class HttpTransport(Transport):
    """Carries requests to one model of one server."""

    native_choice = True

    def __init__(
        self,
        remote: Remote,
        endpoint: Endpoint,
        model: ServedModel,
        *,
        patience: Patience = PATIENT,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._remote = remote
        self._endpoint = endpoint
        self._model = model
        self._patience = patience
        self._sleep = sleep
        self.on_retry: RetryListener | None = None

    @property
    def card(self) -> ModelCard | None:
        context = self._model.context_window or DEFAULT_CONTEXT
        return ModelCard(
            id=self._model.id,
            name=self._model.name,
            engine="remote",
            modalities=["text"] if self._model.images is False else ["text", "image"],
            tools=True,
            context_window=context,
            licence="",
            summary=f"Runs on {host_of(self._endpoint.base_url)}.",
            defaults=Parameters(max_tokens=min(DEFAULT_MAX_TOKENS, max(context // 4, 1))),
            files=[],
        )

    @property
    def engine(self) -> EngineInfo | None:
        return None

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """An estimate on the safe side: the server's tokenizer is not here."""
        return [len(text) // CHARACTERS_PER_TOKEN + 1 for text in texts]

    async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        """One answer. One of a form that is no object comes in a box, which the server takes, and whole."""
        schema = schema_of(request.response_format)
        if schema is None or is_object(schema):
            return await self._complete(request, on_deltas)
        completion = await self._complete(boxed(request), lambda _: None)
        return completion.model_copy(update={"text": unboxed(completion.text)})

    async def _complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        exchange: Exchange | None = None

        async def attempt() -> Completion:
            nonlocal exchange
            exchange = Exchange(host_of(self._endpoint.base_url), self.reader(request), on_deltas)
            await self._converse(self.request(request), exchange)
            return exchange.completion()

        def nothing_came() -> bool:
            return exchange is None or not exchange.begun

        return await retried(attempt, nothing_came, self._sleep, self.on_retry)

    async def _converse(self, request: HttpRequest, exchange: Exchange) -> None:
        try:
            await self._remote.stream(request, exchange.take, self._patience)
        except ServerUnreachable as error:
            if exchange.head is None:
                raise
            raise exchange.dropped() from error

    @abstractmethod
    def request(self, request: ChatRequest) -> HttpRequest:
        """The request in the server's protocol."""

    @abstractmethod
    def reader(self, request: ChatRequest) -> Reader:
        """A reader for the answer to this request."""

    def url(self, path: str) -> str:
        """An address of the server."""
        return self._endpoint.base_url.rstrip("/") + path


class Exchange:
    """One try at one answer, and what has come of it."""

    def __init__(self, server: str, reader: Reader, on_deltas: OnDeltas) -> None:
        self.head: HttpHead | None = None
        #: whether something of the answer has been handed on
        self.begun = False
        self._server = server
        self._reader = reader
        self._on_deltas = on_deltas
        self._parser = SseParser()
        self._error_text = ""
        self._chars = 0
        self._started = time.monotonic()
        self._first: float | None = None

    def take(self, piece: HttpPiece) -> None:
        """The next piece of the response."""
        if piece.head is not None:
            self._look_at(piece.head)
        if not piece.text or self.head is None:
            return
        if self.head.status != OK:
            self._error_text = (self._error_text + piece.text)[:MAX_ERROR_CHARS]
            return
        self._chars += len(piece.text)
        if self._chars > MAX_ANSWER_CHARS:
            raise AnswerUnreadable(f"{self._server} sent an answer without end.")
        deltas: list[dict[str, Any]] = []
        try:
            for event in self._parser.feed(piece.text):
                delta = self._reader.take(event)
                if delta is not None:
                    deltas.append(delta.model_dump())
        finally:
            self._hand_on(deltas)

    def completion(self) -> Completion:
        """The answer, once the response has ended."""
        if self.head is None:
            raise self.dropped()
        if self.head.status != OK:
            raise refusal(self._server, self.head, self._error_text)
        if not self._reader.finished:
            raise self.dropped()
        completion = self._reader.completion(self._timings())
        rate = self._rate(completion.usage.completion_tokens)
        return completion.model_copy(
            update={"timings": completion.timings.model_copy(update={"tokens_per_second": rate})}
        )

    def dropped(self) -> AnswerDropped:
        """The error of a stream that ended too early."""
        where = "in the middle of the answer" if self.begun else "before the answer began"
        return AnswerDropped(f"The connection to {self._server} broke off {where}.")

    def _look_at(self, head: HttpHead) -> None:
        self.head = head
        kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
        if head.status == OK and kind != "text/event-stream":
            named = kind or "something without a type"
            raise AnswerUnreadable(f"{self._server} answered with {named} instead of a stream of events.")

    def _hand_on(self, deltas: list[dict[str, Any]]) -> None:
        if not deltas:
            return
        self.begun = True
        if self._first is None:
            self._first = time.monotonic()
        self._on_deltas(deltas)

    def _timings(self) -> Timings:
        first = None if self._first is None else round((self._first - self._started) * 1000, 1)
        return Timings(time_to_first_token_ms=first, total_ms=round((time.monotonic() - self._started) * 1000, 1))

    def _rate(self, tokens: int) -> float | None:
        if self._first is None or tokens <= 1:
            return None
        took = time.monotonic() - self._first
        return round((tokens - 1) / took, 1) if took > 0 else None
