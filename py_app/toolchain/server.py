"""The web server of `build.py run`, `serve` and the browser tests: static files over HTTP/1.1.

Tests use it as a context manager: an overlay folder's files shadow the app's, `requests` is the log, `stop` cuts every
connection, `start` listens on the same port again. What an answer holds is decided in http_files.py. A gateway, where
there is one (py_app/relay), sees every request first.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from toolchain import http_files
from toolchain.http_files import Headers, UnsatisfiableRangeError
from toolchain.paths import WINDOWS

DEFAULT_PORT = 8765
CHUNK_BYTES = 1 << 18
STOP_SECONDS = 0.05  # how often the listening thread looks whether it shall stop


@dataclass(frozen=True)
class Request:
    """One answered request, as the log keeps it."""

    method: str
    path: str
    status: int
    range: str | None = None


class Gateway(Protocol):
    """Answers requests that are not about files."""

    def answers(self, handler: BaseHTTPRequestHandler) -> bool:
        """Answer the request, as long as that takes, or say that it is not for the gateway."""


class StaticServer:
    """Serves a folder until it is stopped; port 0 lets the system choose."""

    def __init__(
        self,
        root: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str = "/",
        overlay: Path | None = None,
        isolation_headers: bool = True,
        on_request: Callable[[Request], None] | None = None,
        gateway: Gateway | None = None,
    ) -> None:
        self.roots = [overlay, root] if overlay else [root]
        self.host = host
        self.port = port
        self.base = base
        self.isolation_headers = isolation_headers
        self.gateway = gateway
        self.headers = Headers.read()
        self.requests: list[Request] = []
        self._on_request = on_request
        self._listening: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        name = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::1", "") else self.host  # noqa: S104 - compared only
        return f"http://{name}:{self.port}{self.base}"

    def start(self) -> StaticServer:
        """Listens and answers in threads of its own; OSError when the port is taken."""
        self._listening = _Listener(self)
        self.port = self._listening.server_address[1]
        self._thread = threading.Thread(
            target=self._listening.serve_forever, args=(STOP_SECONDS,), name="static-server", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Closes the port and every open connection, so that a browser finds nobody there."""
        if self._listening and self._thread:
            self._listening.shutdown()
            self._listening.server_close()
            self._listening.close_connections()
            self._thread.join()
            self._listening = self._thread = None

    def wait(self) -> None:
        """Serves until the process is interrupted."""
        if self._thread:
            self._thread.join()

    def answered(self, request: Request) -> None:
        """Notes a request in the log."""
        self.requests.append(request)
        if self._on_request:
            self._on_request(request)

    def __enter__(self) -> StaticServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    """The listening socket; knows its open connections."""

    daemon_threads = True
    allow_reuse_address = not WINDOWS  # there it would let two servers share a port
    block_on_close = False
    request_queue_size = 128

    def __init__(self, site: StaticServer) -> None:
        self.site = site
        self.address_family = socket.AF_INET6 if ":" in site.host else socket.AF_INET
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((site.host, site.port), _Handler)

    def server_bind(self) -> None:
        """Binds without the reverse name look-up of HTTPServer, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.site.host, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection before its thread starts."""
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets a connection that has ended."""
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Ends every connection that a browser keeps open."""
        with self._guard:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away in the middle of an answer is nobody's error."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: answers GET and HEAD, refuses the rest; what is for the gateway goes there."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits 40 ms for the head to be acknowledged
    server_version = "cloche"
    sys_version = ""
    server: _Listener

    def do_GET(self) -> None:
        """Answers with the file's bytes."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answers with the headers only."""
        self._answer()

    def _refuse_method(self) -> None:
        if self._through_the_gateway():
            return
        self.close_connection = True
        self._send_text(HTTPStatus.METHOD_NOT_ALLOWED, "This server only hands out files.", {"Allow": "GET, HEAD"})

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse_method  # noqa: N815

    def _through_the_gateway(self) -> bool:
        gateway = self.server.site.gateway
        return gateway is not None and gateway.answers(self)

    def _answer(self) -> None:
        if self._through_the_gateway():
            return
        site = self.server.site
        inner = http_files.relative_path(self.path, site.base)
        path = http_files.find_file(inner, site.roots) if inner else None
        if inner is None or path is None:
            self._send_text(HTTPStatus.NOT_FOUND, f"There is no {self.path} here. Cloche is at {site.base}")
            return
        with path.open("rb") as file:
            self._send_file(inner, file)

    def _send_file(self, inner: str, file: BinaryIO) -> None:
        site = self.server.site
        stat = Path(file.name).stat()
        headers = http_files.file_headers(inner, stat, site.headers, isolation=site.isolation_headers)
        if http_files.unchanged(headers["ETag"], self.headers.get("If-None-Match")):
            self._send_head(HTTPStatus.NOT_MODIFIED, headers)
            return
        if_range = self.headers.get("If-Range")
        asked = self.headers.get("Range") if if_range in (None, headers["ETag"], headers["Last-Modified"]) else None
        try:
            part = http_files.byte_range(asked, stat.st_size)
        except UnsatisfiableRangeError:
            self._send_text(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                f"The file has {stat.st_size} bytes.",
                {"Content-Range": f"bytes */{stat.st_size}"},
            )
            return
        if part is None:
            self._send_head(HTTPStatus.OK, {**headers, "Content-Length": str(stat.st_size)})
            self._send_bytes(file, range(stat.st_size))
        else:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stat.st_size}"
            self._send_head(HTTPStatus.PARTIAL_CONTENT, {**headers, "Content-Length": str(len(part))})
            self._send_bytes(file, part)

    def _send_bytes(self, file: BinaryIO, part: range) -> None:
        if self.command == "HEAD":
            return
        file.seek(part.start)
        left = len(part)
        while left > 0 and (piece := file.read(min(CHUNK_BYTES, left))):
            self.wfile.write(piece)
            left -= len(piece)

    def _send_text(self, status: HTTPStatus, text: str, headers: dict[str, str] | None = None) -> None:
        site = self.server.site
        body = (text + "\n").encode()
        isolation = site.headers.isolation if site.isolation_headers else {}
        described = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        self._send_head(status, {**described, "Cache-Control": "no-store", **isolation, **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.server.site.answered(Request(self.command, self.path, status, self.headers.get("Range")))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The server's own log is `answered`."""
