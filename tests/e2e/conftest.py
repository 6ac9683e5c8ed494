"""What every journey stands on: the browser, a server of the built app, fresh profiles, and an eye on what they do.

Owns starting and ending them. Profiles are watched: a request to another origin, a Content-Security-Policy report or an
uncaught error fails the module that caused it. Does not own what people do in the app (cloche_page.py).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from tests.e2e.cloche_page import Cloche

from toolchain import chromium as installed
from toolchain.paths import DIST
from toolchain.server import StaticServer

#: Files that take a minute or more begin first: one of them at the end would leave one of two processes without work.
LONG = {"test_webllm.py", "test_memory.py", "test_live_hour.py", "test_from_memory.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)


POLICY_REPORT = re.compile(r"Content Security Policy|TrustedHTML|TrustedScript|Refused to ")
QUIET_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--enable-blink-features=ForceEagerMeasureMemory",  # memory is measured when it is asked for
]


class Site(StaticServer):
    """A server of dist/ whose overlay folder's files come first."""

    def __init__(self, overlay: Path, *, isolation: bool = True) -> None:
        super().__init__(DIST, overlay=overlay, isolation_headers=isolation)
        self.overlay = overlay

    def asked_for(self, name: str) -> int:
        """How often a file was asked for."""
        return sum(request.path.endswith(name) for request in self.requests)


class Watch:
    """Notes what a profile must never do."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.complaints: list[str] = []
        context.on("request", lambda request: self._look_at(request.url, origin))
        context.on("console", lambda message: self._listen(message.text))
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))

    def _look_at(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "blob:" + origin, "data:")):
            self.complaints.append(f"request to another origin: {url}")

    def _listen(self, text: str) -> None:
        if POLICY_REPORT.search(text):
            self.complaints.append(f"policy: {text}")


OpenSite = Callable[..., Site]
OpenProfile = Callable[[Site], Cloche]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium() -> str:
    return str(installed.chromium())


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    with playwright.chromium.launch(executable_path=chromium, args=QUIET_FLAGS) as launched:
        yield launched


@pytest.fixture(scope="session")
def shared_cloche(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloche]:
    """The app, started once for all journeys that need no profile of their own."""
    with Site(tmp_path_factory.mktemp("overlay")) as site, browser.new_context() as context:
        watch = Watch(context, site.url)
        yield Cloche(context.new_page(), site.url).open()
        assert not watch.complaints


@pytest.fixture
def cloche(shared_cloche: Cloche) -> Cloche:
    """The shared app with an empty conversation in front."""
    shared_cloche.go_home()
    return shared_cloche


@pytest.fixture(scope="module")
def open_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSite]:
    """Starts servers: `open_site(isolation=False)` is a host that cannot send headers."""
    with ExitStack() as open_until_the_end:

        def start(*, isolation: bool = True) -> Site:
            site = Site(tmp_path_factory.mktemp("overlay"), isolation=isolation)
            open_until_the_end.enter_context(site)
            return site

        yield start


@pytest.fixture(scope="module")
def watches() -> Iterator[list[Watch]]:
    noted: list[Watch] = []
    yield noted
    complaints = list(itertools.chain.from_iterable(watch.complaints for watch in noted))
    assert not complaints


@pytest.fixture(scope="module")
def open_profile(browser: Browser, watches: list[Watch]) -> Iterator[OpenProfile]:
    """Opens fresh profiles with one tab each; nothing is loaded in it yet."""
    with ExitStack() as open_until_the_end:

        def start(site: Site) -> Cloche:
            context = open_until_the_end.enter_context(browser.new_context())
            watches.append(Watch(context, site.url))
            return Cloche(context.new_page(), site.url)

        yield start


@pytest.fixture(scope="module")
def site(open_site: OpenSite) -> Site:
    return open_site()


LaunchProfile = Callable[..., Cloche]


@pytest.fixture
def launch_profile(
    playwright: Playwright, chromium: str, tmp_path: Path, watches: list[Watch]
) -> Iterator[LaunchProfile]:
    """Launches a browser of its own on a profile on disk, the same at every call: a restart when called again."""
    contexts: list[BrowserContext] = []

    def start(site: Site, *flags: str, **options: Any) -> Cloche:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium, args=[*QUIET_FLAGS, *flags], **options
        )
        contexts.append(context)
        watches.append(Watch(context, site.url))
        return Cloche(context.pages[0], site.url)

    yield start
    for context in contexts:
        context.close()
