"""What a static file's answer looks like: which file a path names, its type, its headers, which bytes of it.

Pure functions over paths and strings; server.py speaks HTTP with them.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from toolchain.paths import BRIDGE

HEADERS_FILE = BRIDGE / "headers.json"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gguf": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".whl": "application/octet-stream",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}
SCRIPTS = (".js", ".mjs")
HASHED = re.compile(r"^assets/.+-[\w-]{8,}\.\w+$")


@dataclass(frozen=True)
class Headers:
    """js_bridge/headers.json: what goes with every answer, with documents and with scripts."""

    isolation: dict[str, str]
    document: dict[str, str]
    worker: dict[str, str]

    @classmethod
    def read(cls, path: Path = HEADERS_FILE) -> Headers:
        """Reads the one source of these headers."""
        parsed = json.loads(path.read_text("utf-8"))
        return cls(parsed["isolation"], parsed["document"], parsed["worker"])


def relative_path(target: str, base: str = "/") -> str | None:
    """The file that a request names, relative to the served folder; None when it can name none."""
    path = unquote(urlsplit(target).path)
    if not path.startswith(base):
        return None
    inner = path.removeprefix(base)
    if inner == "" or inner.endswith("/"):
        inner += "index.html"
    parts = inner.split("/")
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\\0:]", inner):
        return None
    return inner


def find_file(inner: str, roots: list[Path]) -> Path | None:
    """The first root's regular file of that name that really lies inside the root."""
    for root in roots:
        path = (root / inner).resolve()
        if path.is_relative_to(root.resolve()) and path.is_file():
            return path
    return None


def content_type(inner: str) -> str:
    """The MIME type by the name's ending."""
    return TYPES.get(Path(inner).suffix.lower(), "application/octet-stream")


def etag(stat: os.stat_result) -> str:
    """Changes whenever the file is written again."""
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'


def file_headers(inner: str, stat: os.stat_result, headers: Headers, *, isolation: bool) -> dict[str, str]:
    """Everything but Content-Length and Content-Range."""
    suffix = Path(inner).suffix.lower()
    result = {
        "Content-Type": content_type(inner),
        "X-Content-Type-Options": "nosniff",
        "ETag": etag(stat),
        "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, max-age=31536000, immutable" if HASHED.match(inner) else "no-cache",
    }
    if isolation:
        result |= headers.isolation
    if suffix == ".html":
        result |= headers.document
    elif suffix in SCRIPTS:
        result |= headers.worker
    return result


def unchanged(tag: str, if_none_match: str | None) -> bool:
    """Whether the browser already holds this version."""
    if if_none_match is None:
        return False
    known = [value.strip().removeprefix("W/") for value in if_none_match.split(",")]
    return tag in known or "*" in known


class UnsatisfiableRangeError(ValueError):
    """A byte range that lies outside the file."""


def byte_range(header: str | None, size: int) -> range | None:
    """The bytes that a Range header asks for; None for the whole file (no, several or malformed ranges)."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if not match or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if first == "":
        wanted = range(max(0, size - int(last)), size)
    elif last == "":
        wanted = range(int(first), size)
    elif int(last) < int(first):
        return None
    else:
        wanted = range(int(first), min(int(last) + 1, size))
    if not wanted:
        raise UnsatisfiableRangeError(header)
    return wanted
