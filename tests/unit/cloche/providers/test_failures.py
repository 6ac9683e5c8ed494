"""Our errors as amplifier-core's, and back."""

from __future__ import annotations

import pytest
from amplifier_core import (
    AbortError,
    AccessDeniedError,
    AuthenticationError,
    ConfigurationError,
    ContentFilterError,
    ContextLengthError,
    InvalidRequestError,
    LLMError,
    LLMTimeoutError,
    NetworkError,
    NotFoundError,
    ProviderUnavailableError,
    RateLimitError,
    StreamError,
)

from cloche import errors
from cloche.providers.failures import as_llm_error, original


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.MessageTooLong("x"), ContextLengthError),
        (errors.ImageUnsupported("x"), InvalidRequestError),
        (errors.Aborted("x"), AbortError),
        (errors.EngineCrashed("x"), ProviderUnavailableError),
        (errors.GenerationFailed("x"), StreamError),
        (errors.ModelLoadFailed("x"), ProviderUnavailableError),
        (errors.KeyRefused("x", status=401), AuthenticationError),
        (errors.KeyRefused("x", status=403), AccessDeniedError),
        (errors.RateLimited("x"), RateLimitError),
        (errors.ContentFiltered("x"), ContentFilterError),
        (errors.ModelUnknown("x"), NotFoundError),
        (errors.RequestRefused("x"), InvalidRequestError),
        (errors.ServerFailed("x"), ProviderUnavailableError),
        (errors.ServerUnreachable("x"), NetworkError),
        (errors.ServerSilent("x"), LLMTimeoutError),
        (errors.AnswerDropped("x"), StreamError),
        (errors.AnswerUnreadable("x"), StreamError),
        (errors.OriginClosed("x"), ConfigurationError),
        (errors.from_code("something_new", "x"), LLMError),
    ],
)
def test_each_error_has_its_class(error: errors.ClocheError, kind: type[LLMError]) -> None:
    mapped = as_llm_error(error, "llamacpp")
    assert type(mapped) is kind
    assert (str(mapped), mapped.provider, mapped.retryable) == ("x", "llamacpp", error.retryable)


def test_what_the_server_asks_for_goes_along() -> None:
    mapped = as_llm_error(errors.RateLimited("x", status=429, retry_after=7), "remote")
    assert (mapped.status_code, mapped.retry_after, mapped.retryable) == (429, 7, True)


def failing(crash: errors.EngineCrashed) -> None:
    """Fail as a turn fails: our error, wrapped by the provider, wrapped by amplifier-core."""
    try:
        raise as_llm_error(crash, "llamacpp") from crash
    except LLMError as error:
        raise RuntimeError("Execution failed") from error


def test_the_original_is_found_again_behind_it() -> None:
    crash = errors.EngineCrashed("It died.")
    with pytest.raises(RuntimeError) as caught:
        failing(crash)
    assert original(caught.value) is crash
    assert original(ValueError("x")) is None
    assert original(None) is None
