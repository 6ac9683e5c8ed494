"""Our errors as amplifier-core's, for hooks and orchestrators that know only those.

Owns the correspondence. The original stays the `__cause__`, so that the page gets its code, message and action;
`original` finds it again.
"""

from __future__ import annotations

from amplifier_core import (
    AbortError,
    ContextLengthError,
    InvalidRequestError,
    LLMError,
    ProviderUnavailableError,
    StreamError,
)

from ..errors import (
    Aborted,
    BadInput,
    ClocheError,
    EngineCrashed,
    GenerationFailed,
    MessageTooLong,
    ModelError,
    NotFound,
)

KINDS: tuple[tuple[type[ClocheError], type[LLMError]], ...] = (
    (MessageTooLong, ContextLengthError),
    (BadInput, InvalidRequestError),
    (NotFound, InvalidRequestError),
    (Aborted, AbortError),
    (EngineCrashed, ProviderUnavailableError),
    (GenerationFailed, StreamError),
    (ModelError, ProviderUnavailableError),
)


def as_llm_error(error: ClocheError, provider: str) -> LLMError:
    """The error of amplifier-core that means the same."""
    kind = next((theirs for ours, theirs in KINDS if isinstance(error, ours)), LLMError)
    return kind(error.message, provider=provider, retryable=error.retryable)


def original(error: BaseException | None) -> ClocheError | None:
    """Our error behind another one."""
    while error is not None:
        if isinstance(error, ClocheError):
            return error
        error = error.__cause__ or error.__context__
    return None
