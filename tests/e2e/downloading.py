"""The built downloads worker in a bare page, and a hub to download from.

Owns starting both and calling the worker; expectations are test_downloads.py's. Files are tiny and so are their parts:
what a part is does not change with its size.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page
from tests.hub import Hub
from tests.hub_servers import sha256

from toolchain.paths import DIST
from toolchain.server import StaticServer

PAGE = Path(__file__).with_name("downloads_page")
PART = 64 * 1024
TUNING = {"part_bytes": PART, "connections": 3, "attempts": 3, "retry_ms": 5, "stall_ms": 400, "wait_online": False}
REPO = "someone/tiny"
FILE = "tiny.gguf"


def random_bytes(size: int, seed: int = 0) -> bytes:
    """Bytes that are the same at every run."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - not a secret


class Tab:
    """One tab with the bare page in it."""

    def __init__(self, page: Page, address: str, script: str) -> None:
        self.page = page
        self.script = script
        self.origin = address[: address.index("/", len("https://"))]
        page.goto(address)
        page.wait_for_function("globalThis.downloads !== undefined")
        self.do("controlled")

    def do(self, what: str, *given: Any) -> Any:
        """Call a function of page.js."""
        return self.page.evaluate(f"(given) => downloads.{what}(...given)", list(given))

    def begin(self, method: str, params: dict[str, Any]) -> int:
        """Start a worker and a call; the call's number."""
        return int(self.do("begin", self.script, method, params))

    def call_in_a_broken_worker(self, breaking: str, given: Any, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer of a worker in which this script has run first."""
        with self.page.expect_worker() as started:
            number = self.do("open", self.script)
        started.value.evaluate(breaking, given)
        return dict(self.do("send", number, method, params))

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer of a worker of its own."""
        return dict(self.do("call", self.script, method, params))

    def fetched(self, params: dict[str, Any]) -> dict[str, Any]:
        """The result of `files.fetch`, which must not fail."""
        answer = self.call("files.fetch", params)
        assert "result" in answer, answer
        return dict(answer["result"])

    def failed(self, params: dict[str, Any]) -> dict[str, Any]:
        """The error of `files.fetch`, which must fail."""
        answer = self.call("files.fetch", params)
        assert "error" in answer, answer
        return dict(answer["error"])


class Downloading:
    """A hub with one repository, and tabs to fetch it with. A new model id each time keeps downloads apart."""

    def __init__(self, site: StaticServer, overlay: Path, context: BrowserContext, hub: Hub) -> None:
        shutil.copytree(PAGE, overlay / "downloads-test")
        (script,) = DIST.glob("assets/downloads.worker-*.js")
        self.hub = hub
        self._script = f"{site.url}assets/{script.name}"
        self._address = f"{site.url}downloads-test/index.html"
        self._context = context
        self._count = 0
        self.tab = self.open_tab()

    def open_tab(self, context: BrowserContext | None = None) -> Tab:
        """Another tab of the same profile, or of this one."""
        return Tab((context or self._context).new_page(), self._address, self._script)

    def put_up(self, data: bytes, name: str = FILE) -> str:
        """Put a file up in a repository of its own; a new model id."""
        self._count += 1
        model_id = f"model-{self._count}"
        self.hub.add(f"someone/{model_id}", {name: data})
        return model_id

    def request(self, model_id: str, data: bytes | None, name: str = FILE, **more: Any) -> dict[str, Any]:
        """What `files.fetch` is asked; without `data` neither size nor hash are known."""
        known = {"size": len(data), "sha256": sha256(data)} if data is not None else {"size": 0, "sha256": ""}
        url = self.hub.address(f"someone/{model_id}", name)
        file = {"role": "weights", "name": name, "url": url, **known}
        tuning = {**TUNING, **more.pop("tuning", {})}
        return {
            "model_id": model_id,
            "base_url": self._address,
            "files": [file],
            "keep": True,
            "tuning": tuning,
            **more,
        }

    def interrupted(self, params: dict[str, Any], after: int, tab: Tab, interrupt: Callable[[int], None]) -> None:
        """Begin, and interrupt when exactly so many bytes have come and been told."""
        before = sum(each["size"] for each in self.listed(params["model_id"]))
        self.hub.dam(after)
        patient = {**params, "tuning": {**params["tuning"], "stall_ms": 20_000}}  # the dam is no stall to be mended
        number = tab.begin("files.fetch", patient)
        assert self.hub.dammed.wait(20)
        tab.do("loaded", number, before + after)
        interrupt(number)

    def listed(self, model_id: str) -> list[dict[str, Any]]:
        """What the worker says is there of a model."""
        models = self.tab.call("files.list", {})["result"]["models"]
        return [file for model in models if model["model_id"] == model_id for file in model["files"]]
