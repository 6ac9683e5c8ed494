"""The app as a person uses it: the page object of all journeys.

Owns how each action is found on screen, by accessible names and by `<html data-app-state>` only, so that a journey
reads as what a person does. Does not judge anything: that is the tests' part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import FilePayload, Locator, Page, expect

BOOT_MS = 120_000
ANSWER_MS = 60_000
# Text of an answer without the controls and figures around it.
ANSWER_TEXT = """article => {
  const copy = article.cloneNode(true);
  const controls = '[role=group], [role=status], [aria-label="Figures of this answer"]';
  for (const control of copy.querySelectorAll(controls)) control.remove();
  return copy.textContent.trim();
}"""


def picture_file(data: bytes, name: str = "scene.png", kind: str = "image/png") -> FilePayload:
    """A file as a file chooser gives it."""
    return {"name": name, "mimeType": kind, "buffer": data}


class Cloche:
    """One tab of the app at `address`."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    # ------------------------------------------------------------ places

    @property
    def message(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def conversation(self) -> Locator:
        return self.page.get_by_role("log", name="Conversation")

    @property
    def answers(self) -> Locator:
        return self.conversation.get_by_role("article", name="Assistant")

    @property
    def questions(self) -> Locator:
        return self.conversation.get_by_role("article", name="You")

    @property
    def attached(self) -> Locator:
        return self.page.get_by_role("list", name="Attached pictures").get_by_role("img")

    @property
    def alerts(self) -> Locator:
        return self.page.get_by_role("alert")

    @property
    def sessions(self) -> Locator:
        return self.page.get_by_role("navigation", name="Conversations").get_by_role("link")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    # ------------------------------------------------------------ state

    @contextmanager
    def narrow(self, width: int = 390) -> Iterator[None]:
        """The page as on a phone, from the moment on when it has taken that form."""
        usual = self.page.viewport_size
        assert usual
        self.page.set_viewport_size({"width": width, "height": 800})
        try:
            self.page.locator(".shell.narrow").wait_for(state="attached")
            yield
        finally:
            self.page.set_viewport_size(usual)

    def overflow(self) -> int:
        """By how many pixels the page can be scrolled sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    @property
    def state(self) -> str:
        return self.page.locator("html").get_attribute("data-app-state") or ""

    def wait_state(self, *states: str, timeout: float = BOOT_MS) -> None:
        wanted = ", ".join(f"html[data-app-state={state}]" for state in states)
        self.page.locator(wanted).wait_for(state="attached", timeout=timeout)

    def wait_ready(self) -> None:
        self.wait_state("ready")

    def wait_offline_ready(self) -> None:
        """The service worker has kept everything that is needed without a network."""
        self.page.locator("html[data-offline-ready]").wait_for(state="attached", timeout=BOOT_MS)

    # ------------------------------------------------------------ actions

    def open(self, route: str = "") -> Cloche:
        self.page.goto(self.address + route)
        self.wait_ready()
        return self

    def go_home(self) -> None:
        """An empty conversation with nothing open over it, nothing typed and nothing attached."""
        self.page.goto(self.address + "#/chat")
        self.wait_ready()
        self.page.keyboard.press("Escape")
        for panel in ("Parameters", "Camera", "Model"):
            expect(self.button(panel)).to_have_attribute("aria-expanded", "false")
        expect(self.page.get_by_role("article")).to_have_count(0)
        expect(self.page.locator("form.composer")).to_have_attribute("aria-busy", "false")
        removers = self.page.get_by_role("list", name=re.compile("^Attached")).get_by_role("button")
        for _ in range(removers.count()):
            removers.first.click()
        self.message.fill("")

    def reload(self) -> None:
        """As a person does who saw that everything was kept."""
        expect(self.page.locator("html")).to_have_attribute("data-keeping", "0")
        self.page.reload()
        self.wait_ready()

    def new_chat(self) -> None:
        self.button("New chat").click()
        expect(self.page).to_have_url(re.compile("#/chat$"))
        expect(self.page.get_by_role("article")).to_have_count(0)

    def attach(self, *files: FilePayload) -> None:
        """Choose files; returns when they are shown above the composer."""
        self.choose(*files)
        expect(self.attached).to_have_count(len(files), timeout=ANSWER_MS)

    def choose(self, *files: FilePayload) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.button("Attach image").click()
        chooser.value.set_files(list(files))

    def attach_text(self, *files: FilePayload) -> None:
        """Choose text files; returns when they are shown above the composer."""
        with self.page.expect_file_chooser() as chooser:
            self.button("Attach file").click()
        chooser.value.set_files(list(files))
        shown = self.page.get_by_role("list", name="Attached files").get_by_role("listitem")
        expect(shown).to_have_count(len(files))

    def send(self, text: str) -> None:
        self.message.fill(text)
        self.button("Send").click()

    def start(self, text: str) -> Locator:
        """Send and return the answer as soon as it has begun to appear."""
        before = self.answers.count()
        self.send(text)
        answer = self.answers.nth(before)
        expect(answer).to_have_attribute("aria-busy", "true", timeout=ANSWER_MS)
        return answer

    def ask(self, text: str) -> str:
        """Send and return the text of the complete answer."""
        before = self.answers.count()
        self.send(text)
        return self.finished(self.answers.nth(before))

    def stop(self) -> None:
        self.button("Stop").click()

    def finished(self, answer: Locator) -> str:
        """Wait until an answer is no longer being written; its text."""
        expect(answer).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
        self.wait_ready()
        return self.text_of(answer)

    def beginning_of(self, answer: Locator) -> str:
        """The first word of an answer that is being written, as soon as another one follows it."""
        expect(answer.locator(".prose")).to_have_text(re.compile(r"\S+\s+\S"), timeout=ANSWER_MS)
        return self.text_of(answer).split()[0]

    def last_answer(self) -> str:
        return self.text_of(self.answers.last)

    def text_of(self, answer: Locator) -> str:
        return str(answer.evaluate(ANSWER_TEXT))

    def act(self, message: Locator, action: str) -> None:
        """Press one of the buttons under a message."""
        message.hover()
        message.get_by_role("button", name=action, exact=True).click()

    def set_parameter(self, label: str, value: str) -> None:
        """Write one generation parameter of this conversation; the panel is open afterwards."""
        parameters = self.button("Parameters")
        if parameters.get_attribute("aria-expanded") != "true":
            parameters.click()
        field = self.page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Tab")
