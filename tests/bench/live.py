"""The Live view against the same engine in the simplest loop, image encoding by size, and what a still scene costs.

The simplest loop asks about each frame of the film in its order, as a program does that has read the engine's example.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import QUIET_FLAGS

from toolchain import chromium

QUESTION = "Describe what you see."
MAX_TOKENS = 60  # as the Live view's default
SECONDS = 20
#: frames that a scene lasts, of 30 a second
FRAMES = 45
SIZES = (128, 256, 512, 1024)
STILL_SECONDS = 15
FRAMES_LOOKED_AT = 200
SCENES = [
    scenes.draw("light", [scenes.Shape(kind, colour, 0.5, 0.5, 0.25)])
    for kind, colour in (("circle", "red"), ("star", "blue"), ("heart", "green"), ("cross", "yellow"))
]
# A camera that only plays, for what the camera itself costs.
PLAY = """async () => {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
  document.querySelector('.page').prepend(video);
  await video.play();
}"""


def measure() -> Iterator[Figure]:
    with stage() as built:
        simplest = _simplest(built)
        with _camera(built, SCENES) as app:
            caught, latency, kept_up = _live(app)
        yield Figure(
            "scene changes caught a minute, against every frame in turn",
            caught * 60 / SECONDS,
            "a minute",
            against=simplest["changes"] * 60 / SECONDS,
            at_least=3,
            note=f"a film of 30 frames a second, a new scene every {FRAMES / 30:g} s",
        )
        yield Figure("from frame to caption, median", latency, "ms", against=simplest["median"])
        yield Figure(
            "frames a second kept up with",
            kept_up / SECONDS,
            "a second",
            against=simplest["frames"] / SECONDS,
            note="of the film's 30: seen, and described where they differ",
        )
        yield from _encoding(built)
        yield _growth(built)
        yield _still(built)


def _simplest(built: Stage) -> dict[str, float]:
    with built.profile() as context:
        page = built.bench_page(context)
        wasm = built.asset("wllama-*.wasm")
        page.evaluate("load => bench.loadDirectly(...load)", [wasm, built.card, built.server.url])
        pictures = [list(scenes.encoded(scenes.film_frame(picture), "JPEG")) for picture in SCENES]
        found = page.evaluate(
            "order => bench.describeDirectly(...order)", [pictures, QUESTION, MAX_TOKENS, FRAMES, SECONDS * 1000]
        )
    changes = len({frame // FRAMES for frame in range(found["frames"])})
    return {"changes": changes, "frames": found["frames"], "median": median(found["latencies"])}


@contextmanager
def _camera(built: Stage, pictures: list[Image.Image]) -> Iterator[Cloche]:
    """The app in a browser whose camera plays these scenes."""
    with tempfile.TemporaryDirectory() as folder:
        film = scenes.film_of(Path(folder) / "film.mjpeg", pictures, FRAMES)
        flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
        path = str(chromium.chromium())
        with built.playwright.chromium.launch(executable_path=path, args=[*QUIET_FLAGS, *flags]) as browser:
            context = browser.new_context(permissions=["camera"])
            yield built.app(context).open("#/live")


def _live(app: Cloche) -> tuple[int, float, int]:
    """Descriptions in SECONDS, each of another scene, their median latency in milliseconds, and the frames seen."""
    counters = app.page.get_by_role("region", name="Counters")

    def counter(name: str) -> str:
        return counters.locator("div", has_text=name).locator("dd").last.inner_text()

    app.button("Start").click()
    rows = app.page.get_by_role("list", name="Captions").get_by_role("listitem")
    expect(rows.first).to_be_visible(timeout=30_000)
    before, seen = rows.count(), int(counter("Frames seen"))
    app.page.wait_for_timeout(SECONDS * 1000)
    kept_up = int(counter("Frames seen")) - seen
    texts = [row.locator("p").first.inner_text() for row in rows.all()]
    changes = sum(one != other for one, other in itertools.pairwise(texts)) - (before - 1)
    number, unit = re.fullmatch(r"([\d.]+) (ms|s)", counter("Latency, median")).groups()  # type: ignore[union-attr]
    return changes, float(number) * (1000 if unit == "s" else 1), kept_up


def _encoding(built: Stage) -> Iterator[Figure]:
    with built.profile() as context:
        page = built.python(context)
        for size in SIZES:
            picture = list(scenes.encoded(SCENES[0].resize((size, size)), "PNG"))
            times = [_described(page, picture, size, shift) for shift in range(5)]
            yield Figure(
                f"image encoding, frame of {size} px",
                median([each["image_ms"] for each in times]),
                "ms",
                note=f"{median([each['total_ms'] for each in times]):.0f} ms with the answer",
            )


def _described(page: Page, picture: list[int], size: int, shift: int) -> dict[str, Any]:
    """One description. Another system prompt each time, so that nothing comes out of the KV cache."""
    order = [picture, size, f"Be brief. {shift}"]
    found: dict[str, Any] = page.evaluate("order => bench.describe(...order)", order)
    return found


def _growth(built: Stage) -> Figure:
    """Memory of the page and all its workers after many frames, against after a few."""
    with built.profile() as context:
        page = built.python(context)
        picture = list(scenes.encoded(SCENES[0].resize((256, 256)), "PNG"))
        sizes = []
        for frames in (20, FRAMES_LOOKED_AT):
            for shift in range(frames):
                _described(page, picture, 256, shift)
            sizes.append(page.evaluate("async () => (await performance.measureUserAgentSpecificMemory()).bytes") / 1e6)
    note = f"after {FRAMES_LOOKED_AT} more frames; everything, the model and Python included"
    return Figure("memory of a long watch", sizes[1], "MB", against=sizes[0], at_most=1.1, note=note)


def _still(built: Stage) -> Figure:
    """CPU time of all processes of the browser, with the Live view at a still scene, less what the camera costs."""
    with _camera(built, SCENES[:1]) as app:
        app.page.evaluate(PLAY)
        app.page.wait_for_timeout(3000)
        camera = _cpu_share(app)
    with _camera(built, SCENES[:1]) as app:
        app.button("Start").click()
        rows = app.page.get_by_role("list", name="Captions").get_by_role("listitem")
        expect(rows.first).to_be_visible(timeout=30_000)
        app.page.wait_for_timeout(3000)
        live = _cpu_share(app)
        assert rows.count() == 1
    return Figure(
        "a still scene, beyond the camera's own picture",
        100 * max(0.0, live - camera),
        "% of a core",
        at_most=5,
        note=f"{100 * live:.0f} % with it, all processes of the browser",
    )


def _cpu_share(app: Cloche) -> float:
    browser = app.page.context.browser
    assert browser is not None
    devtools = browser.new_browser_cdp_session()

    def spent() -> float:
        return sum(float(each["cpuTime"]) for each in devtools.send("SystemInfo.getProcessInfo")["processInfo"])

    before = spent()
    app.page.wait_for_timeout(STILL_SECONDS * 1000)
    return (spent() - before) / STILL_SECONDS
