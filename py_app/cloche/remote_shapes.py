"""What the worker "remote" carries between this tab and other origins: requests, sockets, and secrets that it seals.

Owns these shapes; engine_contract.py says which method takes which. Which origins are open is not decided here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .shapes import Model


class HttpRequest(Model):
    """One request to another origin. Only the worker "remote" may make one, and only to origins a person has opened.

    Streams `HttpPiece`: the first has the head, the others the body: text, decoded as UTF-8, or bytes if `binary`. A
    redirection is an error unless it stays within the origin and `redirects` lets it. Errors: `remote_off` (nothing
    enforces the list of origins here), `origin_closed`, `server_unreachable` (also when a stream breaks off).
    """

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = Field(default={})
    body: str | None = None
    binary: bool = False
    redirects: Literal["refused", "same_origin"] = "refused"


class HttpHead(Model):
    """Status and headers of a response; the names of headers are in lower case."""

    status: int
    headers: dict[str, str]


class HttpPiece(Model):
    """What came of a response since the last piece."""

    head: HttpHead | None = None
    text: str = ""
    data: bytes | None = None


class OpenSocket(Model):
    """A WebSocket to another origin, as the worker "remote" may open it, or to this one.

    A worker holds one. Streams `SocketPiece`, the first when the socket is open; the result comes when it has closed.
    Errors as for `http.stream`.
    """

    url: str


class SocketPiece(Model):
    """None: the socket is open. Else a message, decoded as UTF-8."""

    text: str | None = None


class SocketEnd(Model):
    """How a socket closed: RFC 6455's code and the reason that came with it."""

    code: int
    reason: str = ""


class SendText(Model):
    """A message; it is not sent while more than `most_waiting` bytes wait to leave."""

    text: str
    most_waiting: int | None = None


class SentText(Model):
    """Whether a message was sent, and the bytes that wait to leave now."""

    sent: bool
    waiting_bytes: int


class CloseSocket(Model):
    """End a socket: 1000 or 3000 to 4999."""

    code: int = 1000
    reason: str = ""


class SealSecret(Model):
    """Encrypt a short text with a passphrase (PBKDF2-SHA-256, AES-256-GCM); the result is base64."""

    passphrase: str
    text: str


class OpenSecret(Model):
    """Decrypt what `secret.seal` gave. The error `wrong_passphrase` also covers damage."""

    passphrase: str
    sealed: str
