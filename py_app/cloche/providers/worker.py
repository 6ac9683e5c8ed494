"""Transport to an engine in a worker of this tab.

Owns no engine: the library loads it and replaces it when it dies; this waits for it, asks it, and reports its death.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine_contract import ChatRequest, Completion, CountTokens, Embedding, EmbedTexts, Ranking, RankTexts
from ..errors import EngineCrashed
from ..model_shapes import EngineInfo, ModelCard
from ..models.library import Library
from ..shapes import Model
from .base import OnDeltas, Transport


class WorkerTransport(Transport):
    """Asks whatever engine the library has loaded."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def card(self) -> ModelCard | None:
        return self._library.status.card

    @property
    def engine(self) -> EngineInfo | None:
        return self._library.status.engine

    @property
    def native_tools(self) -> bool:
        card = self.card
        return card is None or (card.engine == "llamacpp" and card.native_tools)

    async def ready(self) -> None:
        await self._library.ready()

    async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        return Completion.model_validate(await self._call("chat.complete", request, on_deltas))

    async def count_tokens(self, texts: list[str]) -> list[int]:
        counted: list[int] = await self._call("tokens.count", CountTokens(texts=texts))
        return counted

    async def embed(self, texts: list[str]) -> list[Embedding]:
        """The texts' vectors, in their order; for a model that was loaded for embeddings."""
        answers = await self._call("embeddings.create", EmbedTexts(texts=texts))
        return [Embedding.model_validate(answer) for answer in answers]

    async def rerank(self, query: str, documents: list[str]) -> Ranking:
        """How well each document answers the query; for a model that was loaded to rerank."""
        return Ranking.model_validate(await self._call("rerank.create", RankTexts(query=query, documents=documents)))

    async def _call(self, method: str, params: Model, on_chunks: Callable[[list[Any]], None] | None = None) -> Any:
        with self._library.used():
            link = await self._library.ready()
            try:
                return await link.call(method, params.model_dump(), on_chunks)
            except EngineCrashed:
                self._library.replace(link)
                raise
