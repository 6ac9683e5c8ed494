"""A client of OpenAI's API: one HTTP request, answered by the tab.

Owns what can be said without the tab (no key, wrong key, no tab, too large, switched off), in OpenAI's form of errors,
and the carrying of the tab's answer: a head, pieces of text, an end. What /v1 offers is the tab's business.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from cloche.relay.hub import POLICY_VIOLATION, Hub, Source, TooManySourcesError

from .sockets import limit_sending

MAX_BODY_BYTES = 32 << 20
#: of a body that is read only to be dropped
PIECE_BYTES = 1 << 16
#: a client may take this long to send its request
READ_SECONDS = 30.0
PREFIX = "/v1/"
NO_TAB = "No tab of Cloche is open. Open {} in your browser and try again."


def error_body(message: str, kind: str, code: str | None = None) -> bytes:
    """An error as OpenAI words it."""
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


class OpenAIRequest(Source):
    """One request."""

    kind = "openai"

    def __init__(self, handler: BaseHTTPRequestHandler, hub: Hub, address: str) -> None:
        self._handler = handler
        self._hub = hub
        self._address = address
        self._job: dict[str, Any] | None = None
        self._pieces: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._chunked = False
        self.key_id = ""

    def serve(self) -> None:
        """Answer the request."""
        hub, handler = self._hub, self._handler
        refusal = self._refusal()
        body = self._body(wanted=refusal is None)
        if body is None:
            return
        if refusal is not None:
            self._refuse(*refusal)
            return
        self._job = {"method": handler.command, "path": handler.path.partition("?")[0], "body": body}
        try:
            hub.join(self)
        except TooManySourcesError:
            reason = "Too many requests are waiting for the model. Try again later."
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS, reason, "rate_limit_error", "rate_limit_exceeded")
            return
        try:
            self._carry()
        except OSError:
            handler.close_connection = True
        finally:
            hub.leave(self)

    def _refusal(self) -> tuple[HTTPStatus, str, str, str] | None:
        """Why this request is not for the tab, as `_refuse` takes it; takes note of whose key it has."""
        hub = self._hub
        scheme, _, secret = self._handler.headers.get("Authorization", "").partition(" ")
        if not hub.open:
            return HTTPStatus.SERVICE_UNAVAILABLE, NO_TAB.format(self._address), "server_error", "no_tab_open"
        if scheme.lower() != "bearer" or not secret.strip():
            reason = "You didn't provide an API key. Make one in Cloche under Share; send it as Bearer token."
            return HTTPStatus.UNAUTHORIZED, reason, "invalid_request_error", "missing_api_key"
        self.key_id = hub.key_of(secret.strip()) or ""
        if not self.key_id:
            reason = "Incorrect API key provided. Keys are made, and revoked, in Cloche under Share."
            return HTTPStatus.UNAUTHORIZED, reason, "invalid_request_error", "invalid_api_key"
        if not hub.terms.openai:
            reason = "The OpenAI-compatible endpoint is switched off. Switch it on in Cloche under Share."
            return HTTPStatus.FORBIDDEN, reason, "permission_error", "endpoint_off"
        return None

    def _body(self, *, wanted: bool) -> str | None:
        """The request's body; None when it was refused. One that is not wanted is read (else the client would not hear
        the answer) but never held."""
        handler = self._handler
        if handler.command in ("GET", "HEAD", "DELETE", "OPTIONS"):
            return ""
        try:
            length = int(handler.headers.get("Content-Length", ""))
        except ValueError:
            handler.close_connection = True
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.", "invalid_request_error")
            return None
        if not 0 <= length <= MAX_BODY_BYTES:
            handler.close_connection = True
            reason = f"The request is larger than {MAX_BODY_BYTES >> 20} MiB."
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason, "invalid_request_error", "request_too_large")
            return None
        handler.connection.settimeout(READ_SECONDS)
        try:
            while not wanted and length and (piece := handler.rfile.read(min(length, PIECE_BYTES))):
                length -= len(piece)
            body = handler.rfile.read(length)
        except OSError:
            handler.close_connection = True
            return None
        finally:
            handler.connection.settimeout(None)
        return body.decode("utf-8", "replace")

    def _refuse(self, status: HTTPStatus, message: str, kind: str, code: str | None = None) -> None:
        body = error_body(message, kind, code)
        with suppress(OSError):
            self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(body))})
            self._handler.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in {**headers, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    # ------------------------------------------------------------ the answer

    def _carry(self) -> None:
        """Pass the tab's answer on, until its end or until the client goes or stops reading."""
        limit_sending(self._handler.connection)
        threading.Thread(target=self._watch, name="relay-watch", daemon=True).start()
        begun = False
        while True:
            piece = self._pieces.get()
            match piece["type"]:
                case "head":
                    begun = True
                    self._begin(int(piece["status"]), str(piece["content_type"]))
                case "body":
                    self._write(str(piece["text"]))
                case "end" if begun and not piece.get("error"):
                    self._finish()
                    return
                case "end":
                    # The tab failed: an answer that has begun must not look whole.
                    reason = str(piece.get("error") or "The tab gave no answer.")
                    self._give_up(begun, HTTPStatus.INTERNAL_SERVER_ERROR, reason, "no_answer")
                    return
                case "gone":
                    self._give_up(begun, piece["status"], piece["reason"], piece["code"])
                    return

    def _give_up(self, begun: bool, status: HTTPStatus, reason: str, code: str) -> None:
        """End an answer that will not come, or not wholly."""
        self._handler.close_connection = True
        if not begun:
            self._refuse(status, reason, "server_error", code)

    def _begin(self, status: int, content_type: str) -> None:
        self._chunked = self._handler.request_version >= "HTTP/1.1"
        how = {"Transfer-Encoding": "chunked"} if self._chunked else {"Connection": "close"}
        if not self._chunked:
            self._handler.close_connection = True
        self._head(status, {"Content-Type": content_type, **how})

    def _write(self, text: str) -> None:
        data = text.encode()
        if data:
            self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    def _finish(self) -> None:
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")

    def _watch(self) -> None:
        """A client that hangs up is served no longer."""
        with suppress(OSError):
            if self._handler.connection.recv(1, socket.MSG_PEEK):
                return
        self._gone(HTTPStatus.REQUEST_TIMEOUT, "The client has gone.", "client_gone")

    def _gone(self, status: HTTPStatus, reason: str, code: str) -> None:
        self._pieces.put({"type": "gone", "status": status, "reason": reason, "code": code})

    # ------------------------------------------------------------ as a source, under the hub's lock

    def next_job(self) -> dict[str, Any] | None:
        job, self._job = self._job, None
        return job

    def take(self, message: dict[str, Any]) -> None:
        self._pieces.put(message)

    def dismiss(self, code: int, reason: str) -> None:
        revoked = code == POLICY_VIOLATION
        status = HTTPStatus.UNAUTHORIZED if revoked else HTTPStatus.SERVICE_UNAVAILABLE
        self._gone(status, reason, "invalid_api_key" if revoked else "no_tab_open")

    def figures(self) -> dict[str, Any]:
        return {"name": "{}:{}".format(*self._handler.client_address[:2]), "frames": 0, "replies": 0}
