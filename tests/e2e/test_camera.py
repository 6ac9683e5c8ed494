"""The camera: preview, a tool that looks through it, a snapshot that is answered about, off when nobody looks."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, expect
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import LaunchProfile, Site

# Remembers every stream that the page was given.
NOTE_STREAMS = """
  globalThis.streams = [];
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    streams.push(stream);
    return stream;
  };
"""
LIVE_TRACKS = "streams.flatMap((stream) => stream.getTracks()).filter((track) => track.readyState === 'live').length"
CAMERA_OFF = f"async () => {{ while ({LIVE_TRACKS} > 0) await new Promise(requestAnimationFrame); }}"


def preview(cloche: Cloche) -> Locator:
    return cloche.page.get_by_role("region", name="Camera preview")


def open_camera(cloche: Cloche) -> None:
    cloche.button("Camera").click()
    expect(cloche.button("Take picture")).to_be_enabled(timeout=30_000)


def test_it_is_looked_through_a_snapshot_is_answered_about_and_it_is_off_afterwards(
    site: Site, launch_profile: LaunchProfile, tmp_path: Path
) -> None:
    film = scenes.film(tmp_path / "scene.mjpeg", scenes.red_circle())
    cloche = launch_profile(
        site,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
        permissions=["camera"],
    )
    cloche.page.add_init_script(NOTE_STREAMS)
    cloche.open()

    open_camera(cloche)
    assert cloche.page.evaluate(LIVE_TRACKS) == 1
    preview(cloche).get_by_role("button", name="Close").click()
    expect(preview(cloche)).to_have_count(0)
    cloche.page.evaluate(CAMERA_OFF)

    open_camera(cloche)
    cloche.ask("What do you see in the camera?")
    call = cloche.answers.last.get_by_role("group", name="Tool camera_look")
    call.locator("summary").click()
    expect(call).to_contain_text("done")
    expect(call.get_by_label("Result")).to_contain_text("red")
    cloche.new_chat()
    cloche.button("Take picture").click()
    expect(cloche.attached).to_have_count(1)
    cloche.page.evaluate(CAMERA_OFF)
    assert "red" in cloche.ask("What color is the circle?")


def test_a_refused_camera_gets_a_reason(cloche: Cloche) -> None:
    cloche.page.context.clear_permissions()
    cloche.button("Camera").click()
    expect(preview(cloche).get_by_role("alert")).to_contain_text("camera")
    preview(cloche).get_by_role("button", name="Close").click()
    assert cloche.ask("Hello")
