"""A downloads worker whose internet is a dictionary. Exists only for tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cloche.errors import ServerUnreachable
from cloche.host.memory import ScriptedLink

COMMIT = "1234567890abcdef1234567890abcdef12345678"
SHA = "ab" * 32


class ScriptedHub:
    """Answers `url.read`; `asked` are the addresses in order. A `shy` one does not tell a file's whole size."""

    def __init__(self, pages: dict[str, Any] | None = None) -> None:
        self.pages = dict(pages or {})
        self.asked: list[str] = []
        self.shy = False

    def link(self) -> ScriptedLink:
        """The worker."""
        return ScriptedLink({"url.read": self._read})

    async def _read(self, params: dict[str, Any], push: Callable[[list[Any]], None]) -> Any:
        url = params["url"]
        self.asked.append(url)
        page = self.pages.get(url, 404)
        if page is None:
            raise ServerUnreachable("The hub could not be reached.")
        status = page if isinstance(page, int) else 200
        data = page if isinstance(page, bytes) else b"" if isinstance(page, int) else json.dumps(page).encode()
        piece = data[params["offset"] : params["offset"] + params["length"]]
        part = len(piece) < len(data)
        shy = part and self.shy
        headers = {"content-range": f"bytes 0-{len(piece) - 1}/{len(data)}"} if part and not shy else {}
        total = len(piece) if shy else len(data)
        return {"status": 206 if part else status, "url": url, "headers": headers, "total": total, "bytes": piece}


def lfs(path: str, size: int = 1000) -> dict[str, Any]:
    """A large file as the hub lists it."""
    return {"rfilename": path, "size": size, "lfs": {"sha256": SHA, "size": size, "pointerSize": 130}}


def repository(*files: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A repository as the hub describes it."""
    siblings = [{"rfilename": ".gitattributes", "size": 10}]
    siblings += [lfs(file) if isinstance(file, str) else file for file in files]
    return {
        "id": "someone/toy-GGUF",
        "sha": COMMIT,
        "siblings": siblings,
        "cardData": {"license": "mit"},
        "pipeline_tag": "text-generation",
        "tags": ["gguf"],
        "gguf": {
            "architecture": "llama",
            "context_length": 8192,
            "total": 1_000_000_000,
            "chat_template": "{{ tools }}",
        },
        **more,
    }
