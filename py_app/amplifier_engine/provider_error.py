"""The kernel's structured provider error.

Owns the record of what went wrong with a model provider. It is plain data, not an
exception; the exceptions are in `amplifier_core.llm_errors`.
"""

from . import arguments, describe
from .sealed import Sealed


class ProviderError(Sealed):
    """What a provider reported, field by field; read-only."""

    __slots__ = (
        "_delay_multiplier",
        "_error_type",
        "_message",
        "_model",
        "_provider",
        "_retry_after",
        "_retryable",
    )

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        retry_after: float | None = None,
        delay_multiplier: float | None = None,
        retryable: bool = False,
        error_type: str = "Other",
    ) -> None:
        self._message = arguments.text(message)
        self._provider = arguments.optional_text(provider)
        self._model = arguments.optional_text(model)
        self._retry_after = arguments.optional_real(retry_after)
        self._delay_multiplier = arguments.optional_real(delay_multiplier)
        self._retryable = arguments.boolean(retryable)
        self._error_type = arguments.text(error_type)

    @property
    def message(self) -> str:
        """What happened."""
        return self._message

    @property
    def provider(self) -> str | None:
        """Which provider, if known."""
        return self._provider

    @property
    def model(self) -> str | None:
        """Which model, if known."""
        return self._model

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, if the provider said so."""
        return self._retry_after

    @property
    def delay_multiplier(self) -> float | None:
        """How much longer than usual to wait, if the provider said so."""
        return self._delay_multiplier

    @property
    def retryable(self) -> bool:
        """Whether another attempt makes sense."""
        return self._retryable

    @property
    def error_type(self) -> str:
        """The kind of error, such as RateLimit."""
        return self._error_type

    def __repr__(self) -> str:
        parts = [describe.quoted(self._message)]
        if self._provider is not None:
            parts.append(f"provider={describe.quoted(self._provider)}")
        if self._model is not None:
            parts.append(f"model={describe.quoted(self._model)}")
        if self._retry_after is not None:
            parts.append(f"retry_after={describe.number(self._retry_after)}")
        if self._delay_multiplier is not None:
            parts.append(f"delay_multiplier={describe.number(self._delay_multiplier)}")
        if self._retryable:
            parts.append("retryable=True")
        return f"ProviderError({', '.join(parts)})"

    def __str__(self) -> str:
        return self._message
