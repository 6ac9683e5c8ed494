"""A page of the same origin opens Cloche and asks its model over a MessageChannel, in the VILA streaming protocol."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import OpenProfile, Site
from tests.e2e.test_relay import make_key, picture

PAGE = "<!doctype html><meta charset=utf-8><title>A robot's page</title>"
OPEN = "() => { globalThis.cloche = open('./index.html#/share'); }"
# Everything that comes out of a port, in the order in which it came.
JOIN = """key => {
  const { port1, port2 } = new MessageChannel();
  const heard = [];
  const waiting = [];
  port1.onmessage = ({ data }) => (waiting.shift() ?? ((said) => heard.push(said)))(data);
  globalThis.robot = {
    post: (text) => port1.postMessage(text),
    next: () => new Promise((resolve) => (heard.length ? resolve(heard.shift()) : waiting.push(resolve))),
  };
  cloche.postMessage({ type: 'vila', api_key: key }, location.origin, [port2]);
}"""
NEXT = "() => robot.next()"


def said(page: Page) -> dict[str, Any]:
    """The next message that comes out of the port."""
    return dict(json.loads(page.evaluate(NEXT)))


def show(page: Page, frame: str) -> dict[str, Any]:
    """What is said about a frame."""
    page.evaluate("text => robot.post(text)", json.dumps({"timestamp": 1.5, "frame": frame}))
    return said(page)


def test_a_page_of_this_origin_shows_frames_and_gets_replies(site: Site, open_profile: OpenProfile) -> None:
    (site.overlay / "robot.html").write_text(PAGE)
    robot = open_profile(site).page
    robot.goto(f"{site.url}robot.html")
    with robot.expect_popup() as opened:
        robot.evaluate(OPEN)
    cloche = Cloche(opened.value, site.url)
    cloche.wait_ready()
    key = make_key(cloche, "robot")

    robot.evaluate(JOIN, "cloche-wrong")
    assert said(robot)["code"] == 1008

    robot.evaluate(JOIN, key)
    question = cloche.page.get_by_label("Question", exact=True)
    question.fill("Describe what you see.")
    question.press("Tab")
    expect(question).to_have_js_property("defaultValue", "Describe what you see.")
    assert "red circle" in show(robot, picture("circle", "red"))["vlm_reply"]
    assert "blue star" in show(robot, picture("star", "blue"))["vlm_reply"]
    robot.evaluate("() => robot.post('nonsense')")
    assert "not JSON" in said(robot)["error"]
    expect(cloche.page.get_by_text(f"Camera {site.url.removesuffix('/')}")).to_be_visible(timeout=ANSWER_MS)

    cloche.button("Revoke robot").click()
    assert said(robot) == {"error": "This key was revoked.", "code": 1008}
