"""How the kernel writes things in messages.

Owns the wording of exceptions, numbers, quoted strings and long prompts in the
errors and log lines of the kernel, so that they read the same on both engines.
"""

import math
from decimal import Decimal
from typing import Any


def error(exception: BaseException) -> str:
    """The exception's type and message, also when its `str()` fails."""
    name = type(exception).__qualname__
    try:
        message = str(exception)
    except Exception:
        return f"{name}: <exception str() failed>"
    return f"{name}: {message.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace')}"


def number(value: float) -> str:
    """A number without exponent and without a needless fraction."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def quoted(text: str) -> str:
    """A string in double quotes, with what cannot be printed escaped."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    written = [
        short[char] if char in short else char if char.isprintable() or char == " " else f"\\u{{{ord(char):x}}}"
        for char in text
    ]
    return '"' + "".join(written) + '"'


def shortened(text: str, limit: int = 200) -> str:
    """The beginning of a text, marked where it was cut."""
    return text if len(text) <= limit else f"{text[:limit]}...[truncated]"


def kind(value: Any) -> str:
    """A JSON value as the native messages call it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {quoted(value)}"
    return "sequence" if isinstance(value, list) else "map"
