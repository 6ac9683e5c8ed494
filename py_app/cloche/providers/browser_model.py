"""Transport to the model that the browser itself brings (Chrome's Prompt API), where it does.

Owns the link to the page, where that API lives, and what is known of the model. The page says when it is there;
fetching it is a person's decision and the page's work.
"""

from __future__ import annotations

from typing import Any

from ..engine_contract import ChatRequest, Completion, CountTokens
from ..errors import ModelNotReady
from ..host.base import Host, Link
from ..model_shapes import EngineInfo, ModelCard
from .answer_forms import in_words, schema_of
from .base import OnDeltas, Transport

BROWSER = "browser"
BROWSER_NAME = "The browser's own model"


class BrowserModel(Transport):
    """Asks the browser's model. It writes tool calls as text and follows JSON schemas."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._link: Link | None = None
        #: tokens that it holds; 0 while it is not there
        self.context_window = 0

    @property
    def card(self) -> ModelCard | None:
        if not self.context_window:
            return None
        return ModelCard(
            id=BROWSER,
            name=BROWSER_NAME,
            engine="browser",
            modalities=["text"],
            tools=True,
            native_tools=False,
            context_window=self.context_window,
            licence="The browser's",
            summary="Comes with the browser and runs on this device.",
            files=[],
        )

    @property
    def engine(self) -> EngineInfo | None:
        return None

    @property
    def native_tools(self) -> bool:
        return False

    async def ready(self) -> None:
        if not self.context_window:
            raise ModelNotReady(
                "The browser's own model is not on this device.",
                action="Open Models and fetch it, or choose another model.",
                retryable=False,
            )

    async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        await self.ready()
        if schema_of(request.response_format) is None:
            request = in_words(request)
        return Completion.model_validate(await self._call("chat.complete", request.model_dump(), on_deltas))

    async def count_tokens(self, texts: list[str]) -> list[int]:
        await self.ready()
        counted: list[int] = await self._call("tokens.count", CountTokens(texts=texts).model_dump())
        return counted

    async def _call(self, method: str, params: dict[str, Any], on_chunks: Any = None) -> Any:
        if self._link is None:
            self._link = await self._host.open_link(BROWSER)
        return await self._link.call(method, params, on_chunks)
