"""The Live view on Chromium's fake camera, which plays scenes drawn here: described, watched, remembered, and ended."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from playwright.sync_api import Locator, expect
from tests.e2e import faults, scenes
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import LaunchProfile, Site
from tests.e2e.test_camera import LIVE_TRACKS, NOTE_STREAMS

from cloche.vision.shapes import LiveSettings

#: frames that each scene of the film lasts, of 30 a second
FRAMES = 90
FILM = [
    scenes.draw("light", [scenes.Shape("circle", "red", 0.5, 0.5, 0.25)]),
    scenes.draw("light", [scenes.Shape("star", "blue", 0.5, 0.5, 0.25)]),
]

# The texts of the notifications, as soon as the service worker shows any.
NOTIFIED = """async () => {
  const worker = await navigator.serviceWorker.getRegistration();
  let shown = [];
  while (shown.length === 0) {
    await new Promise(requestAnimationFrame);
    shown = await worker.getNotifications();
  }
  return shown.map(({ body }) => body);
}"""


def captions(cloche: Cloche) -> Locator:
    return cloche.page.get_by_role("list", name="Captions").get_by_role("listitem")


def counter(cloche: Cloche, name: str) -> int:
    counters = cloche.page.get_by_role("region", name="Counters")
    return int(counters.locator("div", has_text=name).locator("dd").last.inner_text())


def texts(cloche: Cloche) -> list[str]:
    """Oldest first."""
    return [row.locator("p").first.inner_text().strip() for row in captions(cloche).all()][::-1]


def wait_for(cloche: Cloche, count: int) -> None:
    expect(captions(cloche).nth(count - 1)).to_be_visible(timeout=ANSWER_MS)


def test_scenes_of_a_camera_are_described_watched_and_remembered(
    site: Site, launch_profile: LaunchProfile, tmp_path: Path
) -> None:
    cloche = launch_profile(
        site,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={scenes.film_of(tmp_path / 'film.mjpeg', FILM, FRAMES)}",
        permissions=["camera", "notifications", "clipboard-read", "clipboard-write"],
    )
    cloche.page.add_init_script(NOTE_STREAMS)
    cloche.open("#/live")
    cloche.wait_offline_ready()

    # Each scene once, rightly.
    cloche.button("Start").click()
    wait_for(cloche, 4)
    seen = texts(cloche)[:4]
    for before, after in itertools.pairwise(seen):
        assert before != after
    for text in seen:
        assert "red circle" in text or "blue star" in text
    assert counter(cloche, "Skipped") > counter(cloche, "Described")
    counters = cloche.page.get_by_role("region", name="Counters")
    for figure in ("median", "95 %"):
        expect(counters.locator("div", has_text=figure).locator("dd").last).to_have_text(re.compile(r"^[\d.]+ m?s$"))
    memory = counters.locator("div", has_text="Memory").locator("dd").last
    expect(memory).to_have_text(re.compile(r"^[\d.]+ [MG]B$"), timeout=ANSWER_MS)
    assert cloche.page.evaluate(LIVE_TRACKS) == 1

    # A watched question fires when its answer changes, and only then.
    cloche.page.get_by_label("Watch", exact=True).check()
    question = cloche.page.get_by_label("Watched question")
    question.fill("Is there a red circle?")
    question.press("Tab")
    fired = cloche.page.get_by_role("list", name="Captions").locator("li.fired")
    expect(fired.nth(1)).to_be_visible(timeout=ANSWER_MS)
    cloche.button("Stop").click()
    assert cloche.page.evaluate(LIVE_TRACKS) == 0
    (notified,) = cloche.page.evaluate(NOTIFIED)
    assert re.fullmatch(r"Is there a red circle\? (no → yes|yes → no)", notified)
    since_the_first = texts(cloche)[-fired.count() :]
    answers = [re.match(r"yes|no", text, re.I)[0].lower() for text in since_the_first]  # type: ignore[index]
    assert all(before != after for before, after in itertools.pairwise(answers))
    newest = [row.get_attribute("class") for row in captions(cloche).all()[: fired.count()]]
    assert newest == ["fired"] * fired.count()

    # Nothing is lost on reload; what was seen is found again and becomes a conversation.
    known = captions(cloche).count()
    cloche.reload()
    expect(captions(cloche)).to_have_count(known)
    cloche.page.get_by_label("Search captions").fill("blue star")
    expect(captions(cloche).filter(has_not_text="blue star")).to_have_count(0)
    found = captions(cloche).count()
    assert 0 < found < known
    cloche.button("Copy").click()
    expect(cloche.page.get_by_text(re.compile(f"^{found} captions? copied"))).to_be_visible()
    lines = cloche.page.evaluate("navigator.clipboard.readText()").split("\n")
    assert len(lines) == found
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d  .*blue star.*", line) for line in lines)
    cloche.button("Save as conversation").click()
    cloche.button("Open").click()
    expect(cloche.answers).to_have_count(found)
    expect(cloche.questions.first.get_by_role("img")).to_have_count(1)

    # A camera that goes away is told.
    cloche.page.goto(cloche.address + "#/live")
    cloche.page.get_by_label("Describe", exact=True).check()
    cloche.button("Start").click()
    expect(cloche.button("Stop")).to_be_visible()
    expect(cloche.page.locator("video")).to_be_visible()
    cloche.page.evaluate("streams.at(-1).getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(cloche.alerts).to_contain_text("unplugged")
    assert cloche.page.evaluate(LIVE_TRACKS) == 0


def test_a_refused_camera_and_pictures_instead(cloche: Cloche) -> None:
    cloche.page.context.clear_permissions()
    cloche.page.goto(cloche.address + "#/live")
    cloche.page.get_by_label("Describe", exact=True).check()
    cloche.button("Start").click()
    expect(cloche.alerts).to_contain_text("camera")
    expect(cloche.button("Start")).to_be_enabled()
    cloche.page.get_by_role("combobox", name="Source").select_option("Pictures")
    files = [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": scenes.encoded(picture)}
        for number, picture in enumerate(FILM)
    ]
    cloche.page.get_by_label("Pictures", exact=True).set_input_files(files)  # type: ignore[arg-type]
    cloche.button("Start").click()
    expect(cloche.page.get_by_role("status", name="Source state")).to_have_text(
        "All 2 pictures were looked at.", timeout=ANSWER_MS
    )
    circle, star = texts(cloche)[-2:]
    assert "red circle" in circle
    assert "blue star" in star

    # The engine dies under the first picture: it is said, that one is looked at again, and so is the next one.
    known = captions(cloche).count()
    faults.trap_engine(cloche.page)
    cloche.button("Start").click()
    notices = cloche.page.get_by_role("region", name="Notices")
    expect(notices.get_by_text("the picture is looked at again")).to_be_visible(timeout=ANSWER_MS)
    wait_for(cloche, known + 2)
    circle, star = texts(cloche)[-2:]
    assert "red circle" in circle
    assert "blue star" in star
    expect(captions(cloche).filter(has_text="engine restarted")).to_have_count(1)

    # The last two frames in one question: the first frame has none before it.
    cloche.page.get_by_text("Pace, threshold, detail").click()
    measured = cloche.page.get_by_text(re.compile("newest frame differs by")).inner_text()
    star_after_circle = float(re.search(r"differs by ([\d.]+) %", measured)[1])  # type: ignore[index]
    assert star_after_circle > LiveSettings().threshold
    series = cloche.page.get_by_label("Frames in a series")
    series.fill("2")
    series.press("Tab")
    expect(series).to_have_js_property("defaultValue", "2")
    cloche.button("Start").click()
    figures = captions(cloche).locator(".figure")
    expect(figures.first).to_contain_text("2 pictures", timeout=ANSWER_MS)
    expect(figures.nth(1)).not_to_contain_text("pictures")
    series.fill("1")
    series.press("Tab")
    expect(series).to_have_js_property("defaultValue", "1")
