"""Classes whose objects are one of a kind.

Owns two refusals of the native classes: their objects cannot be copied or pickled, and
all but the coordinator cannot be subclassed.
"""

from typing import NoReturn, SupportsIndex


class Unique:
    """An object that is neither copied nor pickled."""

    __slots__ = ()

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"cannot pickle '{type(self).__name__}' object")


class Sealed(Unique):
    """A unique object of a final class."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        if Sealed not in cls.__bases__:
            raise TypeError(f"type 'builtins.{cls.__bases__[0].__name__}' is not an acceptable base type")
