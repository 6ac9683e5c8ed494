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
import secrets
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import quote

from tests.hub_faults import Fault, Where
from tests.hub_servers import Asked, Listener, sha256


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
        self._servers = {where: Listener(self, where) for where in ("hub", "cdn")}
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
