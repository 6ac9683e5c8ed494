"""What the web server hands over: which requests are the relay's, and which names it answers to.

Owns the table of the relay's paths and the check of `Host`: whoever reaches this port under another name than this
machine's own, as a page does that had its name rebound, gets nothing.
"""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from cloche.relay.hub import TRY_AGAIN_LATER, Hub
from cloche.relay.vila import MAX_MESSAGE_BYTES as MAX_VILA_BYTES

from .openai import NO_TAB, PREFIX, OpenAIRequest
from .sockets import upgrade, wants_upgrade
from .tab import MAX_MESSAGE_BYTES as MAX_TAB_BYTES
from .tab import OpenTab
from .vila import serve_vila

TAB_PATH = "/relay"
NAMES = ("localhost", "127.0.0.1", "[::1]")


class Relay:
    """One for each server. `answers` is called with every request, in the thread of its connection."""

    def __init__(self) -> None:
        self.hub = Hub()
        self._secret = secrets.token_urlsafe(32)

    def answers(self, handler: BaseHTTPRequestHandler) -> bool:
        """Answer a request, if it is the relay's to answer."""
        path, is_socket = urlsplit(handler.path).path, wants_upgrade(handler)
        if not (is_socket or path == TAB_PATH or path.startswith(PREFIX)):
            return False
        port = handler.connection.getsockname()[1]
        host = handler.headers.get("Host", "")
        if host not in {f"{name}:{port}" for name in NAMES}:
            self._say(handler, HTTPStatus.MISDIRECTED_REQUEST, "Use this machine's own name: localhost.")
        elif is_socket and path == TAB_PATH:
            self._tab(handler, f"http://{host}")
        elif is_socket:
            self._client(handler, f"http://{host}/")
        elif path == TAB_PATH:
            self._hand_out(handler)
        else:
            OpenAIRequest(handler, self.hub, f"http://{host}/").serve()
        return True

    def _hand_out(self, handler: BaseHTTPRequestHandler) -> None:
        """The secret, for our own page only."""
        if handler.command != "GET" or handler.headers.get("Sec-Fetch-Site") != "same-origin":
            self._say(handler, HTTPStatus.FORBIDDEN, "This is for the page that is served here.")
            return
        self._say(handler, HTTPStatus.OK, json.dumps({"secret": self._secret}), "application/json")

    def _tab(self, handler: BaseHTTPRequestHandler, origin: str) -> None:
        if handler.headers.get("Origin") != origin:
            self._say(handler, HTTPStatus.FORBIDDEN, "This is for the page that is served here.")
            return
        connection = upgrade(handler, max_bytes=MAX_TAB_BYTES)
        if connection is not None:
            OpenTab(connection, self.hub).serve(self._secret)

    def _client(self, handler: BaseHTTPRequestHandler, address: str) -> None:
        if urlsplit(handler.path).path != "/":
            self._say(handler, HTTPStatus.NOT_FOUND, "Clients of the VILA protocol connect to /?api_key=...")
            return
        secret = parse_qs(urlsplit(handler.path).query).get("api_key", [""])[0]
        key_id = self.hub.key_of(secret)
        if self.hub.open and key_id is None:
            reason = "This key is not known." if secret else "The address lacks ?api_key=... ."
            self._say(handler, HTTPStatus.UNAUTHORIZED, f"{reason} Keys are made in Cloche under Share.")
            return
        connection = upgrade(handler, max_bytes=MAX_VILA_BYTES)
        if connection is None:
            return
        if key_id is None:
            connection.close(TRY_AGAIN_LATER, NO_TAB.format(address))
        else:
            serve_vila(connection, self.hub, key_id)

    def _say(
        self, handler: BaseHTTPRequestHandler, status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        body = f"{text}\n".encode()
        handler.close_connection = True
        handler.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Connection": "close",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
