"""Renders public/icons/*.png from public/icons/cloche.svg with a browser.

Owns the sizes and the safe area of the icons; the drawing itself is the SVG. Run by hand after changing the SVG
(`.venv/bin/python tests/e2e/icons.py CHROMIUM`); the rendered files are kept in the repository.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).resolve().parents[2] / "public" / "icons"
PAGE = "<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>"
# A maskable icon is cut to a circle of 80 % of its width: the plate fills the square, the mark shrinks into the circle.
MASKABLE = "<style>#plate{rx:0}#mark{transform:scale(.8);transform-origin:50% 50%}</style>"
FILES = {
    "icon-192.png": (192, ""),
    "icon-512.png": (512, ""),
    "icon-maskable-512.png": (512, MASKABLE),
    "apple-touch-icon.png": (180, "<style>#plate{rx:0}</style>"),
    "favicon-32.png": (32, "<style>#plate{rx:96px}</style>"),
}


def render(chromium: str) -> None:
    """Draw every file of FILES."""
    drawing = (ICONS / "cloche.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (size, style) in FILES.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(PAGE + style + drawing)
            page.screenshot(path=ICONS / name, omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    render(sys.argv[1])
