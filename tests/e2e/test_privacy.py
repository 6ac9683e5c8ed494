"""Nothing leaves the machine: the browser's own network log of a whole journey names this origin only."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e import scenes
from tests.e2e.cloche_page import picture_file
from tests.e2e.conftest import LaunchProfile, Site

NETWORK_SCHEMES = {"http", "https", "ws", "wss"}


def requested(log: Path, origin: str) -> set[str]:
    """Origins asked by a site's documents, workers and service worker, from a Chromium network log.

    The browser's own business (updates, accounts, autofill) is in its log, too, but no site began it.
    """
    written = json.loads(log.read_text(encoding="utf-8"))
    kinds = {number: name for name, number in written["constants"]["logEventTypes"].items()}
    started = [
        event.get("params", {}) for event in written["events"] if kinds[event["type"]] == "URL_REQUEST_START_JOB"
    ]
    urls = [urlsplit(request["url"]) for request in started if request.get("initiator") == origin]
    return {f"{url.scheme}://{url.netloc}" for url in urls if url.scheme in NETWORK_SCHEMES}


def test_a_whole_journey_makes_no_request_to_another_origin(
    site: Site, launch_profile: LaunchProfile, tmp_path: Path
) -> None:
    log = tmp_path / "network.json"
    cloche = launch_profile(site, f"--log-net-log={log}").open()
    cloche.ask("Hello")
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle())))
    cloche.ask("What color is the circle?")
    cloche.ask("See ![a picture](https://example.org/picture.png) and [a page](https://example.org)")
    cloche.wait_offline_ready()
    for view in ("Models", "Settings"):
        cloche.page.get_by_role("link", name=view, exact=True).click()
    cloche.reload()
    cloche.page.context.close()
    origin = site.url.removesuffix("/")
    assert requested(log, origin) == {origin}
