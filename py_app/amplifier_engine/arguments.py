"""Argument checks at the kernel's edge.

The native module is strict about argument types where plain Python would let
anything through. This module owns those checks and their wording, so that a wrong
call fails in the same way, at the same place, on both engines. It converts
nothing beyond what the native module converts.
"""

from typing import Any, NoReturn


def mismatch(value: object, wanted: str) -> NoReturn:
    """Refuse a value of the wrong type."""
    if value is None:
        raise TypeError(f"'None' is not an instance of '{wanted}'")
    raise TypeError(f"'{type(value).__name__}' object is not an instance of '{wanted}'")


def text(value: object) -> str:
    """A string that can be written as UTF-8."""
    if not isinstance(value, str):
        mismatch(value, "str")
    if not value.isascii():
        value.encode()  # a lone surrogate raises here, as it does natively
    return value if type(value) is str else str.__str__(value)


def optional_text(value: object) -> str | None:
    """A string or None."""
    return None if value is None else text(value)


def dictionary(value: object) -> dict[Any, Any]:
    """A dict or an instance of a subclass of it."""
    if not isinstance(value, dict):
        mismatch(value, "dict")
    return value


def boolean(value: object) -> bool:
    """True or False, and no other truthy thing."""
    if not isinstance(value, bool):
        mismatch(value, "bool")
    return value


def integer(value: object, *, bits: int = 32, signed: bool = True) -> int:
    """An integer that fits the native field."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    number = int(value.__index__())
    if not signed and number < 0:
        raise OverflowError("can't convert negative int to unsigned")
    top = 1 << (bits - 1 if signed else bits)
    if number < (-top if signed else 0):
        raise OverflowError("number too small to fit in target type")
    if number >= top:
        wide = bits == 64
        raise OverflowError("int too big to convert" if wide else "number too large to fit in target type")
    return number


def real(value: object) -> float:
    """A number as float."""
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "__float__"):
        return float(value.__float__())
    if hasattr(value, "__index__"):
        return float(value.__index__())
    raise TypeError(f"must be real number, not {type(value).__name__}")


def optional_real(value: object) -> float | None:
    """A number as float, or None."""
    return None if value is None else real(value)


def sequence_of_text(value: object) -> list[str]:
    """A list or other sequence of strings; a bare string is refused."""
    if isinstance(value, str):
        raise TypeError("Can't extract `str` to `Vec`")
    if not isinstance(value, (list, tuple)):
        mismatch(value, "Sequence")
    return [text(item) for item in value]
