"""What Python needs from outside: the one seam between the tab and CPython.

Owns two abstract classes. `Host` is implemented by host/browser.py (Pyodide in a worker) and host/memory.py (CPython,
tests); nothing else in `cloche` may know which one it runs on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any


class Link(ABC):
    """One RPC link to a worker (see engine_contract.py for what an engine worker answers)."""

    @abstractmethod
    async def call(
        self, method: str, params: dict[str, Any], on_chunks: Callable[[list[Any]], None] | None = None
    ) -> Any:
        """Ask, and wait for the answer.

        `on_chunks` gets batches of stream items while the answer is under way, synchronously and in order. Cancelling
        the awaiting task aborts the request in the worker. Raises the error of errors.py that has the worker's code.
        """

    @abstractmethod
    async def close(self) -> None:
        """End the worker and free its memory; calls under way raise EngineCrashed."""


class Host(ABC):
    """The world outside Python."""

    #: address that the app's files are relative to, with a trailing slash
    base_url: str
    #: path of the SQLite database, or ":memory:"
    database: str
    #: whether `database` outlives the tab; `reason` says why not
    durable: bool
    reason: str = ""

    @abstractmethod
    def emit(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Tell the page (name, data) pairs in order; names and shapes are those of contract.EVENTS."""

    @abstractmethod
    def flush(self) -> None:
        """Let the events that wait leave at once; for code that keeps the event loop from running."""

    @abstractmethod
    async def open_link(self, worker: str) -> Link:
        """Start the worker of that name ("llamacpp") and connect to it."""

    @abstractmethod
    async def read_text(self, path: str) -> str:
        """A text file of the app, `path` relative to `base_url`. Raises FetchFailed."""

    @abstractmethod
    async def load_package(self, name: str) -> None:
        """Make a package importable that is served with the app and not installed at start. Raises FetchFailed."""

    @abstractmethod
    async def drawn(self, picture: Any) -> bytes | None:
        """A picture of the browser (canvas, video frame, bitmap, image data, blob) as an encoded file.

        None for what is no such thing. Raises BadImage for a picture that cannot be read.
        """

    @abstractmethod
    def time_zone(self, name: str, moment: float) -> tuple[str, int]:
        """The full name of a time zone ("" is this machine's) and its minutes east of UTC at a moment.

        Raises ValueError for a zone that does not exist.
        """
