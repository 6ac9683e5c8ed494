"""The error tree. Every error that can reach a person carries what happened, why, and what to do next.

    ClocheError
    +-- BadInput              "bad_input"            the request itself cannot be served
    |   +-- EmptyMessage      "empty_message"
    |   +-- BadImage          "bad_image"
    |   +-- BadAttachment     "bad_attachment"       an attached file that is no text
    |   +-- BadPackage        "bad_package"          a Python package that is not pure Python, or is damaged
    |   +-- ImageUnsupported  "image_unsupported"    a picture for a model that reads text only
    |   +-- BadFile           "bad_file"             transfer/document.py: not an export of ours
    |   +-- BadModelFile      "bad_model_file"       models/gguf_header.py: no model, cut off, or malicious
    |   +-- BadSchema         "bad_schema"           structured/schema.py: a form that answers cannot be held to
    |   +-- MessageTooLong    "message_too_long"     does not fit the context window
    +-- Busy                  "busy"                 this conversation is already being answered
    +-- NotFound              "not_found"            no such session, message or image
    +-- ModelError
    |   +-- ModelNotReady     "model_not_ready"
    |   +-- ModelLoadFailed   "model_load_failed"
    |   |   +-- OutOfMemory   "out_of_memory"        it needs more memory than the browser or the graphics card gives
    |   +-- FileCorrupt       "file_corrupt"         sha256 differs twice
    |   +-- FetchFailed       "fetch_failed"
    |   +-- HubFailed         "hub_failed"           the hub does not know the repository, or answers nonsense
    +-- EngineError
    |   +-- EngineCrashed     "engine_crashed"       the WASM instance died; a new one replaces it
    |   +-- GenerationFailed  "generation_failed"
    |   |   +-- AnswerInvalid "answer_invalid"       structured/answering.py: not of the form asked for
    |   +-- Aborted           "aborted"              stopped on request, not a fault
    +-- RemoteError                                  a provider on another machine; may carry `retry_after`, `status`
    |   +-- RemoteOff         "remote_off"           no service worker keeps the list of open addresses
    |   +-- OriginClosed      "origin_closed"        the person has not opened this address
    |   +-- ProviderMissing   "provider_missing"     the provider was removed
    |   +-- KeyLocked         "key_locked"           the key is sealed with a passphrase
    |   +-- KeyRefused        "key_refused"          401, 403
    |   +-- WrongPassphrase   "wrong_passphrase"
    |   +-- RateLimited       "rate_limited"         429
    |   +-- RequestRefused    "request_refused"      any other 4xx
    |   |   +-- ToolsRefused  "tools_refused"        the server takes no tools for this model
    |   +-- ModelUnknown      "model_unknown"        404
    |   +-- ContentFiltered   "content_filtered"
    |   +-- ServerFailed      "server_failed"        5xx
    |   +-- ServerUnreachable "server_unreachable"   no connection, or CORS forbids it
    |   +-- ServerSilent      "server_silent"        timed out
    |   +-- AnswerDropped     "answer_dropped"       the stream ended before the answer did
    |   +-- AnswerUnreadable  "answer_unreadable"    malformed JSON, wrong content type
    +-- StorageError
        +-- StorageFull       "storage_full"
        +-- StorageMissing    "no_storage"           the browser gives this page no files to keep
        +-- FolderClosed      "folder_closed"        the person's own folder is gone, or may not be read now
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


class BadAttachment(BadInput):
    """An attached file that is no text."""

    code = "bad_attachment"
    action = "Attach text: .txt, .md, .csv, .json, or code."


class BadPackage(BadInput):
    """A Python package that cannot be added."""

    code = "bad_package"
    action = "Choose a wheel of pure Python, or another package."


class ImageUnsupported(BadInput):
    """The chosen model reads text only."""

    code = "image_unsupported"
    action = "Choose a model that sees pictures, or remove the picture."


class BadModelFile(BadInput):
    """A file that cannot be a model, or must not be read as one."""

    code = "bad_model_file"
    action = "Choose another GGUF file."


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


class OutOfMemory(ModelLoadFailed):
    """The model does not fit into the memory that there is."""

    code = "out_of_memory"
    action = "Choose a smaller model."


class FileCorrupt(ModelError):
    """The file's sha256 differs, and so did a fresh copy's."""

    code = "file_corrupt"
    action = "The copy on the server is damaged; reload later or tell its owner."


class FetchFailed(ModelError):
    """A model file could not be fetched."""

    code = "fetch_failed"
    action = "Check the connection and press Retry; what is already here is kept."


class HubFailed(ModelError):
    """The hub has no such repository, or its answer cannot be used."""

    code = "hub_failed"
    action = "Check the name, or give the address of a GGUF file instead."


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


class RemoteError(ClocheError):
    """A provider on another machine did not answer. `status` is HTTP's, `retry_after` what the server asks for (s)."""

    code = "remote_error"
    action = "Try again, or choose another model."

    def __init__(
        self,
        message: str,
        *,
        action: str | None = None,
        retryable: bool | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, action=action, retryable=retryable)
        self.status = status
        self.retry_after = retry_after


class RemoteOff(RemoteError):
    """Nothing enforces the list of open addresses here, so that none is opened."""

    code = "remote_off"
    action = "Reload the page. Remote providers need a browser and an address where service workers are allowed."


class OriginClosed(RemoteError):
    """The person has not opened this address, or has closed it again."""

    code = "origin_closed"
    action = "Open Providers and allow this page to reach it, or choose another model."


class ProviderMissing(RemoteError):
    """The provider was removed."""

    code = "provider_missing"
    action = "Choose another model for this conversation."


class KeyLocked(RemoteError):
    """The key is sealed, and the passphrase has not been given since the app started."""

    code = "key_locked"
    action = "Open Providers and unlock the keys with your passphrase."


class KeyRefused(RemoteError):
    """The server does not accept the key."""

    code = "key_refused"
    action = "Open Providers and enter a valid key."


class WrongPassphrase(RemoteError):
    """A sealed key does not open with this passphrase."""

    code = "wrong_passphrase"
    action = "Type the passphrase again, or forget the key and enter it anew."


class RateLimited(RemoteError):
    """Too many requests, or no quota left."""

    code = "rate_limited"
    action = "Wait a little and press Regenerate, or choose another model."
    retryable = True


class RequestRefused(RemoteError):
    """The server calls the request invalid."""

    code = "request_refused"
    action = "Check the parameters of the conversation, or choose another model."


class ToolsRefused(RequestRefused):
    """The server takes no tools for this model; they can still be written into the prompt."""

    code = "tools_refused"
    action = "Switch the tools of this conversation off, or choose another model."


class ModelUnknown(RemoteError):
    """The server has no such model or no such address."""

    code = "model_unknown"
    action = "Open Providers, fetch the list of models again, and choose one of it."


class ContentFiltered(RemoteError):
    """The provider's filter stopped the request or the answer."""

    code = "content_filtered"
    action = "Word the message differently, or choose another model."


class ServerFailed(RemoteError):
    """The server reports a fault of its own."""

    code = "server_failed"
    action = "Press Regenerate in a moment, or choose another model."
    retryable = True


class ServerUnreachable(RemoteError):
    """No connection came about."""

    code = "server_unreachable"
    action = "Check that the server runs, that its address is right, and that it allows this page's address (CORS)."
    retryable = True


class ServerSilent(RemoteError):
    """The server took too long."""

    code = "server_silent"
    action = "Press Regenerate, or choose another model."
    retryable = True


class AnswerDropped(RemoteError):
    """The stream ended before the answer did."""

    code = "answer_dropped"
    action = "What came so far is kept. Press Regenerate for a whole answer."
    retryable = True


class AnswerUnreadable(RemoteError):
    """What came is not what the protocol promises."""

    code = "answer_unreadable"
    action = "Check the address and the kind of the provider, or choose another model."


class StorageError(ClocheError):
    """Something about keeping data."""

    code = "storage_error"
    action = "Copy what you need, then reload the page."


class StorageFull(StorageError):
    """The disk or the browser's quota is full."""

    code = "storage_full"
    action = "Delete conversations or free disk space, then try again. What you typed is still in the composer."


class StorageMissing(StorageError):
    """The browser gives this page no files to keep."""

    code = "no_storage"
    action = "Open Cloche in an ordinary window, not a private one."


class FolderClosed(StorageError):
    """The folder on the person's disk cannot be read or written."""

    code = "folder_closed"
    action = "Open Models and allow the folder again, or choose another model."


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


def from_code(code: str, message: str, action: str = "") -> ClocheError:
    """The error that a worker reported by its code; an unknown code becomes an EngineError that keeps it.

    `action` is what the worker, which knows more, says is to be done; "" leaves it to the code.
    """
    cls = _tree(ClocheError).get(code)
    if cls is not None:
        return cls(message, action=action or None)
    error = EngineError(message, action=action or None)
    error.code = code
    return error
