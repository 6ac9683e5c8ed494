"""Retry, error classes, provider errors."""

import warnings
from typing import Any

_INF, _NAN = float("inf"), float("nan")


def classification(core: Any, see: Any) -> None:
    classify = core._engine.classify_error_message
    for message in (
        "rate limit",
        "RATE LIMIT",
        "rate_limit",
        "429",
        "too many requests",
        "context length",
        "too many tokens",
        "maximum context",
        "token limit",
        "too long",
        "timeout",
        "timed out",
        "authentication",
        "api key",
        "API-key",
        "unauthorized",
        "401",
        "content filter",
        "content_filter",
        "safety",
        "blocked",
        "not found",
        "404",
        "overloaded",
        "503",
        "502",
        "unavailable",
        "500",
        "403 forbidden",
        "",
        "unknown",
        "x 429 timeout",
        "404 api key",
        "blocked and not found",
        "context length 429",
        "timeout 401",
        "503 not found",
        "İ TIMEOUT",
        "\u017fafety",
        "\x00 429",
    ):
        see.note(message, classify(message))
        for status in (None, 400, 401, 403, 404, 413, 422, 429, 500, 529):
            see.note(f"{message}, {status}", core.classify_error_message(message, status_code=status).__name__)
    see.call("number", classify, 5)
    see.call("surrogate", classify, "\ud800")


def configurations(core: Any, see: Any) -> None:
    for arguments, keywords in (
        ((), {}),
        ((5,), {}),
        ((0,), {}),
        ((True,), {}),
        ((-1,), {}),
        ((2**32 - 1,), {}),
        ((2**32,), {}),
        ((2**70,), {}),
        ((1.5,), {}),
        (("x",), {}),
        ((1, 2, 3, 4, False, False, None, None), {}),
        ((), {"jitter": False}),
        ((), {"jitter": 0.0}),
        ((), {"jitter": 0.5}),
        ((), {"jitter": "x"}),
        ((), {"jitter": 1}),
        ((), {"jitter": 0}),
        ((), {"jitter": None}),
        ((), {"jitter": _NAN}),
        ((), {"min_delay": 3}),
        ((), {"min_delay": 3, "initial_delay": 2.0}),
        ((), {"min_delay": 1.0}),
        ((), {"min_delay": "x"}),
        ((), {"backoff_multiplier": 3}),
        ((), {"backoff_multiplier": 3, "backoff_factor": 5}),
        ((), {"honor_retry_after": 0}),
        ((), {"initial_delay": _NAN}),
        ((), {"max_delay": "x"}),
        ((), {"max_delay": None}),
        ((), {"initial_delay": -1}),
        ((), {"backoff_factor": True}),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                config = core.RetryConfig(*arguments, **keywords)
                given = [config.max_retries, config.initial_delay, config.max_delay, config.backoff_factor]
                see.note(f"{arguments} {keywords}", [*given, config.jitter, config.honor_retry_after])
                see.note("older names", [config.min_delay, config.backoff_multiplier])
            except BaseException as error:
                see.note(f"{arguments} {keywords}", error)
        see.note("warnings", [f"{entry.category.__name__}: {entry.message}" for entry in caught])
    see.refused("unknown", core.RetryConfig, bogus=1)
    see.refused("setter", setattr, core.RetryConfig(), "max_retries", 5)
    see.refused("subclass", type, "Sub", (core.RetryConfig,), {})
    see.note("compared by identity", core.RetryConfig() == core.RetryConfig())


def delays(core: Any, see: Any) -> None:
    make, delay = core.RetryConfig, core._engine.compute_delay
    for settings in (
        {},
        {"max_delay": 10},
        {"honor_retry_after": False},
        {"initial_delay": _NAN},
        {"max_delay": _NAN},
        {"initial_delay": -3},
        {"backoff_factor": 0},
        {"backoff_factor": 1.1},
        {"backoff_factor": _INF},
        {"backoff_factor": -2},
        {"initial_delay": 0},
        {"initial_delay": _INF},
        {"max_delay": -1},
        {"backoff_factor": _NAN},
        {"backoff_factor": 1e200},
    ):
        config = make(jitter=False, **settings)
        for attempt in (0, 1, 2, 3, 7, 10, 63, 1100, 2**31 - 1, 2**31, 2**32 - 1):
            value = see.call("delay", lambda config=config, attempt=attempt: round(delay(config, attempt), 9))
            see.note(f"{settings} {attempt}", value)
        for retry_after in (0, 5, 5.5, 100, -5, _NAN, _INF):
            see.note(f"{settings} after {retry_after}", delay(config, 0, retry_after))
            see.note(
                f"{settings} after {retry_after}, twice", delay(config, 9, retry_after=retry_after, delay_multiplier=2)
            )
        for multiplier in (0, 0.5, 1, 3, -1, _NAN, _INF):
            see.note(f"{settings} times {multiplier}", delay(config, 2, None, multiplier))


def delays_refused(core: Any, see: Any) -> None:
    config, delay = core.RetryConfig(jitter=False), core._engine.compute_delay
    for attempt in (-1, 2**32, 1.5, "x", None):
        see.call(f"attempt {attempt}", delay, config, attempt)
    see.call("config", delay, 5, 0)
    see.call("config none", delay, None, 0)
    see.call("after", delay, config, 0, "x")
    see.call("multiplier", delay, config, 0, None, "x")


def jitter(core: Any, see: Any) -> None:
    config, delay = core.RetryConfig(), core._engine.compute_delay
    found = [delay(config, 1) for _ in range(400)]
    see.note("within half and one and a half", all(1.0 <= value < 3.0 for value in found))
    see.note("spread", [min(found) < 1.2, max(found) > 2.8, len(set(found)) > 300])
    found = [delay(config, 0, 10.0) for _ in range(400)]
    see.note("after the server's wish", all(5.0 <= value < 15.0 for value in found))


async def retry_loop(core: Any, see: Any) -> None:
    config = core.RetryConfig(max_retries=2, initial_delay=0.001, jitter=False)
    for label, errors in {
        "at once": [],
        "third time": [core.RateLimitError("a"), core.ProviderUnavailableError("b")],
        "never": [core.RateLimitError("a")] * 5,
        "not retryable": [core.AuthenticationError("a")],
        "other": [ValueError("v")],
    }.items():
        left = list(errors)

        async def operation(left: list[Any] = left) -> str:
            if left:
                raise left.pop(0)
            return "done"

        async def on_retry(attempt: int, delay: float, error: Any) -> None:
            see.note("retry", [attempt, round(delay, 6), type(error).__name__])

        await see.wait(label, core.retry_with_backoff, operation, config, on_retry=on_retry)


def provider_errors(core: Any, see: Any) -> None:
    make = core._engine.ProviderError
    for arguments, keywords in (
        (("m",), {}),
        (("",), {}),
        (("quo\"te\n\t\r\0\\'é😀\u200b\x1b",), {}),
        (("m",), {"provider": "p", "model": "m", "retry_after": 1.5, "delay_multiplier": 2.0, "retryable": True}),
        (("m",), {"retry_after": 3}),
        (("m",), {"retry_after": 1e30}),
        (("m",), {"retry_after": 1e-9}),
        (("m",), {"retry_after": _NAN, "delay_multiplier": _INF}),
        (("m",), {"delay_multiplier": -_INF}),
        (("m",), {"error_type": "RateLimit"}),
        (("m",), {"provider": ""}),
        (("m",), {"retryable": False}),
        ((5,), {}),
        (("m",), {"retryable": 1}),
        (("m",), {"error_type": None}),
        (("m",), {"provider": 5}),
        (("m",), {"retry_after": "1"}),
        (("m",), {"model": b"m"}),
    ):
        try:
            error = make(*arguments, **keywords)
        except BaseException as problem:
            see.note(f"{arguments} {keywords}", problem)
            continue
        see.note("repr and str", [repr(error), str(error)])
        see.note("fields", [error.message, error.provider, error.model, error.retry_after, error.delay_multiplier])
        see.note("more", [error.retryable, error.error_type])
    see.refused("positional", make, "m", "p")
    see.refused("nothing", make)
    see.refused("setter", setattr, make("m"), "message", "x")
    see.note("no exception", isinstance(make("m"), Exception))
