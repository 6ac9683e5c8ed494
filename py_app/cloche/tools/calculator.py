"""The calculator: arithmetic as people and models write it, with exact decimals and sizes in bytes.

Owns the reading of expressions (a small precedence parser, nothing is ever evaluated as Python) and the limits on their
length and depth; quantity.py calculates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from .quantity import SIZES, CalculationError, Quantity, as_decimal, rounded, written
from .tool import FunctionTool, ToolFault, tool

LONGEST = 500
DEEPEST = 60
LARGEST_FACTORIAL = 1000

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\d.]))"
    r"|(?P<name>[A-Za-zπ]+)|(?P<sign>\*\*|//|[-+*/^%()!,×÷·−²³√]))"  # noqa: RUF001
)
SIGNS = {"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**"}  # noqa: RUF001
CONSTANTS = {"pi": Fraction("3.14159265358979323846264338327950288419716939937510")}
CONSTANTS |= {"π": CONSTANTS["pi"], "e": Fraction("2.71828182845904523536028747135266249775724709369995")}
BINARY = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "mod": 2, "of": 2}
POWER = 4


SPOKEN = {"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/"}


def calculate(expression: str) -> str:
    """The result of an expression in words of digits. Raises CalculationError."""
    for words, sign in SPOKEN.items():
        expression = re.sub(rf"\b{words}\b", sign, expression, flags=re.IGNORECASE)
    return Parser(expression).result()


class Parser:
    """Reads one expression and calculates on the way."""

    def __init__(self, expression: str) -> None:
        if len(expression) > LONGEST:
            raise CalculationError(f"The expression is longer than {LONGEST} characters.")
        self._tokens = tokens(expression.strip().rstrip("=?").strip())
        self._position = 0
        self._depth = 0

    def result(self) -> str:
        """The whole expression, with "in MiB" or "to GB" at its end."""
        value = self._expression(0)
        unit = None
        if self._next in ("in", "to", "as"):
            self._take()
            unit = self._take()
            if unit not in SIZES:
                raise CalculationError(f"'{unit}' is not a size; known are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB.")
        if self._next:
            raise CalculationError(f"'{self._next}' was not expected there.")
        return written(value, unit)

    @property
    def _next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next
        self._position += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise CalculationError(f"A '{token}' is missing.")

    def _expression(self, weakest: int) -> Quantity:
        self._depth += 1
        if self._depth > DEEPEST:
            raise CalculationError("The expression is nested too deeply.")
        left = self._signed()
        while (strength := BINARY.get(self._next, 0)) > weakest:
            operator = self._take()
            right = self._expression(strength)
            left = combined(operator, left, right)
        self._depth -= 1
        return left

    def _signed(self) -> Quantity:
        if self._next in ("-", "+"):
            sign = -1 if self._take() == "-" else 1
            self._depth += 1
            if self._depth > DEEPEST:
                raise CalculationError("The expression is nested too deeply.")
            value = self._signed()
            self._depth -= 1
            return value._replace(value=sign * value.value)
        return self._powered()

    def _powered(self) -> Quantity:
        base = self._after(self._atom())
        if self._next != "**":
            return base
        self._take()
        return base.to_the(self._signed())

    def _after(self, value: Quantity) -> Quantity:
        """Signs behind a value: factorial, squares, per cent, a unit."""
        while True:
            if self._next == "!":
                self._take()
                value = factorial(value)
            elif self._next in ("²", "³"):
                value = value.to_the(Quantity(Fraction(2 if self._take() == "²" else 3)))
            elif self._next == "%" and self._percent():
                self._take()
                value = value._replace(value=value.value / 100)
            elif self._next in SIZES and not value.size:
                value = Quantity(value.value * SIZES[self._take()], True)
            else:
                return value

    def _percent(self) -> bool:
        """Whether a "%" means per cent rather than a remainder: nothing to divide by follows."""
        after = self._tokens[self._position + 1] if self._position + 1 < len(self._tokens) else ""
        return after in ("", "of", ")", ",", "+", "-", "*", "/", "in", "to")

    def _atom(self) -> Quantity:
        token = self._take()
        if not token:
            raise CalculationError("The expression ends too early.")
        if token[0].isdigit() or token[0] == ".":
            return Quantity(Fraction(token.replace(",", "").replace("_", "")))
        if token == "(":  # noqa: S105
            value = self._expression(0)
            self._expect(")")
            return value
        if token == "√":  # noqa: S105
            return root([self._powered()])
        name = token.lower()
        if name in FUNCTIONS:
            self._expect("(")
            return FUNCTIONS[name](self._arguments())
        if name in CONSTANTS:
            return Quantity(CONSTANTS[name])
        raise CalculationError(
            f"'{token}' is not known. Numbers, + - * / // % ** ( ), sizes and: {', '.join(FUNCTIONS)}."
        )

    def _arguments(self) -> list[Quantity]:
        values = [self._expression(0)]
        while self._next == ",":
            self._take()
            values.append(self._expression(0))
        self._expect(")")
        return values


def tokens(expression: str) -> list[str]:
    """The words and signs of an expression."""
    found: list[str] = []
    position = 0
    while position < len(expression):
        token = TOKEN.match(expression, position)
        if token is None:
            raise CalculationError(f"'{expression[position:].strip()[:20]}' cannot be read as part of a calculation.")
        text = token.group("number") or token.group("name") or token.group("sign")
        if token.group("number") and re.search(r"[eE][+-]?\d{4,}$", text):
            raise CalculationError("The exponent is too large.")
        found.append(SIGNS.get(text, text))
        position = token.end()
    return found


def combined(operator: str, left: Quantity, right: Quantity) -> Quantity:
    """The result of a sign between two values."""
    if operator in "+-":
        return left.plus(right, 1 if operator == "+" else -1)
    if operator in ("*", "of"):
        return left.times(right)
    if operator == "/":
        return left.over(right)
    return left.floor_over(right) if operator == "//" else left.modulo(right)


def factorial(value: Quantity) -> Quantity:
    """n! of a whole number."""
    if value.size or value.value.denominator != 1 or not 0 <= value.value <= LARGEST_FACTORIAL:
        raise CalculationError(f"A factorial needs a whole number from 0 to {LARGEST_FACTORIAL}.")
    return Quantity(Fraction(math.factorial(int(value.value))))


def one(values: list[Quantity]) -> Fraction:
    """The only, plain argument of a function."""
    if len(values) != 1 or values[0].size:
        raise CalculationError("This function takes one plain number.")
    return values[0].value


def root(values: list[Quantity]) -> Quantity:
    """The square root; exact where it is whole or a fraction."""
    value = one(values)
    if value < 0:
        raise CalculationError("A negative number has no square root among the real numbers.")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Quantity(Fraction(top, bottom))
    return rounded(lambda: as_decimal(value).sqrt())


def to_whole(values: list[Quantity]) -> Quantity:
    """Rounded half away from zero, to some decimals where a second argument says how many."""
    if len(values) not in (1, 2):
        raise CalculationError("round takes a number and, if wanted, how many decimals.")
    places = one(values[1:]) if len(values) == 2 else Fraction(0)
    if places.denominator != 1 or abs(places) > 50:
        raise CalculationError("The number of decimals must be whole and at most 50.")
    scale = Fraction(10) ** int(places)
    scaled = abs(values[0].value) * scale
    whole = Fraction(math.floor(scaled + Fraction(1, 2))) / scale
    return values[0]._replace(value=whole if values[0].value >= 0 else -whole)


def chosen(choose: Callable[[list[Quantity]], Quantity]) -> Callable[[list[Quantity]], Quantity]:
    """A function of values of one kind."""

    def choose_checked(values: list[Quantity]) -> Quantity:
        if len({value.size for value in values}) > 1:
            raise CalculationError("Sizes and plain numbers cannot be compared.")
        return choose(values)

    return choose_checked


def by_float(function: Callable[[float], float]) -> Callable[[list[Quantity]], Quantity]:
    """A function with 15 digits."""
    return lambda values: rounded(lambda: function(float(one(values))))


def kept(function: Callable[[Fraction], Fraction | int]) -> Callable[[list[Quantity]], Quantity]:
    """A function of one value that leaves its unit."""

    def apply(values: list[Quantity]) -> Quantity:
        if len(values) != 1:
            raise CalculationError("This function takes one value.")
        return values[0]._replace(value=Fraction(function(values[0].value)))

    return apply


FUNCTIONS: dict[str, Callable[[list[Quantity]], Quantity]] = {
    "sqrt": root,
    "abs": kept(abs),
    "round": to_whole,
    "floor": kept(math.floor),
    "ceil": kept(math.ceil),
    "min": chosen(lambda values: min(values, key=lambda value: value.value)),
    "max": chosen(lambda values: max(values, key=lambda value: value.value)),
    "sum": chosen(lambda values: Quantity(sum((value.value for value in values), Fraction(0)), values[0].size)),
    "factorial": lambda values: factorial(values[0]),
    "exp": lambda values: rounded(lambda: as_decimal(one(values)).exp()),
    "ln": lambda values: rounded(lambda: as_decimal(one(values)).ln()),
    "log": lambda values: rounded(lambda: as_decimal(one(values)).log10()),
    "log10": lambda values: rounded(lambda: as_decimal(one(values)).log10()),
    "log2": by_float(math.log2),
    "sin": by_float(math.sin),
    "cos": by_float(math.cos),
    "tan": by_float(math.tan),
    "asin": by_float(math.asin),
    "acos": by_float(math.acos),
    "atan": by_float(math.atan),
}


def calculator_tools() -> list[FunctionTool]:
    """The calculator."""

    @tool(access="read")
    def calculator(expression: Annotated[str, Field(max_length=LONGEST)]) -> str:
        """Calculate exactly: + - * / // % ** ( ), percent, sqrt, round and other functions, sizes such as 3 MiB.

        Args:
            expression: for example "12 * (3 + 4)", "15% of 80" or "1.5 GiB in MB"
        """
        try:
            return calculate(expression)
        except CalculationError as error:
            raise ToolFault(str(error)) from error

    return [calculator]
