"""The error tree. Every error that can reach a person carries what happened, why, and what to do next.

    ClocheError
    +-- BadInput              "bad_input"            the request itself cannot be served
    |   +-- EmptyMessage      "empty_message"
    |   +-- BadImage          "bad_image"
    |   +-- ImageUnsupported  "image_unsupported"    a picture for a model that reads text only
    |   +-- MessageTooLong    "message_too_long"     does not fit the context window
    +-- Busy                  "busy"                 this conversation is already being answered
    +-- NotFound              "not_found"            no such session, message or image
    +-- ModelError
    |   +-- ModelNotReady     "model_not_ready"
    |   +-- ModelLoadFailed   "model_load_failed"
    |   +-- FileCorrupt       "file_corrupt"         sha256 differs twice
    |   +-- FetchFailed       "fetch_failed"
    +-- EngineError
    |   +-- EngineCrashed     "engine_crashed"       the WASM instance died; a new one replaces it
    |   +-- GenerationFailed  "generation_failed"
    |   +-- Aborted           "aborted"              stopped on request, not a fault
    +-- StorageError
        +-- StorageFull       "storage_full"
        +-- StorageLost       "storage_lost"         another tab holds the database now
        +-- StorageBroken     "storage_broken"

A code never changes its meaning: the page, the workers and stored messages know it.
"""
# ruff: noqa: N818 - the names say what happened; "Error" after each would only be noise

from __future__ import annotations

from .shapes import ErrorInfo


class ClocheError(Exception):
    """Base of the tree. `code` is stable, `message` says what and why, `action` what to do next."""

    code = "error"
    action = ""
    retryable = False

    def __init__(self, message: str, *, action: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if action is not None:
            self.action = action
        if retryable is not None:
            self.retryable = retryable

    def info(self) -> ErrorInfo:
        """The error as the page gets it."""
        return ErrorInfo(code=self.code, message=self.message, action=self.action, retryable=self.retryable)


class BadInput(ClocheError):
    """The request itself cannot be served."""

    code = "bad_input"
    action = "Change the input and try again."


class EmptyMessage(BadInput):
    """Nothing to answer."""

    code = "empty_message"
    action = "Type a message or attach a picture."


class BadImage(BadInput):
    """A picture that cannot be decoded."""

    code = "bad_image"
    action = "Choose a PNG, JPEG, WebP, GIF, BMP or AVIF file."


class ImageUnsupported(BadInput):
    """The chosen model reads text only."""

    code = "image_unsupported"
    action = "Choose a model that sees pictures, or remove the picture."


class MessageTooLong(BadInput):
    """The newest message alone does not fit the model's context window."""

    code = "message_too_long"
    action = "Shorten the message, or choose a model with a longer context."


class Busy(ClocheError):
    """One answer at a time in one conversation."""

    code = "busy"
    action = "Wait for the answer or press Stop."
    retryable = True


class NotFound(ClocheError):
    """No such session, message or image."""

    code = "not_found"
    action = "It may have been deleted in the meantime; reload the page."


class ModelError(ClocheError):
    """Something about the model rather than about a request."""

    code = "model_error"
    action = "Retry; if it fails again, reload the page."
    retryable = True


class ModelNotReady(ModelError):
    """Asked before a model was loaded."""

    code = "model_not_ready"
    action = "Wait until the model is loaded, or press Retry."


class ModelLoadFailed(ModelError):
    """The engine refused the files."""

    code = "model_load_failed"


class FileCorrupt(ModelError):
    """The file's sha256 differs, and so did a fresh copy's."""

    code = "file_corrupt"
    action = "The copy on the server is damaged; reload later or tell its owner."


class FetchFailed(ModelError):
    """A model file could not be fetched."""

    code = "fetch_failed"
    action = "Check the connection and press Retry; what is already here is kept."


class EngineError(ClocheError):
    """The engine failed while answering."""

    code = "engine_error"
    action = "Send the message again."
    retryable = True


class EngineCrashed(EngineError):
    """The WASM instance died; a fresh one replaces it."""

    code = "engine_crashed"
    action = "The engine was restarted by itself. Press Regenerate to try again."


class GenerationFailed(EngineError):
    """The engine refused or broke off this request but lives on."""

    code = "generation_failed"


class Aborted(EngineError):
    """Stopped on request."""

    code = "aborted"
    action = ""


class StorageError(ClocheError):
    """Something about keeping data."""

    code = "storage_error"
    action = "Copy what you need, then reload the page."


class StorageFull(StorageError):
    """The disk or the browser's quota is full."""

    code = "storage_full"
    action = "Delete conversations or free disk space, then try again. What you typed is still in the composer."


class StorageLost(StorageError):
    """Another tab took the database over."""

    code = "storage_lost"
    action = "Use the other tab, or press Use here to take it back."


class StorageBroken(StorageError):
    """The database cannot be read."""

    code = "storage_broken"


def _tree(cls: type[ClocheError]) -> dict[str, type[ClocheError]]:
    found = {cls.code: cls}
    for child in cls.__subclasses__():
        found.update(_tree(child))
    return found


def from_code(code: str, message: str) -> ClocheError:
    """The error that a worker reported by its code; an unknown code becomes an EngineError that keeps it."""
    cls = _tree(ClocheError).get(code)
    if cls is not None:
        return cls(message)
    error = EngineError(message)
    error.code = code
    return error
