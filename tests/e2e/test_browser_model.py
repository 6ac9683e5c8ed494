"""The browser's own model: fetched with consent, asked like any other, gone where the browser has none.

No headless Chromium has it, so a stand-in with the interface of the Prompt API takes its place; the rest is real.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.cloche_page import Cloche
from tests.e2e.conftest import Site
from tests.e2e.test_answer_format import answer_as

# https://github.com/webmachinelearning/prompt-api: it is there after the first `create` from a click.
STAND_IN = """
globalThis.LanguageModel = class LanguageModel {
  static state = 'downloadable';
  static asked = [];
  static async availability() { return this.state; }
  static async create({ initialPrompts = [], monitor, signal } = {}) {
    signal?.throwIfAborted();
    if (this.state !== 'available') {
      if (!navigator.userActivation.isActive) throw new DOMException('Needs a click.', 'NotAllowedError');
      const watched = new EventTarget();
      monitor?.(watched);
      for (const loaded of [0.25, 1]) {
        watched.dispatchEvent(new ProgressEvent('downloadprogress', { loaded, total: 1 }));
      }
      this.state = 'available';
    }
    const session = new LanguageModel();
    session.prompts = initialPrompts;
    return session;
  }
  inputQuota = 1000;
  inputUsage = 0;
  async measureInputUsage(text) { return text.split(' ').length; }
  promptStreaming(input, { signal, responseConstraint } = {}) {
    LanguageModel.asked.push([...this.prompts.map(({ role, content }) => [role, content]), ['user', input]]);
    let pieces = ['You said ', '“', input, '”.'];
    if (responseConstraint) pieces = ['"', responseConstraint.enum[1], '"'];
    if (input.startsWith('Result of')) pieces = ['It is ', input.split('\\n')[1], '.'];
    else if (input.includes('times')) {
      pieces = ['<tool', '_call>{"name": "calculator", "argum', 'ents": {"expression": "6 * 7"}}'];
    }
    const endless = input === 'Go on';
    return new ReadableStream({
      start(controller) { signal?.addEventListener('abort', () => controller.error(signal.reason)); },
      async pull(controller) {
        if (endless) await new Promise((resolve) => setTimeout(resolve, 5));
        if (signal?.aborted) return;
        const next = endless ? 'and on ' : pieces.shift();
        if (next === undefined) controller.close();
        else controller.enqueue(next);
      },
    });
  }
  destroy() {}
};
"""


@pytest.fixture(scope="module")
def page(site: Site, browser: Browser) -> Iterator[Cloche]:
    with browser.new_context() as context:
        context.add_init_script(STAND_IN)
        yield Cloche(context.new_page(), site.url).open("#/models")


def test_it_is_fetched_only_when_a_person_says_so(page: Cloche) -> None:
    card = page.page.get_by_role("region", name="Built into this browser")
    expect(card).to_contain_text("about 4 GB")
    assert page.page.evaluate("LanguageModel.state") == "downloadable"
    card.get_by_role("button", name="Fetch").click()
    expect(card.get_by_role("status")).to_contain_text("It is here")


def test_it_answers_and_calls_tools(page: Cloche) -> None:
    page.page.goto(f"{page.address}#/chat")
    page.button("Model").click()
    page.page.get_by_role("combobox", name="First", exact=True).select_option(label="The browser's own model")
    page.button("Model").click()
    assert page.ask("Hello").startswith("You said “Hello”.")
    expect(page.answers.last).to_contain_text("The browser's own model")
    expect(page.answers.last.get_by_text("remote", exact=True)).to_have_count(0)
    assert "It is 42." in page.ask("What is 6 times 7?")
    expect(page.answers.last).to_contain_text("calculator")
    asked = page.page.evaluate("LanguageModel.asked.at(-1)")
    assert [role for role, _ in asked] == ["system", "user", "assistant", "user", "assistant", "user"]


def test_it_stops_at_once(page: Cloche) -> None:
    answer = page.start("Go on")
    page.beginning_of(answer)
    page.stop()
    assert "and on" in page.finished(answer)
    assert page.ask("Hello").startswith("You said “Hello”.")


def test_it_holds_to_a_form(page: Cloche) -> None:
    answer_as(page, "A choice", "Choices", "dark red\nsea green")
    page.button("Close parameters").click()
    page.ask("Which?")
    expect(page.answers.last).to_contain_text("sea green")


def test_without_one_nothing_is_offered(cloche: Cloche) -> None:
    cloche.page.goto(f"{cloche.address}#/models")
    expect(cloche.page.get_by_role("heading", name="Providers on other machines")).to_be_visible()
    expect(cloche.page.get_by_role("region", name="Built into this browser")).to_have_count(0)
