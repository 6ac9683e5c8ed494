"""Exact numbers with an optional size in bytes: what the calculator calculates with.

Owns arithmetic and its limits. Numbers are fractions, so nothing is rounded before it is shown; a size can be added to
a size and multiplied with a number, and divided by a size it becomes a number again.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

DIGITS_SHOWN = 15
EXACT_DIGITS = 40
MOST_BITS = 20_000

SIZES: dict[str, int] = {"B": 1, "byte": 1, "bytes": 1}
for _power, _letter in enumerate("kMGTPE", 1):
    SIZES[f"{_letter}B"] = 1000**_power
    SIZES[f"{_letter.upper()}iB"] = 1024**_power
SIZES["KB"] = 1000
WRITTEN = ("EiB", "PiB", "TiB", "GiB", "MiB", "KiB")


class CalculationError(Exception):
    """Why there is no result."""


class Quantity(NamedTuple):
    """A number, or a number of bytes."""

    value: Fraction
    size: bool = False

    def plus(self, other: Quantity, sign: int = 1) -> Quantity:
        """The sum, or with `sign` -1 the difference."""
        if self.size != other.size:
            raise CalculationError("A size and a plain number cannot be added.")
        return limited(self.value + sign * other.value, self.size)

    def times(self, other: Quantity) -> Quantity:
        """The product."""
        if self.size and other.size:
            raise CalculationError("A size cannot be multiplied with a size.")
        return limited(self.value * other.value, self.size or other.size)

    def over(self, other: Quantity) -> Quantity:
        """The quotient."""
        if other.value == 0:
            raise CalculationError("Division by zero has no result.")
        if other.size and not self.size:
            raise CalculationError("A plain number cannot be divided by a size.")
        return limited(self.value / other.value, self.size and not other.size)

    def floor_over(self, other: Quantity) -> Quantity:
        """The whole part of the quotient."""
        quotient = self.over(other)
        return quotient._replace(value=Fraction(quotient.value.__floor__()))

    def modulo(self, other: Quantity) -> Quantity:
        """What is left after whole division."""
        if self.size != other.size:
            raise CalculationError("A size and a plain number have no remainder.")
        whole = self.floor_over(other)
        return limited(self.value - whole.value * other.value, self.size)

    def to_the(self, other: Quantity) -> Quantity:
        """The power; exact where the exponent is whole."""
        if self.size or other.size:
            raise CalculationError("A size has no power.")
        exponent = other.value
        if exponent.denominator != 1:
            if self.value < 0:
                raise CalculationError("A negative number has no such root among the real numbers.")
            return rounded(lambda: as_decimal(self.value) ** as_decimal(exponent))
        if self.value == 0 and exponent < 0:
            raise CalculationError("Division by zero has no result.")
        if exponent == 0:
            return Quantity(Fraction(1))
        bits = max(self.value.numerator.bit_length(), self.value.denominator.bit_length())
        if bits > 1 and bits * abs(exponent) > MOST_BITS:
            raise CalculationError("The power is too large to be calculated here.")
        return Quantity(self.value ** int(exponent)) if bits > 1 else Quantity(self.value ** (int(exponent) % 2 or 2))


def limited(value: Fraction, size: bool) -> Quantity:
    """A result, unless it is monstrous."""
    if value.numerator.bit_length() + value.denominator.bit_length() > 4 * MOST_BITS:
        raise CalculationError("The numbers are too large to be calculated here.")
    return Quantity(value, size)


def rounded(calculate: object) -> Quantity:
    """A result of 50 digits of a function that has no exact one."""
    try:
        with localcontext() as context:
            context.prec = 50
            result = calculate()  # type: ignore[operator]
        if isinstance(result, float):
            result = Decimal(repr(result))
        return limited(Fraction(result), False)
    except CalculationError:
        raise
    except (ArithmeticError, ValueError) as error:
        raise CalculationError("That has no result among the real numbers, or one that is too large.") from error


def as_decimal(value: Fraction) -> Decimal:
    """The number with the digits of the present context."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def written(quantity: Quantity, unit: str | None = None) -> str:
    """As people write it: exact where it ends, else 15 digits."""
    if unit is not None:
        if not quantity.size:
            raise CalculationError(f"A plain number is no size and cannot be written in {unit}.")
        return f"{number(quantity.value / SIZES[unit])} {unit}"
    if not quantity.size:
        return number(quantity.value)
    for larger in WRITTEN:
        if abs(quantity.value) >= SIZES[larger]:
            return f"{number(quantity.value)} bytes ({number(quantity.value / SIZES[larger], 6)} {larger})"
    return f"{number(quantity.value)} bytes"


def number(value: Fraction, digits: int = DIGITS_SHOWN) -> str:
    """A number as digits."""
    if value.denominator == 1 and len(str(abs(value.numerator))) <= EXACT_DIGITS:
        return str(value.numerator)
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        found = as_decimal(value)
        exact = digits == DIGITS_SHOWN and Fraction(found) == value and abs(found.adjusted()) < EXACT_DIGITS
        if not exact:
            context.prec = digits
            found = as_decimal(value)
        found = found.normalize()
    if -EXACT_DIGITS <= found.adjusted() < EXACT_DIGITS:
        return f"{found:f}"
    return f"{found:E}".replace("E+", "e").replace("E", "e")
