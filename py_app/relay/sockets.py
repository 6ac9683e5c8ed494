"""WebSockets on a connection that the web server has accepted: the upgrade, and sending without waiting.

Owns the handshake (with the library's own protocol object, fed with the request that the web server has read) and the
one-way mailbox of a connection. Connections have threads of their own, so one that stalls holds up nobody else; sending
gives up after SEND_SECONDS.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections import deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.sync.connection import Connection

SEND_SECONDS = 10
CLOSE_SECONDS = 3.0
#: messages that wait in a connection before the sender is made to wait
WAITING_MESSAGES = 2


def wants_upgrade(handler: BaseHTTPRequestHandler) -> bool:
    """Whether a request asks for a WebSocket."""
    return handler.headers.get("Upgrade", "").lower() == "websocket"


def upgrade(handler: BaseHTTPRequestHandler, *, max_bytes: int) -> Connection | None:
    """The WebSocket of a request, or None when the handshake was refused. Compression is never agreed to."""
    handler.close_connection = True
    protocol = ServerProtocol(max_size=max_bytes)
    head = [f"GET {handler.path} HTTP/1.1", *(f"{name}: {value}" for name, value in handler.headers.items()), "", ""]
    protocol.receive_data("\r\n".join(head).encode("latin-1", "replace"))
    request = next((event for event in protocol.events_received() if isinstance(event, Request)), None)
    if request is None:
        return None
    response = protocol.accept(request)
    protocol.send_response(response)
    with suppress(OSError):
        for data in protocol.data_to_send():
            handler.connection.sendall(data)
        if response.status_code == 101:
            limit_sending(handler.connection)
            return Connection(handler.connection, protocol, close_timeout=CLOSE_SECONDS, max_queue=WAITING_MESSAGES)
    return None


def limit_sending(connection: socket.socket) -> None:
    """A peer that does not read for SEND_SECONDS loses its connection."""
    limit = struct.pack("=L", SEND_SECONDS * 1000) if sys.platform == "win32" else struct.pack("ll", SEND_SECONDS, 0)
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class Mailbox:
    """Sends in a thread of its own. With `newest_only` a message that still waits gives way to the next."""

    def __init__(self, connection: Connection, *, newest_only: bool = False) -> None:
        self._connection = connection
        self._waiting: deque[str] = deque(maxlen=1 if newest_only else None)
        self._ending: tuple[int, str] | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="relay-mailbox", daemon=True)
        self._thread.start()

    def send(self, message: dict[str, Any]) -> None:
        """Bring a message on its way."""
        text = json.dumps(message, ensure_ascii=False)
        with self._changed:
            self._waiting.append(text)
            self._changed.notify()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection after what waits was sent. The first reason counts."""
        with self._changed:
            self._ending = self._ending or (code, reason)
            self._changed.notify()

    def finish(self) -> None:
        """End the connection, if it has not ended, and wait for that."""
        self.close()
        self._thread.join()

    def _run(self) -> None:
        with suppress(ConnectionClosed, OSError):
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._ending)
                    text = self._waiting.popleft() if self._waiting else None
                if text is None:
                    break
                self._connection.send(text)
        code, reason = self._ending or (1001, "")
        with suppress(OSError):
            self._connection.close(code, reason)
