"""Pictures: right answers about real pixels, every way to attach one, and files that are no pictures."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.e2e import models, scenes
from tests.e2e.cloche_page import ANSWER_MS, Cloche, picture_file

SET = json.loads((Path(__file__).parents[1] / "data" / "pictures.json").read_text(encoding="utf-8"))
MARGIN = 0.05
COLOUR = "What color is the circle?"

# Puts a file into a clipboard or drag event, as the system does, and gives it to the element.
HAND_OVER = """(element, [kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], 'scene.png', { type: 'image/png' }));
  const event = kind === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
    : new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true });
  element.dispatchEvent(event);
}"""


def draw(entry: dict[str, Any]) -> Image.Image:
    return scenes.draw(entry["background"], [scenes.Shape(*shape) for shape in entry["shapes"]])


def test_questions_about_drawn_scenes_are_answered_as_well_as_the_card_states(cloche: Cloche) -> None:
    questions = SET["questions"]
    wrong = []
    for entry in questions:
        cloche.new_chat()
        cloche.attach(picture_file(scenes.encoded(draw(entry))))
        answer = cloche.ask(entry["question"])
        if not set(re.findall(r"\w+", answer.lower())) & set(entry["answers"]):
            wrong.append(f"{entry['question']} {entry['answers']} -> {answer}")
    card = {figure["label"]: figure["value"] for figure in json.loads(models.original("card.json"))["figures"]}
    stated = sum(card[SET["figures"][entry["type"]]] for entry in questions) / len(questions)
    accuracy = 1 - len(wrong) / len(questions)
    assert accuracy >= stated - MARGIN, wrong


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF"])
def test_a_picture_of_every_kind_is_understood(cloche: Cloche, kind: str) -> None:
    cloche.new_chat()
    ending = kind.lower()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle(), kind), f"scene.{ending}", f"image/{ending}"))
    assert "red" in cloche.ask(COLOUR)


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_can_be_pasted_and_dropped(cloche: Cloche, way: str) -> None:
    cloche.new_chat()
    data = base64.b64encode(scenes.encoded(scenes.red_circle())).decode()
    cloche.message.evaluate(HAND_OVER, [way, data])
    expect(cloche.attached).to_have_count(1)
    assert "red" in cloche.ask(COLOUR)


def test_a_follow_up_question_is_about_the_same_picture(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle())))
    assert "red" in cloche.ask(COLOUR)
    assert "light" in cloche.ask("Is the background light or dark?")


def test_an_attached_picture_survives_a_reload_and_can_be_removed_again(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle()), "circle.png"))
    cloche.reload()
    expect(cloche.attached).to_have_count(1)
    cloche.button("Remove circle.png").click()
    expect(cloche.attached).to_have_count(0)
    cloche.reload()
    expect(cloche.page.locator("form.composer")).to_have_attribute("aria-busy", "false")
    expect(cloche.attached).to_have_count(0)


def test_a_sent_picture_can_be_enlarged(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle()), "circle.png"))
    cloche.ask(COLOUR)
    cloche.button("Enlarge circle.png").click()
    enlarged = cloche.page.get_by_role("dialog", name="circle.png")
    expect(enlarged.get_by_role("img")).to_be_visible()
    enlarged.get_by_role("button", name="Close").click()
    expect(enlarged).to_be_hidden()


def test_a_photo_of_12000_by_9000_is_scaled_down_and_answered(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.photograph(12_000, 9_000), "photo.jpg", "image/jpeg"))
    assert max(cloche.attached.first.evaluate("image => [image.naturalWidth, image.naturalHeight]")) <= 2048
    assert "blue" in cloche.ask("What color is the square?")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.png", scenes.encoded(scenes.red_circle())[:60]),
        ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(500)),
        ("notes.png", b"This is a text file, whatever its name says.\n" * 20),
        ("notes.txt", b"Buy milk.\n"),
        ("empty.png", b""),
    ],
)
def test_a_file_that_is_no_picture_gets_a_clear_error(cloche: Cloche, name: str, data: bytes) -> None:
    cloche.new_chat()
    cloche.message.fill(COLOUR)
    cloche.choose(picture_file(data, name, "text/plain" if name.endswith("txt") else "image/png"))
    expect(cloche.alerts).to_contain_text(name, timeout=ANSWER_MS)
    expect(cloche.attached).to_have_count(0)
    expect(cloche.message).to_have_value(COLOUR)
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle())))
    expect(cloche.alerts).to_have_count(0)
    assert "red" in cloche.ask(COLOUR)
