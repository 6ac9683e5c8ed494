"""A new version of the app: announced, applied when the person agrees, and not before."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import OpenProfile, OpenSite, Site

from toolchain.paths import DIST

EDITION = '<meta name="edition" content="2" />'


@pytest.fixture(scope="module")
def site(open_site: OpenSite) -> Site:
    return open_site()


def publish_second_edition(site: Site) -> None:
    """Another index.html, and the service worker that a build would make for it."""
    index = (DIST / "index.html").read_text(encoding="utf-8").replace("</head>", EDITION + "</head>")
    worker, changes = re.subn(
        r"""(\burl["']?:["'`]index\.html["'`],["']?revision["']?:["'`]|revision["']?:["'`])[0-9a-f]{32}(?=["'`](?:,["']?url["']?:["'`]index\.html)?)""",
        lambda match: match[0][:-1] + ("0" if match[0][-1] != "0" else "1"),
        (DIST / "sw.js").read_text(encoding="utf-8"),
    )
    assert changes
    (site.overlay / "index.html").write_text(index, encoding="utf-8")
    (site.overlay / "sw.js").write_text(worker, encoding="utf-8")


def edition(cloche: Cloche) -> int:
    return cloche.page.locator("meta[name=edition]").count()


def test_a_new_version_waits_for_the_persons_word(site: Site, open_profile: OpenProfile) -> None:
    cloche = open_profile(site).open()
    cloche.ask("Hello")
    cloche.wait_offline_ready()
    expect(cloche.button("Update now")).to_have_count(0)

    publish_second_edition(site)
    cloche.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the person comes back to the tab
    expect(cloche.button("Update now")).to_be_visible(timeout=60_000)
    cloche.reload()
    expect(cloche.button("Update now")).to_be_visible(timeout=60_000)
    assert edition(cloche) == 0

    cloche.button("Update now").click()
    expect(cloche.page.locator("meta[name=edition]")).to_have_count(1, timeout=60_000)
    cloche.wait_ready()
    expect(cloche.button("Update now")).to_have_count(0)
    expect(cloche.questions).to_contain_text(["Hello"])
