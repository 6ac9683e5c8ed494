"""A model hub on this machine that answers as the real one does, and fails on request. Exists only for tests.

Two servers, so two origins: the hub (`url`) lists repositories and redirects; the CDN (`cdn_url`) delivers large
files under addresses that expire. Like the real hub it tells a large file's sha256 and size in the listings and in the
headers X-Linked-Etag and X-Linked-Size of the redirect, sends an ETag, takes byte ranges and lets other origins read.

    with Hub() as hub:
        hub.add("someone/tiny", {"tiny.gguf": data, "README.md": b"# Tiny"})
        hub.fail(drop(after=1000), refuse(429, retry_after=1))       # each goes wrong once, in this order
        hub.fail(no_ranges(times=FOR_EVER, path="tiny.gguf"))
        hub.change("someone/tiny", {"tiny.gguf": other})              # another revision of "main"
        hub.expire()                                                  # every address given out so far is too old
        hub.dam(5000)                                                 # after 5000 bytes more nothing flows, until mend
        hub.cut()                                                     # every connection breaks
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

FOR_EVER = 1 << 30
PIECE = 16 * 1024
EXPOSED = (
    "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, Accept-Ranges, "
    "Content-Range, X-Linked-Size, X-Linked-ETag, X-Xet-Hash"
)
#: what git keeps itself; everything else is in large file storage
SMALL = (".md", ".json", ".txt", ".jinja", ".gitattributes")

Where = Literal["hub", "cdn"]


@dataclass
class Fault:
    """One way to go wrong, for the next `times` requests of that server whose path holds `path`.

    `after` counts bytes of the answer's body. `reached` is set once a fault has struck; a stalled answer goes on when
    `go_on` is set.
    """

    kind: Literal["drop", "stall", "refuse", "truncate", "wrong", "no_ranges", "expired"]
    where: Where = "cdn"
    after: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    times: int = 1
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


def drop(after: int, **more: Any) -> Fault:
    """The connection breaks."""
    return Fault("drop", after=after, **more)


def stall(after: int, **more: Any) -> Fault:
    """Nothing more comes, but the connection stays."""
    return Fault("stall", after=after, **more)


def truncate(after: int, **more: Any) -> Fault:
    """The answer is shorter than asked for and looks whole."""
    return Fault("truncate", after=after, **more)


def refuse(status: int, retry_after: float | str | None = None, **more: Any) -> Fault:
    """An error: 429, 500, ... The page may read how long to wait, which not every server lets it."""
    told = {"Retry-After": str(retry_after), "Access-Control-Expose-Headers": f"{EXPOSED}, Retry-After"}
    headers = {} if retry_after is None else told
    return Fault("refuse", status=status, headers=headers, **more)


def wrong(**more: Any) -> Fault:
    """Other bytes of the same length."""
    return Fault("wrong", **more)


def no_ranges(**more: Any) -> Fault:
    """The whole file, whatever was asked for."""
    return Fault("no_ranges", **more)


def expired(**more: Any) -> Fault:
    """The address is said to be too old."""
    return Fault("expired", **more)


@dataclass(frozen=True)
class Asked:
    """One answered request. `sent` counts bytes that left the server, not those that arrived."""

    where: Where
    method: str
    path: str
    range: str | None
    status: int
    sent: int


@dataclass
class Repository:
    """A repository's revisions, by commit; `branches` say which is which."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    gated: bool = False

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        commit = self.branches.get(revision, revision)
        return (commit, self.commits[commit]) if commit in self.commits else None


class Hub:
    """Both servers; a context manager."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.asked: list[Asked] = []
        self._faults: list[Fault] = []
        self._addresses: dict[str, tuple[bytes, str]] = {}
        self._guard = threading.Lock()
        self._flow = threading.Condition()
        self._left: int | None = None
        self._connections: set[socket.socket] = set()
        #: set when the dam has let everything through that it will
        self.dammed = threading.Event()
        self._servers = {where: _Listener(self, where) for where in ("hub", "cdn")}
        self.url = self._servers["hub"].url
        self.cdn_url = self._servers["cdn"].url

    # ------------------------------------------------------------ what is there

    def add(
        self, repo: str, files: Mapping[str, bytes], *, tags: Iterable[str] = ("gguf",), gated: bool = False
    ) -> str:
        """Put a repository up; the commit of its branch "main"."""
        self.repositories[repo] = Repository(tags=list(tags), gated=gated)
        return self.change(repo, files)

    def change(self, repo: str, files: Mapping[str, bytes]) -> str:
        """Another revision of "main" with these files new or changed; its commit. The older one stays reachable."""
        repository = self.repositories[repo]
        before = repository.at("main")
        tree = {**(before[1] if before else {}), **files}
        commit = hashlib.sha1(repr(sorted((name, sha256(data)) for name, data in tree.items())).encode()).hexdigest()  # noqa: S324 - a name, no secret
        repository.commits[commit] = tree
        repository.branches["main"] = commit
        return commit

    def address(self, repo: str, path: str, revision: str = "main") -> str:
        """The address under which people download a file."""
        return f"{self.url}/{repo}/resolve/{revision}/{quote(path)}"

    # ------------------------------------------------------------ what goes wrong

    def fail(self, *faults: Fault) -> None:
        """Let the next requests go wrong."""
        with self._guard:
            self._faults.extend(faults)

    def mend(self) -> None:
        """Forget all faults and let go of what stalls."""
        with self._guard:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.go_on.set()
        with self._flow:
            self._left = None
            self._flow.notify_all()

    def dam(self, after: int) -> None:
        """Let so many bytes of the CDN through, over all connections, and then nothing until `mend`."""
        self.dammed.clear()
        with self._flow:
            self._left = after

    def cut(self) -> None:
        """Break every connection to the CDN."""
        with self._guard:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self._flow:
            self._left = None
            self._flow.notify_all()

    def expire(self) -> None:
        """Make every address that the hub has redirected to too old."""
        with self._guard:
            self._addresses.clear()

    def fault_for(self, where: Where, path: str) -> Fault | None:
        """The fault that this request meets; it is used up."""
        with self._guard:
            for fault in self._faults:
                if fault.where == where and fault.path in path:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None

    # ------------------------------------------------------------ what the servers need

    def connected(self, connection: socket.socket) -> None:
        """Remember a connection to the CDN."""
        with self._guard:
            self._connections.add(connection)

    def may_send(self, wanted: int, connection: socket.socket) -> int:
        """How many bytes may flow now; waits at a closed dam. Raises ConnectionError for a connection that was cut."""
        with self._flow:
            while self._left == 0 and connection in self._connections:
                self.dammed.set()
                self._flow.wait()
            if connection not in self._connections:
                raise ConnectionResetError
            if self._left is None:
                return wanted
            granted = min(wanted, self._left)
            self._left -= granted
            if self._left == 0:
                self.dammed.set()
            return granted

    def signed(self, data: bytes, etag: str, path: str) -> str:
        """An address at the CDN, good until `expire`."""
        token = secrets.token_hex(8)
        with self._guard:
            self._addresses[token] = (data, etag)
        return f"{self.cdn_url}/repos/{quote(path)}?Expires=3600&Signature={token}"

    def delivered(self, token: str) -> tuple[bytes, str] | None:
        """What lies at a signed address."""
        with self._guard:
            return self._addresses.get(token)

    def note(self, asked: Asked) -> None:
        """Write a request down."""
        with self._guard:
            self.asked.append(asked)

    def ranges(self, path: str) -> list[str | None]:
        """The ranges that the CDN was asked for, in order, of files whose path ends like this."""
        return [each.range for each in self.asked if each.where == "cdn" and each.path.endswith(path)]

    def __enter__(self) -> Hub:
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.mend()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


def sha256(data: bytes) -> str:
    """The hash by which large file storage names a file."""
    return hashlib.sha256(data).hexdigest()


def git_oid(data: bytes) -> str:
    """The hash by which git names a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 - git's own


def is_large(path: str) -> bool:
    """Whether a file is in large file storage."""
    return not path.endswith(SMALL)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: Hub, where: Where) -> None:
        self.hub = hub
        self.where: Where = where
        super().__init__(("127.0.0.1", 0), _HubAnswers if where == "hub" else _CdnAnswers)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    wbufsize = 0
    sent = 0

    def do_GET(self) -> None:
        """Answer, or meet a fault."""
        path = unquote(urlsplit(self.path).path)
        self.fault = self.server.hub.fault_for(self.server.where, path)
        with contextlib.suppress(OSError):
            if self.fault is not None and self.fault.kind == "refuse":
                self.fault.reached.set()
                self.reply(self.fault.status, b"", self.fault.headers)
            else:
                self.answer(path, parse_qs(urlsplit(self.path).query))

    def do_HEAD(self) -> None:
        """The same without a body."""
        self.do_GET()

    def do_POST(self) -> None:
        """The same for what is asked with a body."""
        self.do_GET()

    def do_OPTIONS(self) -> None:
        """Allow whatever a page asks to send."""
        self.reply(204, b"", {"Access-Control-Allow-Headers": "*", "Access-Control-Allow-Methods": "GET, HEAD, POST"})

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        raise NotImplementedError

    def reply(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Head and body, up to where the fault strikes."""
        fault, whole = self.fault if status < 300 else None, body
        if fault is not None and fault.kind == "wrong":
            fault.reached.set()
            body = bytes(byte ^ 0xFF for byte in body)
        if fault is not None and fault.kind == "truncate" and fault.after < len(body):
            fault.reached.set()
            body = body[: fault.after]
        self.send_response(status)
        for name, value in {**self.cors(), **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            if self.command != "HEAD":
                self.send(body, fault)
        finally:
            path, sent = unquote(urlsplit(self.path).path), min(self.sent, len(whole))
            self.sent = 0
            asked = Asked(self.server.where, self.command, path, self.headers["Range"], status, sent)
            self.server.hub.note(asked)

    def send(self, body: bytes, fault: Fault | None) -> None:
        """The body in pieces; breaks off or waits at the fault's byte."""
        strikes = fault is not None and fault.kind in ("drop", "stall") and fault.after < len(body)
        until = fault.after if fault is not None and strikes else len(body)
        self.pour(body[:until])
        if fault is None or not strikes:
            return
        fault.reached.set()
        if fault.kind == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        fault.go_on.wait()
        self.pour(body[until:])

    def pour(self, body: bytes) -> None:
        while body:
            length = min(PIECE, len(body))
            if self.server.where == "cdn":
                length = self.server.hub.may_send(length, self.connection)
            self.wfile.write(body[:length])
            self.sent += length
            body = body[length:]

    def cors(self) -> dict[str, str]:
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}

    def json(self, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        kind = {"Content-Type": "application/json; charset=utf-8"}
        self.reply(status, json.dumps(data).encode(), {**kind, **(headers or {})})

    def file(self, data: bytes, etag: str, headers: Mapping[str, str] | None = None) -> None:
        """A file or the range of it that was asked for."""
        common = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes", **(headers or {})}
        asked = self.headers["Range"]
        ranged = self.fault is None or self.fault.kind != "no_ranges"
        if not ranged and self.fault is not None:
            self.fault.reached.set()
            del common["Accept-Ranges"]
        if asked is None or not ranged:
            self.reply(200, data, common)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(data) - 1), len(data) - 1)
        if start > end:
            self.reply(416, b"", {**common, "Content-Range": f"bytes */{len(data)}"})
            return
        self.reply(206, data[start : end + 1], {**common, "Content-Range": f"bytes {start}-{end}/{len(data)}"})

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


class _HubAnswers(_Answers):
    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        steps = path.strip("/").split("/")
        if steps[:2] == ["api", "models"]:
            self.search(query) if len(steps) == 2 else self.describe("/".join(steps[2:4]), steps[4:], query)
        elif len(steps) > 4 and steps[2] in ("resolve", "raw"):
            self.resolve("/".join(steps[:2]), steps[3], "/".join(steps[4:]))
        else:
            self.problem(404, "EntryNotFound", "Page not found")

    def search(self, query: dict[str, list[str]]) -> None:
        """The search."""
        words = " ".join(query.get("search", [])).lower()
        found = [self.facts(name) for name in self.server.hub.repositories if words in name.lower()]
        self.json(found[: int(query.get("limit", ["100"])[0])])

    def describe(self, name: str, steps: list[str], query: dict[str, list[str]]) -> None:
        """A repository, its tree, or some paths of it."""
        kind = steps[0] if steps else "revision"
        found = self.found(name, steps[1] if len(steps) > 1 else "main")
        if found is None:
            return
        commit, tree = found
        entries = [entry(path, data) for path, data in sorted(tree.items())]
        if kind == "tree":
            folder = "/".join(steps[2:])
            self.json([each for each in entries if each["path"].startswith(folder)])
        elif kind == "paths-info":
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
            self.json([each for each in entries if each["path"] in asked.get("paths", [])])
        else:
            blobs = "blobs" in query
            self.json({**self.facts(name), "sha": commit, "siblings": [sibling(each, blobs) for each in entries]})

    def facts(self, name: str) -> dict[str, Any]:
        repository = self.server.hub.repositories[name]
        known = {"id": name, "modelId": name, "author": name.split("/")[0], "sha": repository.branches["main"]}
        more = {"private": False, "gated": "manual" if repository.gated else False, "downloads": 10, "likes": 1}
        return {**known, **more, "tags": repository.tags, "pipeline_tag": "text-generation"}

    def resolve(self, name: str, revision: str, path: str) -> None:
        """Small files at once, large ones by a redirect to the CDN."""
        found = self.found(name, revision)
        if found is None:
            return
        commit, tree = found
        if self.server.hub.repositories[name].gated and "Authorization" not in self.headers:
            self.problem(401, "GatedRepo", "Access to this model is restricted.")
        elif path not in tree:
            self.problem(404, "EntryNotFound", "Entry not found")
        elif not is_large(path):
            self.file(tree[path], git_oid(tree[path]), {"X-Repo-Commit": commit})
        else:
            data = tree[path]
            linked = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data)), "X-Repo-Commit": commit}
            location = self.server.hub.signed(data, hashlib.md5(data).hexdigest(), path)  # noqa: S324 - as S3 does
            self.reply(302, b"", {**linked, "Location": location, "Accept-Ranges": "bytes"})

    def found(self, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        repository = self.server.hub.repositories.get(name)
        found = repository.at(revision) if repository else None
        if repository is None:
            self.problem(401, "RepoNotFound", "Invalid username or password.")
        elif found is None:
            self.problem(404, "RevisionNotFound", "Invalid rev id")
        return found

    def problem(self, status: int, code: str, message: str) -> None:
        self.json({"error": message}, status, {"X-Error-Code": code, "X-Error-Message": message})


class _CdnAnswers(_Answers):
    def setup(self) -> None:
        super().setup()
        self.server.hub.connected(self.connection)

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        found = self.server.hub.delivered(query.get("Signature", [""])[0])
        if found is None or (self.fault is not None and self.fault.kind == "expired"):
            if self.fault is not None:
                self.fault.reached.set()
            self.reply(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
            return
        self.file(*found)


def entry(path: str, data: bytes) -> dict[str, Any]:
    """A file as the tree lists it."""
    listed: dict[str, Any] = {"type": "file", "oid": git_oid(data), "size": len(data), "path": path}
    if is_large(path):
        listed["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
    return listed


def sibling(listed: dict[str, Any], blobs: bool) -> dict[str, Any]:
    """A file as the repository's own page lists it; with `blobs` also its size and hash."""
    if not blobs:
        return {"rfilename": listed["path"]}
    known = {"rfilename": listed["path"], "size": listed["size"], "blobId": listed["oid"]}
    if "lfs" in listed:
        large = listed["lfs"]
        known["lfs"] = {"sha256": large["oid"], "size": large["size"], "pointerSize": large["pointerSize"]}
    return known
