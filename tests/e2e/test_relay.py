"""Programs on this machine ask the model in the tab, over the VILA streaming protocol and OpenAI's API."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.e2e import scenes
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import Watch
from tests.e2e.scenes import Shape
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from relay.gateway import Relay
from toolchain.paths import DIST
from toolchain.server import StaticServer

MODEL = "cloche-starter"
WAIT = 60.0


@pytest.fixture(scope="module")
def relayed(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloche]:
    """A tab whose server relays, on the view Share."""
    server = StaticServer(DIST, overlay=tmp_path_factory.mktemp("overlay"), gateway=Relay())
    with server, browser.new_context() as context:
        watch = Watch(context, server.url)
        yield Cloche(context.new_page(), server.url).open("#/share")
        assert not watch.complaints


@pytest.fixture(scope="module")
def key(relayed: Cloche) -> str:
    """A key, made as a person makes it."""
    secret = make_key(relayed, "robot")
    expect(standing(relayed)).to_contain_text("On:", timeout=ANSWER_MS)
    return secret


def make_key(cloche: Cloche, name: str) -> str:
    form = cloche.page.get_by_role("form", name="Make a key")
    form.get_by_role("textbox", name="Name").fill(name)
    form.get_by_role("button", name="Make a key").click()
    expect(cloche.page.get_by_role("listitem", name=name, exact=True)).to_be_visible()
    secret = cloche.page.locator("[data-secret]").inner_text()
    cloche.button("Done").click()
    expect(cloche.page.locator("[data-secret]")).to_have_count(0)
    return secret


def standing(cloche: Cloche) -> Locator:
    return cloche.page.locator("[data-relay]")


def address(cloche: Cloche, key: str) -> str:
    return f"{cloche.address.replace('http', 'ws')}?api_key={key}"


def picture(kind: str, colour: str) -> str:
    """A drawn scene as clients send it."""
    drawn = scenes.draw("light", [Shape(kind, colour, 0.5, 0.5, 0.25)])
    return base64.b64encode(scenes.encoded(drawn, "JPEG")).decode()


def show(client: ClientConnection, frame: str) -> str:
    client.send(json.dumps({"timestamp": time.time(), "frame": frame}))
    return str(json.loads(client.recv(WAIT))["vlm_reply"])


def test_a_key_is_shown_once_and_only_its_hash_is_kept(relayed: Cloche, key: str) -> None:
    assert key.startswith("cloche-")
    relayed.reload()
    expect(standing(relayed)).to_contain_text("On:", timeout=ANSWER_MS)
    expect(relayed.page.get_by_role("listitem", name="robot", exact=True)).to_contain_text(key[-4:])
    assert key not in relayed.page.content()


def test_a_vila_client_shows_scenes_and_gets_right_replies(relayed: Cloche, key: str) -> None:
    question = relayed.page.get_by_label("Question", exact=True)
    question.fill("Describe what you see.")
    question.press("Tab")
    expect(question).to_have_js_property("defaultValue", "Describe what you see.")
    temperature = relayed.page.get_by_label("Temperature", exact=True)
    temperature.fill("9")
    temperature.press("Tab")
    expect(relayed.alerts).to_have_text("Must be 0 to 2.")
    temperature.fill("0")
    temperature.press("Tab")
    expect(temperature).to_have_js_property("defaultValue", "0")
    with connect(address(relayed, key)) as client:
        assert "red circle" in show(client, picture("circle", "red")).lower()
        assert "blue square" in show(client, picture("square", "blue")).lower()
        clients = relayed.page.get_by_role("region", name="Connected now")
        expect(clients.get_by_role("row").nth(1)).to_contain_text("robot")
        expect(clients.get_by_role("cell").last).to_have_text("2")


def test_an_openai_client_chats_streams_and_shows_a_picture(relayed: Cloche, key: str) -> None:
    client = openai.OpenAI(base_url=f"{relayed.address}v1", api_key=key, max_retries=0, timeout=WAIT)
    with pytest.raises(openai.PermissionDeniedError):
        client.models.list()
    switch = relayed.page.get_by_role("switch", name="OpenAI-compatible endpoint")
    switch.click()
    expect(switch).to_be_checked()
    assert [model.id for model in client.models.list()] == [MODEL]

    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0

    stream = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "What can you do?"}], stream=True
    )
    texts = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert len([text for text in texts if text]) > 1

    seen = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What color is the star?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture('star', 'green')}"}},
                ],
            }
        ],
    )
    assert "green" in (seen.choices[0].message.content or "").lower()

    formed = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Hello"}],
        max_tokens=40,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "mood", "schema": {"type": "string", "enum": ["good", "bad"]}, "strict": True},
        },
    )
    assert json.loads(formed.choices[0].message.content or "") in ("good", "bad")


def test_another_page_cannot_pose_as_the_tab(relayed: Cloche, key: str, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>Another page</title>")
    pose = """async (relay) => {
      const secret = await fetch(relay.replace('ws', 'http')).then((response) => response.text(), () => 'unreadable');
      const socket = new WebSocket(relay);
      const opened = await new Promise((resolve) => {
        socket.onopen = () => resolve('opened');
        socket.onerror = () => resolve('refused');
      });
      return [secret, opened];
    }"""
    with StaticServer(tmp_path) as foreign, browser.new_context() as context:
        page = context.new_page()
        page.goto(foreign.url)
        assert page.evaluate(pose, f"{address(relayed, '').split('?')[0]}relay") == ["unreadable", "refused"]
    expect(standing(relayed)).to_contain_text("On:")


def test_a_revoked_key_is_shut_out_at_once(relayed: Cloche, key: str) -> None:
    other = make_key(relayed, "visitor")
    with connect(address(relayed, other)) as client:
        show(client, picture("circle", "red"))
        relayed.button("Revoke visitor").click()
        with pytest.raises(ConnectionClosed):
            client.recv(WAIT)
        assert client.close_code == 1008
    with pytest.raises(InvalidStatus):
        connect(address(relayed, other))


def test_closing_the_tab_ends_the_connection_with_a_reason(relayed: Cloche, key: str) -> None:
    with connect(address(relayed, key)) as client:
        show(client, picture("circle", "red"))
        relayed.page.goto("about:blank")
        with pytest.raises(ConnectionClosed):
            client.recv(WAIT)
        assert client.close_code == 1013
        assert "tab" in (client.close_reason or "")
