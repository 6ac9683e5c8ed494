"""The app around the conversations: examples, themes, the network badge, the manifest, installing, what runs."""

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.e2e.cloche_page import Cloche

from toolchain.paths import DIST

ANSWERS = {
    "Hello": r"Hello! How can I help you\?",
    "What can you do?": "I can",
    "What can't you do?": "I know no facts",
    "What is 12 times 7?": r"The result is 84\.",
    "What time is it?": r"It is \d\d:\d\d\.",
}
CARD = json.loads((DIST / "models" / "starter" / "card.json").read_text(encoding="utf-8"))
OFFER_INSTALLATION = """() => {
  const offer = new Event('beforeinstallprompt', { cancelable: true });
  offer.prompt = async () => { globalThis.promptShown = true; return { outcome: 'accepted' }; };
  offer.userChoice = Promise.resolve({ outcome: 'accepted' });
  dispatchEvent(offer);
}"""
INK = "getComputedStyle(document.body).color"


@pytest.mark.skipif(not (DIST / "engine" / "licences.json").exists(), reason="built without Cloche's own engine")
def test_about_tells_the_licences_of_what_is_inside_the_engine(cloche: Cloche) -> None:
    cloche.page.goto(f"{cloche.address}#/settings")
    cloche.page.get_by_text("Licences of what is inside").click()
    cloche.page.get_by_text("llama.cpp with ggml and mtmd", exact=True).click()
    expect(cloche.page.get_by_text("The ggml authors")).to_be_visible()
    notices = json.loads((DIST / "engine" / "licences.json").read_text(encoding="utf-8"))
    for notice in notices:
        expect(cloche.page.get_by_text(notice["name"], exact=True)).to_be_visible()


@pytest.mark.parametrize("example", [*CARD["examples"], *CARD["image_examples"]])
def test_every_example_that_is_offered_is_really_answered(cloche: Cloche, example: str) -> None:
    cloche.new_chat()
    cloche.button(example).click()
    answer = cloche.finished(cloche.answers.first)
    assert answer
    # Questions about pictures get a drawn one that nobody knows before.
    assert example in CARD["image_examples"] or re.search(ANSWERS[example], answer)
    expect(cloche.alerts).to_have_count(0)


def test_the_page_always_says_that_the_model_is_tiny(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.ask("Hello")
    expect(cloche.page.get_by_text("is tiny")).to_be_visible()


def test_the_model_button_tells_what_really_runs(cloche: Cloche) -> None:
    cloche.button("Model").click()
    about = cloche.page.get_by_role("region", name="About the model")
    expect(about).to_contain_text("CPU, ")
    expect(about).to_contain_text("llama.cpp")
    cloche.page.keyboard.press("Escape")
    expect(about).to_have_count(0)


def test_the_badge_follows_the_network(cloche: Cloche) -> None:
    badge = cloche.page.get_by_role("status").filter(has_text="line")
    expect(badge).to_have_text("Online")
    cloche.page.context.set_offline(True)
    expect(badge).to_have_text("Offline")
    cloche.page.context.set_offline(False)
    expect(badge).to_have_text("Online")


def test_the_theme_follows_the_system_or_the_persons_choice(cloche: Cloche) -> None:
    page = cloche.page
    page.get_by_role("link", name="Settings").click()
    page.emulate_media(color_scheme="light")
    light = page.evaluate(INK)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(INK)
    assert light != dark
    page.get_by_role("radio", name="Light", exact=True).check()
    assert page.evaluate(INK) == light
    cloche.reload()
    assert page.evaluate(INK) == light
    page.get_by_role("radio", name="As the system").check()
    assert page.evaluate(INK) == dark


def test_install_is_offered_when_the_browser_offers_it(cloche: Cloche) -> None:
    expect(cloche.button("Install")).to_have_count(0)
    cloche.page.evaluate(OFFER_INSTALLATION)
    cloche.button("Install").click()
    expect(cloche.button("Install")).to_have_count(0)
    assert cloche.page.evaluate("promptShown")


def test_the_manifest_names_pictures_of_the_sizes_it_states(cloche: Cloche) -> None:
    response = cloche.page.request.get(cloche.address + "manifest.webmanifest")
    manifest = response.json()
    purposes = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= purposes
    assert {shot["form_factor"] for shot in manifest["screenshots"]} == {"wide", "narrow"}
    shortcut_icons = [icon for shortcut in manifest["shortcuts"] for icon in shortcut["icons"]]
    for picture in [*manifest["icons"], *manifest["screenshots"], *shortcut_icons]:
        answer = cloche.page.request.get(cloche.address + picture["src"])
        assert answer.ok, picture["src"]
        if picture["type"] == "image/png":
            width, height = Image.open(io.BytesIO(answer.body())).size
            assert f"{width}x{height}" == picture["sizes"]


def test_the_browser_accepts_the_manifest(cloche: Cloche) -> None:
    devtools = cloche.page.context.new_cdp_session(cloche.page)
    accepted = devtools.send("Page.getAppManifest")
    assert accepted["errors"] == []
    assert json.loads(accepted["data"])["short_name"] == "Cloche"
    errors = {error["errorId"] for error in devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]}
    assert errors <= {"in-incognito"}


@pytest.mark.parametrize("shortcut", ["New chat", "Models"])
def test_a_shortcut_of_the_manifest_opens_its_view(cloche: Cloche, shortcut: str) -> None:
    manifest = cloche.page.request.get(cloche.address + "manifest.webmanifest").json()
    (address,) = [entry["url"] for entry in manifest["shortcuts"] if entry["name"] == shortcut]
    cloche.page.goto(cloche.address + address.removeprefix("./"))
    expected = "New conversation" if shortcut == "New chat" else shortcut
    expect(cloche.page.get_by_role("heading", name=expected, level=1)).to_be_visible()
