"""The model hub: what a repository holds, and the addresses of its files.

Owns what people may type for a model, the hub's API as far as it is used (Hugging Face's, or a mirror's with the same
paths), and the addresses that cards keep as `hub:<repo>/resolve/<revision>/<path>`. Bytes come through the downloads
worker, so only from origins that a person has opened for downloads. Decides nothing about models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..errors import BadInput, HubFailed
from ..host.base import Host
from ..providers.remote import host_of, origin_of
from .file_shapes import ReadUrl
from .files import Files

PUBLIC_HUB = "https://huggingface.co"
HUB_NAMES = ("huggingface.co", "www.huggingface.co", "hf.co")
SCHEME = "hub:"
REPO = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")
REVISION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")
COMMIT = re.compile(r"^[0-9a-f]{40}$")
SHA256 = re.compile(r"^[0-9a-f]{64}$")
MAX_ANSWER_BYTES = 8 * 2**20


class Reference(NamedTuple):
    """What a person means: a repository (perhaps one file or one quantisation of it), or the address of a file."""

    repo: str = ""
    revision: str = "main"
    path: str = ""
    quantisation: str = ""
    url: str = ""


class HubFile(NamedTuple):
    """A file of a repository; size 0 and sha256 "" are not known."""

    path: str
    size: int
    sha256: str


class Repo(NamedTuple):
    """A repository at one commit. `facts` are what the hub read from its GGUF files, {} where it did not."""

    id: str
    revision: str
    files: list[HubFile]
    licence: str
    task: str
    tags: list[str]
    facts: dict[str, Any]


class Piece(NamedTuple):
    """The beginning of a file, and its whole size (0: not told)."""

    bytes: bytes
    total: int


class Hub:
    """Asks the hub at `base_url()`."""

    def __init__(self, host: Host, base_url: Callable[[], str]) -> None:
        self._files = Files(host)
        self._base_url = base_url

    @property
    def base_url(self) -> str:
        """The hub's address without a slash at its end."""
        return self._base_url().rstrip("/")

    def address(self, url: str) -> str:
        """The absolute address of a card's file; one that is no `hub:` address stays as it is."""
        if not url.startswith(SCHEME):
            return url
        return f"{self.base_url}/{quote(url.removeprefix(SCHEME), safe='/')}"

    def origin(self, url: str) -> str:
        """The origin that a card's file is fetched from, "" for this app's own."""
        address = self.address(url)
        return origin_of(address) if "://" in address else ""

    async def repo(self, repo: str, revision: str = "main") -> Repo:
        """What a repository holds. Raises HubFailed, RemoteError."""
        path = f"/api/models/{repo}/revision/{quote(revision, safe='')}?blobs=true"
        found = _json(repo, await self._read(self.base_url + path, MAX_ANSWER_BYTES, f"the repository {repo}"))
        if not isinstance(found, dict):
            raise HubFailed(f"{host_of(self.base_url)} gave no description of {repo}.")
        commit = str(found.get("sha") or revision)
        files = [file for sibling in found.get("siblings") or [] if (file := _file(sibling)) is not None]
        if any(file.path.endswith(".gguf") and not file.size for file in files):
            files = await self._tree(repo, commit)
        card = found.get("cardData")
        tags = [str(tag) for tag in found.get("tags") or []]
        licence = str((card if isinstance(card, dict) else {}).get("license") or "")
        licence = licence or next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
        facts = found.get("gguf")
        return Repo(
            repo,
            commit,
            files,
            licence,
            str(found.get("pipeline_tag") or ""),
            tags,
            facts if isinstance(facts, dict) else {},
        )

    async def head(self, url: str, length: int) -> Piece:
        """The first bytes of a file at an absolute address. Raises HubFailed, RemoteError."""
        return await self._read(url, length, f"the file at {url}")

    async def _tree(self, repo: str, revision: str) -> list[HubFile]:
        path = f"/api/models/{repo}/tree/{quote(revision, safe='')}?recursive=1"
        listed = _json(repo, await self._read(self.base_url + path, MAX_ANSWER_BYTES, f"the files of {repo}"))
        return [file for entry in listed if (file := _file(entry)) is not None] if isinstance(listed, list) else []

    async def _read(self, url: str, length: int, what: str) -> Piece:
        answer = await self._files.read(ReadUrl(url=url, length=length))
        status, host = answer.status, host_of(url)
        if status in (401, 403):
            raise HubFailed(
                f"{host} does not give out {what} without an account.",
                action="Accept its terms on the hub and use a copy that is open, or drop the file here from your disk.",
            )
        if status == 404:
            raise HubFailed(f"{host} does not have {what}.")
        if status not in (200, 206):
            raise HubFailed(f"{host} answered {status} when asked for {what}.", action="Try again later.")
        data = answer.bytes
        # A server need not let pages of other origins read Content-Range: then a piece does not tell the whole size.
        whole = status == 200 or "content-range" in answer.headers
        return Piece(data, answer.total if whole else len(data) if len(data) < length else 0)


def reference(text: str, hub_url: str) -> Reference:
    """What a person typed. Raises BadInput."""
    typed = text.strip().removeprefix(SCHEME)
    if "://" not in typed:
        host, _, rest = typed.partition("/")
        if host.lower() in HUB_NAMES:
            typed = rest
        repo, _, quantisation = typed.partition(":")
        if REPO.match(repo):
            return Reference(repo, quantisation=quantisation.upper())
        raise _unclear()
    try:
        parts = urlsplit(typed)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        valid = False
    if not valid:
        raise _unclear()
    if (parts.hostname or "") not in HUB_NAMES and origin_of(typed) != origin_of(hub_url):
        return Reference(url=typed)
    steps = [unquote(step) for step in parts.path.split("/") if step]
    repo = "/".join(steps[:2])
    if not REPO.match(repo):
        raise _unclear()
    if len(steps) > 3 and steps[2] in ("resolve", "blob", "tree") and REVISION.match(steps[3]):
        return Reference(repo, steps[3], "/".join(steps[4:]))
    return Reference(repo)


def hub_url(repo: str, revision: str, path: str) -> str:
    """How a card keeps the address of a repository's file."""
    return f"{SCHEME}{repo}/resolve/{revision}/{path}"


def _unclear() -> BadInput:
    return BadInput(
        "This names no model.", action="Give a repository like owner/name, its address, or the address of a GGUF file."
    )


def _json(repo: str, piece: Piece) -> Any:
    try:
        return json.loads(piece.bytes)
    except ValueError:
        raise HubFailed(f"The hub's answer about {repo} cannot be read.", action="Try again later.") from None


def _file(entry: Any) -> HubFile | None:
    """A file of either listing, None for folders and for nonsense."""
    if not isinstance(entry, dict) or entry.get("type", "file") != "file":
        return None
    path = entry.get("rfilename") or entry.get("path")
    if not isinstance(path, str) or not path or path.startswith("/") or ".." in path.split("/"):
        return None
    lfs = entry["lfs"] if isinstance(entry.get("lfs"), dict) else {}
    size = lfs.get("size") or entry.get("size") or 0
    sha256 = str(lfs.get("sha256") or lfs.get("oid") or "").removeprefix("sha256:")
    return HubFile(path, size if isinstance(size, int) and size > 0 else 0, sha256 if SHA256.match(sha256) else "")
