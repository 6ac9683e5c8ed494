"""Models beside the one that converses: vectors of texts, and documents put in order by a question.

Owns which model serves which purpose, loads it when it is first needed, and keeps it until another is asked for or
`unload`. Downloads nothing: a person does that, under Models. What is done with vectors is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Literal

from ..errors import BadInput, ModelNotReady
from ..host.base import Host
from ..model_shapes import ModelCard
from ..providers.worker import WorkerTransport
from .catalogue import Catalogue
from .library import Library

Purpose = Literal["embedding", "rerank"]
WORDS: dict[Purpose, str] = {"embedding": "embeddings", "rerank": "reranking"}


class Vectors:
    """Embeddings and reranking on this device, each by a model of its own.

    `model` is an id of the catalogue; without one, the first model for the purpose that is on this device serves.
    Raises ModelNotReady where there is none, BadInput for a model of another kind or an empty text, MessageTooLong,
    ModelLoadFailed, EngineCrashed, GenerationFailed. Cancelling the task stops the engine.
    """

    def __init__(self, host: Host, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.libraries = {purpose: Library(host, catalogue, told=False) for purpose in WORDS}
        #: a model is not changed while another request is using it
        self._turns = {purpose: asyncio.Lock() for purpose in WORDS}
        #: the ids of those of these models whose files are on this device, whole
        self.here: Callable[[Iterable[ModelCard]], set[str]] = lambda _: set()

    @property
    def loaded(self) -> set[str]:
        """The models whose files an engine is using."""
        return {library.loaded for library in self.libraries.values() if library.loaded is not None}

    async def embed(self, texts: list[str], *, model: str | None = None) -> list[list[float]]:
        """The texts' vectors of length 1, in their order: the dot product of two is the cosine of their angle."""
        _refuse_empty(texts)
        if not texts:
            return []
        async with self._turns["embedding"]:
            engine = await self._engine("embedding", model)
            return [embedding.vector for embedding in await engine.embed(texts)]

    async def rerank(self, query: str, documents: list[str], *, model: str | None = None) -> list[float]:
        """How well each document answers the query, in their order; higher is better, the scale is the model's own."""
        _refuse_empty([query, *documents])
        if not documents:
            return []
        async with self._turns["rerank"]:
            engine = await self._engine("rerank", model)
            return (await engine.rerank(query, documents)).scores

    async def unload(self) -> None:
        """Free the memory of both models. They are loaded again when they are needed."""
        for library in self.libraries.values():
            await library.unload()

    async def close(self) -> None:
        """End the engines."""
        for library in self.libraries.values():
            await library.close()

    async def _engine(self, purpose: Purpose, model: str | None) -> WorkerTransport:
        card = await self._card(purpose, model)
        library = self.libraries[purpose]
        library.load(card.id)
        engine = WorkerTransport(library)
        await engine.ready()
        return engine

    async def _card(self, purpose: Purpose, model: str | None) -> ModelCard:
        if model is not None:
            card = await self._catalogue.card(model)
            if card.purpose != purpose or card.engine != "llamacpp":
                raise BadInput(
                    f"{card.name} is no model for {WORDS[purpose]}.", action="Name another model, or none at all."
                )
            return card
        cards = await self._catalogue.cards()
        fitting = [card for card in cards if card.purpose == purpose and card.engine == "llamacpp"]
        here = self.here(fitting)
        for card in fitting:
            if card.id in here:
                return card
        example = f", for example {fitting[0].name}" if fitting else ""
        raise ModelNotReady(
            f"There is no model for {WORDS[purpose]} on this device.",
            action=f"Open Models and download one{example}.",
            retryable=False,
        )


def _refuse_empty(texts: list[str]) -> None:
    if not all(text.strip() for text in texts):
        raise BadInput("One of the texts is empty.", action="Leave empty texts out.")
