"""The provider of every engine that speaks chat completions: Amplifier's Provider contract over a Transport.

Owns the translation between Amplifier's messages and OpenAI's shape, the streaming as `content_block:*` events (one a
batch, never one a token), and the names of errors. Pictures go before the text. A picture for a model without eyes is
an error, never dropped. Arguments of a tool call that are not a JSON object stay out of the history: the call carries
a `fault` instead, which is the model's answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from amplifier_core import ChatRequest, ChatResponse, ModelInfo, ProviderInfo, ToolCall
from amplifier_core.events import CONTENT_BLOCK_DELTA, CONTENT_BLOCK_START, LLM_REQUEST

from ..calling.transport import CallingTransport
from ..engine_contract import ChatRequest as EngineRequest
from ..errors import ClocheError, ImageUnsupported
from ..trace.prompt import described
from .base import Transport
from .completion import response_from
from .failures import as_llm_error
from .messages import engine_messages, engine_tools

DEFAULT_MAX_TOKENS = 512
PASSED_ON = ("temperature", "top_p", "top_k", "min_p", "seed", "stop", "tool_choice")


class ChatCompletionsProvider:
    """An Amplifier provider. `read_image` gives the bytes of a stored picture, `hooks` hears the stream."""

    def __init__(self, name: str, transport: Transport, read_image: Callable[[str], bytes], hooks: Any) -> None:
        self._name = name
        self._transport = CallingTransport(transport)
        self._read_image = read_image
        self._hooks = hooks

    @property
    def name(self) -> str:
        """The provider's name."""
        return self._name

    def get_info(self) -> ProviderInfo:
        """What the provider can do; `defaults` holds the figures that the context manager fits to."""
        card, engine = self._transport.card, self._transport.engine
        defaults: dict[str, Any] = {}
        if card is not None:
            defaults = {
                "model": card.id,
                "context_window": engine.context_window if engine else card.context_window,
                "trained_context": card.trained_context,
                "max_output_tokens": card.defaults.max_tokens or DEFAULT_MAX_TOKENS,
                "image_tokens": card.image_tokens,
            }
        return ProviderInfo(
            id=self._name,
            display_name=card.name if card else self._name,
            capabilities=["streaming", *(["tools"] if card and card.tools else [])],
            defaults=defaults,
        )

    async def list_models(self) -> list[ModelInfo]:
        """The chosen model."""
        card = self._transport.card
        if card is None:
            return []
        capabilities = ["streaming", *(["tools"] if card.tools else []), *(["vision"] if self._sees() else [])]
        return [
            ModelInfo(
                id=card.id,
                display_name=card.name,
                context_window=card.context_window,
                max_output_tokens=card.defaults.max_tokens or DEFAULT_MAX_TOKENS,
                capabilities=capabilities,
                defaults=card.defaults.model_dump(exclude_none=True),
            )
        ]

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """The number of tokens of each text, by the model's own tokenizer."""
        return await self._transport.count_tokens(texts)

    async def complete(self, request: ChatRequest, **_: Any) -> ChatResponse:
        """Answer a request, streaming on the way."""
        try:
            engine_request = self._engine_request(request)
            await self._hooks.emit(LLM_REQUEST, {"provider": self._name, **described(request)})
            stream = _Stream(self._hooks)
            asked = asyncio.ensure_future(self._transport.complete(engine_request, stream.push))
            asked.add_done_callback(lambda _: stream.end())
            try:
                await stream.play()
                completion = await asked
            finally:
                asked.cancel()
        except ClocheError as error:
            raise as_llm_error(error, self._name) from error
        card = self._transport.card
        return response_from(completion, card.id if card else self._name)

    def parse_tool_calls(self, response: ChatResponse) -> list[ToolCall]:
        """The tool calls of a response."""
        return list(response.tool_calls or [])

    def _sees(self) -> bool:
        card, engine = self._transport.card, self._transport.engine
        return engine.images if engine is not None else card is not None and "image" in card.modalities

    def _engine_request(self, request: ChatRequest) -> EngineRequest:
        def read_image(image_id: str) -> bytes:
            if not self._sees():
                raise ImageUnsupported("This model reads text only; it cannot see the picture in this conversation.")
            return self._read_image(image_id)

        given = request.model_dump(include=set(PASSED_ON), exclude_none=True)
        return EngineRequest(
            messages=engine_messages(
                request.messages, read_image, (request.model_extra or {}).get("image_detail", "auto")
            ),
            tools=engine_tools(request.tools),
            max_tokens=request.max_output_tokens or DEFAULT_MAX_TOKENS,
            response_format=engine_format(request),
            **given,
        )


def engine_format(request: ChatRequest) -> dict[str, Any] | None:
    """The form of the answer in OpenAI's shape, or a grammar; None where the model may answer as it likes."""
    grammar = (request.model_extra or {}).get("grammar")
    if grammar:
        return {"type": "grammar", "grammar": grammar}
    wanted: Any = request.response_format
    kind = getattr(wanted, "type", "text")
    if kind == "text":
        return None
    if kind == "json":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted.json_schema, "strict": True}}


class _Stream:
    """Turns pushed batches into events, in order. Batches that pile up meanwhile become one event."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks
        self._batches: asyncio.Queue[list[dict[str, Any]] | None] = asyncio.Queue()
        self._blocks: list[str] = []

    def push(self, batch: list[dict[str, Any]]) -> None:
        """Take a batch of deltas; called by the link."""
        self._batches.put_nowait(batch)

    def end(self) -> None:
        """No more batches will come."""
        self._batches.put_nowait(None)

    async def play(self) -> None:
        """Emit until the end."""
        ended = False
        while not ended:
            batch = await self._batches.get()
            deltas: list[dict[str, Any]] = []
            while batch is not None:
                deltas.extend(batch)
                if self._batches.empty():
                    break
                batch = self._batches.get_nowait()
            ended = batch is None
            await self._emit("thinking", "".join(delta.get("reasoning") or "" for delta in deltas))
            await self._emit("text", "".join(delta.get("text") or "" for delta in deltas))

    async def _emit(self, kind: str, text: str) -> None:
        if not text:
            return
        if kind not in self._blocks:
            self._blocks.append(kind)
            await self._hooks.emit(CONTENT_BLOCK_START, {"block_index": len(self._blocks) - 1, "block_type": kind})
        index = self._blocks.index(kind)
        await self._hooks.emit(CONTENT_BLOCK_DELTA, {"block_index": index, "block_type": kind, "delta": text})
