"""Getting packages from an index: micropip chooses and fetches them, through the one way out of the app.

Owns micropip's surroundings: what it fetches goes through the worker "remote", to origins that a person has opened, and
what it would install is handed back instead. The first origin that is not open ends the search, so that the person can
be asked about it.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from ..errors import BadPackage, ClocheError, OriginClosed
from ..host.base import Host
from ..providers.remote import BRIEF, Remote, origin_of
from ..remote_shapes import HttpPiece, HttpRequest
from .shapes import MAX_WHEEL_BYTES

MAX_INDEX_BYTES = 64 * 1024 * 1024


class Index:
    """A package index at an address; "" is micropip's own."""

    def __init__(self, host: Host, url: str) -> None:
        self._host = host
        self.url = url.rstrip("/")
        self._remote = Remote(host)
        self._failure: ClocheError | None = None
        self._found: list[tuple[str, bytes]] = []
        #: the origin that must be opened first
        self.needs = ""

    async def find(self, requirement: str) -> list[tuple[str, bytes]]:
        """The wheels of a requirement and of all that it needs and that is not there, as (file name, bytes).

        No wheels where `needs` says which origin is closed. Raises BadPackage or RemoteError.
        """
        await self._host.load_package("micropip")
        from micropip.package_index import DEFAULT_INDEX_URLS
        from micropip.package_manager import PackageManager

        self.url = self.url or DEFAULT_INDEX_URLS[0]
        try:
            await PackageManager(self._surroundings()).install([requirement], index_urls=[self.url], deps=True)
        except Exception as error:
            if self.needs:
                return []
            if self._failure is not None:
                raise self._failure from error
            raise BadPackage(told(error)) from error
        finally:
            await self._remote.close()
        return self._found

    async def _fetch(self, url: str, headers: dict[str, str], most: int) -> tuple[dict[str, str], bytes]:
        body = bytearray()

        def take(piece: HttpPiece) -> None:
            body.extend(piece.data or b"")
            if len(body) > most:
                raise BadPackage(f"{url} is larger than {most // 1_048_576} MB.")

        try:
            head = await self._remote.stream(HttpRequest(url=url, headers=headers, binary=True), take, BRIEF)
        except OriginClosed:
            self.needs = self.needs or origin_of(url)
            raise
        except ClocheError as error:
            self._failure = error
            raise
        if head.status == 404:
            raise OSError(f"{url} is not there")
        if head.status != 200:
            self._failure = BadPackage(f"The index answered {head.status} to {url}.")
            raise self._failure
        return head.headers, bytes(body)

    def _surroundings(self) -> Any:
        """What micropip calls its compatibility layer: a class whose functions are looked up by name."""
        index = self

        class Loaded:
            @staticmethod
            def to_py() -> dict[str, str]:
                return {}

        class Surroundings:
            lockfile_info: ClassVar[dict[str, Any]] = {}
            lockfile_packages: ClassVar[dict[str, Any]] = {}
            lockfile_base_url = None
            loadedPackages = Loaded  # noqa: N815 - micropip's name

            @staticmethod
            async def fetch_bytes(url: str, kwargs: dict[str, Any]) -> bytes:
                return (await index._fetch(url, kwargs.get("headers", {}), MAX_WHEEL_BYTES))[1]

            @staticmethod
            async def fetch_string_and_headers(url: str, kwargs: dict[str, Any]) -> tuple[str, dict[str, str]]:
                headers, data = await index._fetch(url, kwargs.get("headers", {}), MAX_INDEX_BYTES)
                return data.decode(), {**headers, "content-type": kind_of(headers, data)}

            @staticmethod
            async def install(buffer: Any, filename: str, *_: Any) -> None:
                index._found.append((filename, bytes(buffer)))

            @staticmethod
            async def loadPackage(names: Any) -> None:  # noqa: N802 - micropip's name
                raise ValueError(f"{names} is not pure Python.")

            @staticmethod
            def to_js(value: Any, /, **_: Any) -> Any:
                return value

        return Surroundings


def kind_of(headers: dict[str, str], data: bytes) -> str:
    """The media type of an index's answer; a host of plain files knows no better than its first byte."""
    kind = headers.get("content-type", "")
    if "json" in kind and "vnd.pypi" not in kind and "meta" in json.loads(data):
        return "application/vnd.pypi.simple.v1+json"
    return kind


def told(error: Exception) -> str:
    """Why micropip found nothing, without its advice on how to call it."""
    return str(error).split("\n")[0] or type(error).__name__
