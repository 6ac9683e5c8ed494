"""Where everything is measured: a server of the built app with the benchmark's own pages beside it, and a browser.

Owns starting and ending them and what every measurement needs from a page. Measures nothing itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from tests.e2e import models
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import QUIET_FLAGS

from toolchain import chromium
from toolchain.paths import DIST, ROOT
from toolchain.server import StaticServer

PAGES = Path(__file__).with_name("pages")
WLLAMA = ROOT / "node_modules" / "@wllama" / "wllama" / "esm" / "index.js"

# Notes when <html data-app-state> takes each value, when text of an answer first appears, and long tasks.
OBSERVE = """() => {
  const seen = globalThis.benchSeen = { states: {}, firstToken: null, longTasks: [] };
  const look = () => {
    const state = document.documentElement?.dataset.appState;
    if (state) seen.states[state] ??= performance.now();
    const busy = document.querySelector('[role=log] article[aria-busy=true]');
    if (busy && busy.textContent.replace(/Assistant/, '').trim()) seen.firstToken ??= performance.now();
  };
  const everything = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(look).observe(document, everything);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.longTasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
}"""


class Stage:
    """A running server, and browsers as they are wanted."""

    def __init__(self, playwright: Playwright, server: StaticServer, overlay: Path) -> None:
        self.playwright = playwright
        self.server = server
        self.overlay = overlay

    @property
    def card(self) -> dict[str, Any]:
        """The card of the model that is served."""
        served = self.overlay / models.FOLDER / "card.json"
        card: dict[str, Any] = json.loads(served.read_text() if served.exists() else models.original("card.json"))
        return card

    def asset(self, pattern: str) -> str:
        """The address of a built file, whose name holds a hash."""
        (found,) = (DIST / "assets").glob(pattern)
        return f"{self.server.url}assets/{found.name}"

    @contextmanager
    def profile(self, *flags: str) -> Iterator[BrowserContext]:
        """A browser with a fresh profile on disk: no cache, no files, no service worker.

        Not a private window, in which every access to a file goes through another process.
        """
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            context = self.playwright.chromium.launch_persistent_context(
                folder, executable_path=str(chromium.chromium()), args=[*QUIET_FLAGS, *flags]
            )
            try:
                yield context
            finally:
                context.close()

    @contextmanager
    def private(self) -> Iterator[BrowserContext]:
        """A browser with a private window, whose processes can be asked for."""
        path = str(chromium.chromium())
        with self.playwright.chromium.launch(executable_path=path, args=QUIET_FLAGS) as browser:
            yield browser.new_context()

    def bench_page(self, context: BrowserContext) -> Page:
        """The page on which bench.js waits for orders."""
        page = context.new_page()
        page.goto(f"{self.server.url}bench/bench.html")
        page.wait_for_function("globalThis.bench !== undefined")
        return page

    def python(self, context: BrowserContext) -> Page:
        """A bench page with the app's Python worker, without the app's page."""
        page = self.bench_page(context)
        page.evaluate(
            "([url, base]) => bench.startCloche(url, base)", [self.asset("python.worker-*.js"), self.server.url]
        )
        return page

    def app(self, context: BrowserContext) -> Cloche:
        """A tab for the app, observed from its navigation on; nothing is loaded yet."""
        context.add_init_script(f"({OBSERVE})()")
        return Cloche(context.new_page(), self.server.url)


@contextmanager
def stage(*, endless: bool = False, engine: bool = True) -> Iterator[Stage]:
    """The built app, with a model that never ends an answer, or without an engine, where a measurement wants that."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        overlay = Path(folder)
        shutil.copytree(PAGES, overlay / "bench")
        (overlay / "bench" / "wllama").mkdir()
        shutil.copy(WLLAMA, overlay / "bench" / "wllama")
        if endless:
            models.install(overlay, {models.WEIGHTS: models.endless(models.original(models.WEIGHTS))})
        if not engine:
            (built,) = (DIST / "assets").glob("llamacpp.worker-*.js")
            (overlay / "assets").mkdir()
            shutil.copy(PAGES / "fast_engine.worker.js", overlay / "assets" / built.name)
        with StaticServer(DIST, overlay=overlay) as server:
            yield Stage(playwright, server, overlay)


def median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
