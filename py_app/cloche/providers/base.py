"""What a chat-completions provider needs from an engine, wherever that engine runs.

Owns the abstract Transport. Every engine speaks the one shape of engine_contract.py, so a transport only carries it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from ..engine_contract import ChatRequest, Completion
from ..model_shapes import EngineInfo, ModelCard

OnDeltas = Callable[[list[dict[str, Any]]], None]


class Transport(ABC):
    """Carries requests to one engine. Errors are those of errors.py."""

    #: set once the engine has refused tools
    refuses_tools = False
    #: whether the engine enforces a `tool_choice` by itself
    native_choice = False

    @property
    @abstractmethod
    def card(self) -> ModelCard | None:
        """The chosen model, as soon as it is known."""

    @property
    @abstractmethod
    def engine(self) -> EngineInfo | None:
        """The engine as it runs, while it runs."""

    @property
    def native_tools(self) -> bool:
        """Whether the engine takes tools, and tool calls in the history, and parses the calls of its model."""
        return not self.refuses_tools

    async def ready(self) -> None:  # noqa: B027 - most are ready as they are
        """Wait until requests can be answered and `card` is known. Raises what stands in the way."""

    @abstractmethod
    async def complete(self, request: ChatRequest, on_deltas: OnDeltas) -> Completion:
        """Answer a request. `on_deltas` gets batches of engine_contract.Delta meanwhile."""

    @abstractmethod
    async def count_tokens(self, texts: list[str]) -> list[int]:
        """The number of tokens of each text."""
