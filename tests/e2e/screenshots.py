"""Takes the pictures of the real app that the manifest and the README show.

Owns what is on them. Run by hand on a fresh build after the look has changed:
`PYTHONPATH=.:py_app .venv/bin/python tests/e2e/screenshots.py`. The pictures are kept in the repository.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche, picture_file
from tests.e2e.conftest import QUIET_FLAGS, Site

from toolchain.chromium import chromium
from toolchain.paths import PUBLIC
from toolchain.server import StaticServer

SCENE = [
    scenes.Shape("star", "red", 0.27, 0.3, 0.17),
    scenes.Shape("circle", "blue", 0.72, 0.28, 0.17),
    scenes.Shape("heart", "green", 0.5, 0.73, 0.17),
]
VIEWS: dict[str, ViewportSize] = {
    "wide.png": {"width": 1280, "height": 800},
    "narrow.png": {"width": 390, "height": 844},
}


def talk(cloche: Cloche) -> None:
    """A short conversation about a drawn scene, after two others."""
    for question in ("What can you do?", "Who are you?"):
        cloche.new_chat()
        cloche.ask(question)
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.draw("light", SCENE, 512)), "three shapes.png"))
    cloche.ask("How many shapes are there?")


def take(browser: Browser, site: StaticServer) -> None:
    """Write one picture for each of VIEWS."""
    folder = PUBLIC / "screenshots"
    folder.mkdir(exist_ok=True)
    with browser.new_context() as context:
        cloche = Cloche(context.new_page(), site.url).open()
        talk(cloche)
        for name, size in VIEWS.items():
            cloche.page.set_viewport_size(size)
            cloche.message.hover()
            cloche.answers.last.scroll_into_view_if_needed()
            cloche.page.screenshot(path=folder / name, animations="disabled")


if __name__ == "__main__":
    with (
        Site(Path(tempfile.mkdtemp())) as served,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium(), args=QUIET_FLAGS) as launched,
    ):
        take(launched, served)
