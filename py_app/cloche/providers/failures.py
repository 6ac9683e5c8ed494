"""Our errors as amplifier-core's, for hooks and orchestrators that know only those.

Owns the correspondence. The original stays the `__cause__`, so that the page gets its code, message and action;
`original` finds it again.
"""

from __future__ import annotations

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

from ..errors import (
    Aborted,
    AnswerDropped,
    AnswerUnreadable,
    BadInput,
    ClocheError,
    ContentFiltered,
    EngineCrashed,
    GenerationFailed,
    KeyLocked,
    KeyRefused,
    MessageTooLong,
    ModelError,
    ModelUnknown,
    NotFound,
    OriginClosed,
    ProviderMissing,
    RateLimited,
    RemoteError,
    RemoteOff,
    RequestRefused,
    ServerFailed,
    ServerSilent,
    ServerUnreachable,
    WrongPassphrase,
)

FORBIDDEN = 403

KINDS: tuple[tuple[type[ClocheError], type[LLMError]], ...] = (
    (MessageTooLong, ContextLengthError),
    (BadInput, InvalidRequestError),
    (NotFound, InvalidRequestError),
    (Aborted, AbortError),
    (EngineCrashed, ProviderUnavailableError),
    (GenerationFailed, StreamError),
    (ModelError, ProviderUnavailableError),
    (KeyRefused, AuthenticationError),
    (KeyLocked, AuthenticationError),
    (WrongPassphrase, AuthenticationError),
    (RateLimited, RateLimitError),
    (ContentFiltered, ContentFilterError),
    (ModelUnknown, NotFoundError),
    (RequestRefused, InvalidRequestError),
    (ServerFailed, ProviderUnavailableError),
    (ServerUnreachable, NetworkError),
    (ServerSilent, LLMTimeoutError),
    (AnswerDropped, StreamError),
    (AnswerUnreadable, StreamError),
    (RemoteOff, ConfigurationError),
    (OriginClosed, ConfigurationError),
    (ProviderMissing, ConfigurationError),
)


def as_llm_error(error: ClocheError, provider: str) -> LLMError:
    """The error of amplifier-core that means the same."""
    kind = next((theirs for ours, theirs in KINDS if isinstance(error, ours)), LLMError)
    if not isinstance(error, RemoteError):
        return kind(error.message, provider=provider, retryable=error.retryable)
    if kind is AuthenticationError and error.status == FORBIDDEN:
        kind = AccessDeniedError
    known = {"retryable": error.retryable, "status_code": error.status, "retry_after": error.retry_after}
    return kind(error.message, provider=provider, **known)


def original(error: BaseException | None) -> ClocheError | None:
    """Our error behind another one."""
    while error is not None:
        if isinstance(error, ClocheError):
            return error
        error = error.__cause__ or error.__context__
    return None
