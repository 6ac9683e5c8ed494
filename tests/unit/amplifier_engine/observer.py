"""What a scenario saw, in a form that can be compared and kept.

Owns turning values, errors and log lines into plain JSON and taking out what differs
from run to run: ids, times, addresses. It also leaves out the differences between the
engines that the engine's package docstring lists.
"""

import asyncio
import inspect
import logging
import re
from collections.abc import Callable
from typing import Any

_NOISE = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"), "<time>"),
    (re.compile(r"0x[0-9a-f]{6,}"), "<address>"),
    # Where a handler's answer went wrong is told by the native engine only.
    (re.compile(r" at line 1 column \d+(?= — json: )|(?<=expected a map) at line 1 column \d+$"), ""),
)


def text(value: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in _NOISE:
        value = pattern.sub(word, value)
    return value.encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> Any:
    """A value as JSON that tells its types apart."""
    if value is None or value == () or isinstance(value, bool):
        return None if value == () else value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return value if abs(value) < 2**53 else f"int {value}"
    if isinstance(value, float):
        return f"float {value:.15g}"
    if isinstance(value, dict):
        return {
            text(key) if isinstance(key, str) else f"{type(key).__name__} {key!r}": plain(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(text(str(item)) for item in value)}
    if isinstance(value, BaseException):
        return {"error": f"{type(value).__name__}: {text(str(value))}"}
    if hasattr(value, "model_dump"):
        return {type(value).__name__: _told(value)}
    return f"<{type(value).__name__}>"


def _told(model: Any) -> Any:
    """A model's fields that differ from their defaults."""
    fresh = type(model).model_construct().model_dump()
    return {
        name: plain(item)
        for name, item in model.model_dump().items()
        if name not in fresh or plain(item) != plain(fresh[name])
    }


class Observer:
    """Takes down what happens, in order."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def note(self, label: str, value: Any = None) -> None:
        """Take down a value."""
        self.seen.append([label, plain(value)])

    def call(self, label: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call and take down the value or the error; a coroutine is closed."""
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            self.note(label, error)
            return None
        if inspect.iscoroutine(result):
            result.close()
        self.note(label, result)
        return result

    def refused(self, label: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call and take down only the type of the error, whose words are Python's own."""
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            self.note(label, type(error).__name__)
        else:
            self.note(label, result)

    async def wait(self, label: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call, await and take down the value or the error."""
        try:
            result = await function(*args, **kwargs)
        except (Exception, asyncio.CancelledError, GeneratorExit) as error:
            self.note(label, error)
            return None
        self.note(label, result)
        return result


class LogLines(logging.Handler):
    """Takes down the kernel's warnings and errors."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(logging.WARNING)
        self._observer = observer

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("_engine", "amplifier_core")):
            self._observer.note(f"log {record.levelname} {record.name}", record.getMessage())
