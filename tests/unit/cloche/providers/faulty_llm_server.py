"""A chat server that speaks OpenAI's and Anthropic's protocols for real, and fails on request. Exists only for tests.

Each POST is answered by the next entry of `script`, the last one again and again. The log of requests is `asked`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Data = dict[str, Any]
EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}


@dataclass
class Answer:
    """One response: status, headers, pieces of the body, and how it goes wrong."""

    pieces: Sequence[bytes | str] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(EVENTS))
    #: close the connection hard after the pieces instead of ending the body
    cut: bool = False
    #: set when all pieces are out; the response then goes on only once `go_on` is set
    held: threading.Event | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    #: what then follows
    pieces_after: Sequence[bytes | str] = field(default_factory=list)
    #: set when the client was seen to go away
    left: threading.Event = field(default_factory=threading.Event)


def event(data: Any) -> str:
    """One event of OpenAI's stream."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def chunk(delta: Data | None = None, finish: str | None = None, **more: Any) -> str:
    """One chunk of a chat completion."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return event({"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more})


def usage(prompt: int, completion: int) -> str:
    """The chunk with the token counts."""
    return event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}})


def says(*texts: str, finish: str = "stop") -> Answer:
    """A good answer."""
    pieces = [chunk({"content": text}) for text in texts]
    return Answer([chunk({"role": "assistant"}), *pieces, chunk(finish=finish), usage(7, len(texts)), event("[DONE]")])


def fails(status: int, message: str = "It went wrong.", **headers: str) -> Answer:
    """An error as OpenAI's servers send it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": message, "type": "error"}})
    return Answer([body], status, {"Content-Type": "application/json", **named})


class FaultyServer:
    """Listens on a port of its own; a context manager."""

    def __init__(self, *script: Answer, models: Iterable[str] = ("small", "large"), key: str = "") -> None:
        self.script = list(script) or [says("Hello ", "from afar.")]
        self.models: Answer | None = None
        self.listed = list(models)
        #: answers to GET at other addresses
        self.pages: dict[str, Answer] = {}
        self.key = key
        self.asked: list[tuple[str, dict[str, str], Data]] = []
        self._guard = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def origin(self) -> str:
        """The server's origin."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The base address of its API."""
        return f"{self.origin}/v1"

    def bodies(self) -> list[Data]:
        """The bodies of the chats asked for so far."""
        return [body for path, _, body in self.asked if not path.endswith("/models")]

    def next(self) -> Answer:
        """The answer to the next chat."""
        with self._guard:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def list_of_models(self) -> Answer:
        """The answer to a question for models."""
        if self.models is not None:
            return self.models
        data = [{"id": model, "object": "model", "max_model_len": 8192} for model in self.listed]
        return Answer([json.dumps({"object": "list", "data": data})], headers={"Content-Type": "application/json"})

    def __enter__(self) -> FaultyServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for answer in self.script:
            answer.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        site = self

        class Handler(_Handler):
            server_of_tests = site

        return Handler


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_of_tests: FaultyServer

    def do_OPTIONS(self) -> None:
        """CORS asks first."""
        self.send_response(204)
        self._allow()
        self.send_header("Access-Control-Allow-Methods", "GET, POST")
        self.send_header("Access-Control-Allow-Headers", "*, Authorization")
        self.send_header("Access-Control-Allow-Private-Network", "true")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """The list of models, or a page."""
        self._note({})
        page = self.server_of_tests.pages.get(self.path)
        self._answer(self._refusal() or page or self.server_of_tests.list_of_models())

    def do_POST(self) -> None:
        """A chat."""
        self._note(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(self._refusal() or self.server_of_tests.next())

    def _refusal(self) -> Answer | None:
        key = self.server_of_tests.key
        given = (self.headers["Authorization"], self.headers["x-api-key"])
        return fails(401, "Incorrect API key provided.") if key and key not in str(given) else None

    def _note(self, body: Data) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server_of_tests.asked.append((self.path, headers, body))

    def _allow(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Retry-After")

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self._allow()
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            self._write(answer.pieces)
            if answer.held is not None:
                self._hold(answer)
                self._write(answer.pieces_after)
            if answer.cut:
                self._cut()
                return
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, pieces: Sequence[bytes | str]) -> None:
        for piece in pieces:
            data = piece.encode() if isinstance(piece, str) else piece
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _hold(self, answer: Answer) -> None:
        """Wait to be told to go on; a client that goes away meanwhile is noted."""

        def watch() -> None:
            with contextlib.suppress(OSError):
                self.connection.recv(1)
            answer.left.set()
            answer.go_on.set()

        threading.Thread(target=watch, daemon=True).start()
        assert answer.held is not None
        answer.held.set()
        answer.go_on.wait(30)

    def _cut(self) -> None:
        """Break the connection off before the body's end."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The log is `asked`."""
