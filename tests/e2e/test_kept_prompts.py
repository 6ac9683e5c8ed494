"""A long conversation goes on after a reload without being read again; what is kept for that is shown, and may go."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import OpenProfile, Site

from toolchain.paths import ENGINE

pytestmark = pytest.mark.skipif(not (ENGINE / "engine.json").exists(), reason="wllama keeps nothing")

# In tokens, js_bridge/cloche_engine.ts
WORTH_KEEPING = 256
# Until a file is there that nobody is writing. Only one that has bytes is tried: who takes one that the engine has just
# made keeps the engine from writing it.
KEPT = """async (patience) => {
  for (const started = performance.now(); performance.now() - started < patience; ) {
    const root = await navigator.storage.getDirectory();
    const prompts = await root.getDirectoryHandle('prompts').catch(() => undefined);
    for await (const model of prompts?.values() ?? []) {
      for await (const file of model.values()) {
        const size = await file.getFile().then(({ size }) => size, () => 0);
        if (size === 0) continue;
        const writer = await file.createWritable({ keepExistingData: true, mode: 'exclusive' }).catch(() => undefined);
        await writer?.abort();
        if (writer) return size;
      }
    }
    await new Promise(requestAnimationFrame);
  }
  return 0;
}"""


def read_and_known(cloche: Cloche) -> tuple[int, int]:
    """Tokens of the last answer's prompt, and how many of them the engine knew."""
    figures = cloche.answers.last.get_by_label("Figures of this answer").get_by_role("listitem")
    hint = figures.first.get_attribute("title") or ""
    found = re.search(r"The prompt had (\d+) tokens(?:, (\d+) of them from the cache)?", hint)
    assert found, hint
    return int(found[1]), int(found[2] or 0)


def test_a_long_conversation_goes_on_after_a_reload(site: Site, open_profile: OpenProfile) -> None:
    cloche = open_profile(site).open()
    tokens = 0
    while tokens <= WORTH_KEEPING:
        cloche.ask("Who are you?")
        tokens, _ = read_and_known(cloche)
    assert cloche.page.evaluate(KEPT, ANSWER_MS) > 0

    cloche.reload()
    cloche.ask("Hello")
    more, known = read_and_known(cloche)
    assert more > tokens
    assert known >= tokens

    assert cloche.page.evaluate(KEPT, ANSWER_MS) > 0
    cloche.page.goto(f"{cloche.address}#/storage")
    forget = cloche.button("Forget what models have read")
    forget.click()
    expect(forget).to_have_count(0)
