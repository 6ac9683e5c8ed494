"""An hour of the Live view in a minute: what the page and the engine hold does not grow.

An hour brings 360 new scenes where one comes every ten seconds; here they come as fast as the model answers.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from playwright.sync_api import expect
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import OpenProfile, Site
from tests.e2e.python_view import PythonView

FRAMES = 360
#: a bound on everything, for a machine that does other work, too (ms)
PATIENCE_MS = 400_000
SIDE = 128
#: what the page keeps to show; once it has so many it holds no more
CAPTIONS = 200
#: the browser collects its garbage when it likes
PAGE_MAY_GROW = 1_500_000
# As `set_input_files`, which makes the browser hold the field, and with it the whole view, for as long as it is driven.
GIVE = """(pictures) => {
  const given = new DataTransfer();
  const type = 'image/png';
  for (const [name, text] of pictures) given.items.add(new File([Uint8Array.fromBase64(text)], name, { type }));
  const field = document.querySelector('input[aria-label="Pictures"]');
  field.files = given.files;
  field.dispatchEvent(new Event('change', { bubbles: true }));
}"""
PAGE = "async () => (await performance.measureUserAgentSpecificMemory()).bytes"
# The browser does not count WebAssembly's memory. The engine's grows by 64 KiB at a time and never shrinks.
ENGINE = """
from cloche.vision.picture import Pixels
print((await vision.describe(Pixels(bytes(3 * 64 * 64), 64, 64), "What is it?", max_tokens=1)).memory_bytes)
""".strip()


class Held(NamedTuple):
    """Bytes."""

    page: int
    engine: int


def frame(number: int) -> tuple[str, str]:
    """A scene of its own for each number, as no frame of a camera is like another: the engine would know it again."""
    kind, colour = [("circle", "red"), ("star", "blue"), ("heart", "green")][number % 3]
    x, y = 0.3 + 0.4 * (number % 19) / 19, 0.3 + 0.4 * (number % 23) / 23
    picture = scenes.draw("light", [scenes.Shape(kind, colour, x, y, 0.25)], SIDE)
    return f"{number:03}.png", base64.b64encode(scenes.encoded(picture)).decode()


def look_at(cloche: Cloche, numbers: range) -> None:
    """Have the frames of these numbers described, every one of them."""
    page = cloche.page
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Live").click()
    page.get_by_text("Pace, threshold, detail").click()
    page.get_by_label("Caption length").fill("4")
    page.get_by_label("Caption length").press("Tab")
    page.get_by_role("combobox", name="Source").select_option("Pictures")
    page.evaluate(GIVE, [frame(number) for number in numbers])
    cloche.button("Start").click()
    state = page.get_by_role("status", name="Source state")
    expect(state).to_have_text(f"All {len(numbers)} pictures were looked at.", timeout=PATIENCE_MS)
    counters = page.get_by_role("region", name="Counters")
    expect(counters.locator("div", has_text="Described").locator("dd").last).to_have_text(str(len(numbers)))


def held(cloche: Cloche) -> Held:
    """What is held now."""
    engine = PythonView(cloche).open().run(ENGINE).get_by_label("Printed").inner_text()
    cloche.page.context.new_cdp_session(cloche.page).send("HeapProfiler.collectGarbage")
    return Held(cloche.page.evaluate(PAGE), int(engine))


def test_an_hour_of_frames_takes_no_more_memory_than_a_full_page(open_profile: OpenProfile, site: Site) -> None:
    cloche = open_profile(site).open()
    look_at(cloche, range(CAPTIONS))
    full = held(cloche)
    look_at(cloche, range(CAPTIONS, FRAMES))
    hour = held(cloche)
    assert hour.engine == full.engine
    assert hour.page < full.page + PAGE_MAY_GROW
