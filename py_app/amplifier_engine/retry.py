"""Retry: how often, how long to wait, and what an error message means.

Owns `RetryConfig`, the delay before an attempt and the classification of error
texts. The loop that waits is the package's own `utils.retry`.
"""

import math
import random
import warnings
from typing import Any

from . import arguments
from .sealed import Sealed

_CATEGORIES = (
    (
        "context_length",
        ("context length", "too many tokens", "maximum context", "token limit", "too long"),
    ),
    ("rate_limit", ("rate limit", "rate_limit", "too many requests", "429")),
    ("timeout", ("timeout", "timed out")),
    ("authentication", ("authentication", "api key", "unauthorized", "401")),
    ("content_filter", ("content filter", "safety", "blocked")),
    ("not_found", ("not found", "404")),
    ("provider_unavailable", ("overloaded", "503", "502", "unavailable")),
)


def classify_error_message(message: str) -> str:
    """The category of an error text; the first that fits, or `unknown`."""
    lowered = arguments.text(message).lower()
    for category, marks in _CATEGORIES:
        if any(mark in lowered for mark in marks):
            return category
    return "unknown"


def _unsigned(value: Any) -> int:
    try:
        number = arguments.integer(value, bits=64)
    except OverflowError:
        raise OverflowError("Python int too large to convert to C long") from None
    if not 0 <= number < 1 << 32:
        size = "small" if number < 0 else "large"
        raise OverflowError(f"number too {size} to fit in target type")
    return number


def _deprecated(message: str) -> None:
    warnings.warn(message, DeprecationWarning, stacklevel=3)


def _jitter(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, bool):
        return value
    try:
        number = arguments.real(value)
    except TypeError:
        warnings.warn("jitter received an unexpected type; defaulting to True", UserWarning, stacklevel=3)
        return True
    _deprecated("passing a float for jitter is deprecated, use a bool")
    return number != 0.0


class RetryConfig(Sealed):
    """Limits and delays of retries; read-only."""

    __slots__ = (
        "_backoff_factor",
        "_honor_retry_after",
        "_initial_delay",
        "_jitter",
        "_max_delay",
        "_max_retries",
    )

    def __init__(
        self,
        max_retries: int = 3,
        initial_delay: float = 1.0,
        max_delay: float = 60.0,
        backoff_factor: float = 2.0,
        jitter: bool | float | None = None,
        honor_retry_after: bool = True,
        min_delay: float | None = None,
        backoff_multiplier: float | None = None,
    ) -> None:
        self._max_retries = _unsigned(max_retries)
        self._initial_delay = arguments.real(initial_delay)
        self._max_delay = arguments.real(max_delay)
        self._backoff_factor = arguments.real(backoff_factor)
        self._honor_retry_after = arguments.boolean(honor_retry_after)
        older_delay = arguments.optional_real(min_delay)
        older_factor = arguments.optional_real(backoff_multiplier)
        if older_delay is not None and self._initial_delay == 1.0:
            _deprecated("min_delay is deprecated, use initial_delay")
            self._initial_delay = older_delay
        if older_factor is not None and self._backoff_factor == 2.0:
            _deprecated("backoff_multiplier is deprecated, use backoff_factor")
            self._backoff_factor = older_factor
        self._jitter = _jitter(jitter)

    @property
    def max_retries(self) -> int:
        """Attempts after the first one."""
        return self._max_retries

    @property
    def initial_delay(self) -> float:
        """Seconds before the first retry."""
        return self._initial_delay

    @property
    def max_delay(self) -> float:
        """Seconds that the growing delay never exceeds."""
        return self._max_delay

    @property
    def backoff_factor(self) -> float:
        """By how much the delay grows with each attempt."""
        return self._backoff_factor

    @property
    def jitter(self) -> float:
        """0.2 when delays are randomised, else 0.0."""
        return 0.2 if self._jitter else 0.0

    @property
    def honor_retry_after(self) -> bool:
        """Whether to wait as long as the server asks for."""
        return self._honor_retry_after

    @property
    def min_delay(self) -> float:
        """The older name of `initial_delay`."""
        _deprecated("min_delay is deprecated, use initial_delay")
        return self._initial_delay

    @property
    def backoff_multiplier(self) -> float:
        """The older name of `backoff_factor`."""
        _deprecated("backoff_multiplier is deprecated, use backoff_factor")
        return self._backoff_factor


def _power(base: float, exponent: int) -> float:
    """`base` to a 32-bit power that wraps around, as the native engine computes it."""
    if exponent >= 1 << 31:
        exponent -= 1 << 32
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def compute_delay(
    config: RetryConfig,
    attempt: int,
    retry_after: float | None = None,
    delay_multiplier: float | None = None,
) -> float:
    """Seconds to wait before retry number `attempt`, counted from 0."""
    if not isinstance(config, RetryConfig):
        arguments.mismatch(config, "RetryConfig")
    attempt = _unsigned(attempt)
    retry_after = arguments.optional_real(retry_after)
    delay_multiplier = arguments.optional_real(delay_multiplier)
    delay = config.initial_delay * _power(config.backoff_factor, attempt)
    delay = _least(delay, config.max_delay)
    if delay_multiplier is not None and math.isfinite(delay_multiplier) and delay_multiplier > 0:
        delay *= delay_multiplier
    if config.honor_retry_after and retry_after is not None and not math.isnan(retry_after):
        delay = retry_after if math.isnan(delay) else max(delay, retry_after)
    if config.jitter:
        delay *= random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
    return delay


def _least(one: float, other: float) -> float:
    """The smaller number; a number wins over NaN."""
    if math.isnan(one):
        return other
    return one if math.isnan(other) else min(one, other)
