"""The two servers of the hub (hub.py): what they answer over HTTP, and how a fault strikes an answer.

Owns the protocol. What there is to answer with, and which fault a request meets, the hub says. Exists only for tests.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_faults import EXPOSED, Fault, Where

if TYPE_CHECKING:
    from tests.hub import Hub

PIECE = 16 * 1024
#: what git keeps itself; everything else is in large file storage
SMALL = (".md", ".json", ".txt", ".jinja", ".gitattributes")


@dataclass
class Asked:
    """One request, noted before its answer leaves. `sent` counts bytes that left the server, not those that arrived."""

    where: Where
    method: str
    path: str
    range: str | None
    status: int
    sent: int = 0


def sha256(data: bytes) -> str:
    """The hash by which large file storage names a file."""
    return hashlib.sha256(data).hexdigest()


def git_oid(data: bytes) -> str:
    """The hash by which git names a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 - git's own


def is_large(path: str) -> bool:
    """Whether a file is in large file storage."""
    return not path.endswith(SMALL)


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: Hub, where: Where) -> None:
        self.hub = hub
        self.where: Where = where
        super().__init__(("127.0.0.1", 0), _HubAnswers if where == "hub" else _CdnAnswers)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler, ABC):
    protocol_version = "HTTP/1.1"
    server: Listener
    wbufsize = 0

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

    @abstractmethod
    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        """What this server has under a path."""

    def reply(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Head and body, up to where the fault strikes."""
        fault = self.fault if status < 300 else None
        if fault is not None and fault.kind == "wrong":
            fault.reached.set()
            body = bytes(byte ^ 0xFF for byte in body)
        if fault is not None and fault.kind == "truncate" and fault.after < len(body):
            fault.reached.set()
            body = body[: fault.after]
        path = unquote(urlsplit(self.path).path)
        self.asked = Asked(self.server.where, self.command, path, self.headers["Range"], status)
        self.server.hub.note(self.asked)
        self.send_response(status)
        for name, value in {**self.cors(), **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.send(body, fault)

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
            self.asked.sent += length
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
        ranged = self.fault is None or self.fault.ranges
        if self.fault is not None and not ranged:
            if self.fault.kind == "no_ranges":
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
