"""The JSON boundary that event data crosses.

Every value that enters or leaves a hook goes through JSON: tuples become lists,
keys become strings, unknown objects their `str()`. This module owns that
conversion, its limits (depth, integer range, no NaN, no lone surrogate) and the
copies that keep one handler's data apart from another's. A value that is plain
JSON already is copied without the detour through text.

Keys keep their order and floats keep their exact value; see the package docstring.
"""

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 127
_LEAST_INTEGER = -(2**63)
_INTEGER_END = 2**64

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|NaN|-?Infinity|-?\d{309,}')
_LONG_INTEGER = re.compile(r"\d{19}")
_SURROGATE = re.compile(r"\\u(d[89a-f][0-9a-f]{2})", re.IGNORECASE)


class JsonError(ValueError):
    """A text that the kernel's JSON reader refuses; says what and where."""


class _NotPlainError(Exception):
    """The value needs the detour through JSON text."""


def encode(value: object) -> str:
    """Write `value` as JSON; an unknown object becomes its `str()`."""
    return json.dumps(value, default=str)


def dumped(value: Any) -> Any:
    """The plain form of a pydantic model; anything else as it is."""
    dump = getattr(value, "model_dump", None)
    if dump is None:
        return value
    try:
        return dump(mode="json")
    except Exception:
        try:
            return dump()
        except Exception:
            return value


def canonical(value: Any) -> Any:
    """What `value` is after its way through JSON, sharing nothing with `value`.

    Raises JsonError where the reader refuses the text, and whatever the writer
    raises for a value that cannot be written at all.
    """
    try:
        return _plain(value, MAX_DEPTH)
    except _NotPlainError:
        return parse(encode(value))


def copy(value: Any) -> Any:
    """A copy of a canonical value down to the last container."""
    kind = type(value)
    if kind is dict:
        return {key: item if type(item) is str or type(item) is int else copy(item) for key, item in value.items()}
    if kind is list:
        return [item if type(item) is str else copy(item) for item in value]
    return value


def parse(text: str) -> Any:
    """Read JSON text as strictly as the native engine does."""
    if text.count("{") + text.count("[") > MAX_DEPTH or _SURROGATE.search(text):
        _check(text)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        return _narrow(value) if _LONG_INTEGER.search(text) else value
    except JsonError:
        _check(text)
        raise


def _plain(value: Any, room: int) -> Any:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_surrogates(value)
        return value
    if value is None or kind is bool:
        return value
    if kind is int:
        if not _LEAST_INTEGER <= value < _INTEGER_END:
            raise _NotPlainError
        return value
    if kind is float:
        if not math.isfinite(value):
            raise _NotPlainError
        return value
    if not room:
        raise _NotPlainError
    if kind is dict:
        result = {}
        for key, item in value.items():
            if type(key) is not str:
                raise _NotPlainError
            if not key.isascii():
                _check_surrogates(key)
            if type(item) is str and item.isascii():
                result[key] = item
            else:
                result[key] = _plain(item, room - 1)
        return result
    if kind is list or kind is tuple:
        return [_plain(item, room - 1) for item in value]
    raise _NotPlainError


def _check_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _NotPlainError from None


def _refuse_constant(_name: str) -> NoReturn:
    raise JsonError("expected value")


def _narrow(value: Any) -> Any:
    """Turn integers that fit no 64-bit field into floats."""
    kind = type(value)
    if kind is int:
        if _LEAST_INTEGER <= value < _INTEGER_END:
            return value
        try:
            return float(value)
        except OverflowError:
            raise JsonError("number out of range") from None
    if kind is dict:
        return {key: _narrow(item) for key, item in value.items()}
    if kind is list:
        return [_narrow(item) for item in value]
    return value


def _check(text: str) -> None:
    """Raise for the first fault in a JSON text that Python's reader would let pass."""
    depth = 0
    for token in _TOKEN.finditer(text):
        start, word = token.start(), token.group()
        if word[0] in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                _fault("recursion limit exceeded", start + 1)
        elif word[0] in "]}":
            depth -= 1
        elif word[0] == '"':
            _check_escapes(word, start)
        elif word[-1].isdigit():
            _check_size(word, token.end())
        elif word[0] == "-":
            _fault("invalid number", start + 2)
        else:
            _fault("expected value", start + 1)


def _check_size(digits: str, end: int) -> None:
    if math.isinf(float(digits)):
        _fault("number out of range", end)


def _check_escapes(word: str, start: int) -> None:
    position = 0
    while (found := word.find("\\", position)) >= 0:
        surrogate = _SURROGATE.match(word, found)
        position = found + 2
        if not surrogate:
            continue
        position = surrogate.end()
        if surrogate.group(1)[1].lower() in "cdef":
            _fault("lone leading surrogate in hex escape", start + position)
        if not word.startswith("\\u", position):
            offset = 2 if word[position] == "\\" else 1
            _fault("unexpected end of hex escape", start + position + offset)
        low = _SURROGATE.match(word, position)
        position += 6
        if not low or low.group(1)[1].lower() not in "cdef":
            _fault("lone leading surrogate in hex escape", start + position)


def _fault(reason: str, column: int) -> NoReturn:
    raise JsonError(f"{reason} at line 1 column {column}")
