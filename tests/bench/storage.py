"""The database: transactions a second, and opening a conversation of a thousand messages."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import BrowserContext
from tests.bench.report import Figure
from tests.bench.stage import Stage, median, stage

COMMITS = 400
MESSAGES = 1_000
OPENINGS = 9
TITLE = "A long conversation"  # as bench.js calls it

# From the click on a conversation in the side bar until its last message has been painted.
OPEN_ON_SCREEN = """async (title) => {
  const links = [...document.querySelectorAll('nav[aria-label=Conversations] a')];
  const isThere = () => document.querySelector('[role=log] article');
  const start = performance.now();
  links.find((link) => link.textContent.includes(title)).click();
  await new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!isThere()) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(document.body, { subtree: true, childList: true });
  });
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - start;
}"""


def measure() -> Iterator[Figure]:
    with stage(engine=False) as built, built.profile() as context:
        page = built.python(context)
        took = median([float(page.evaluate("count => bench.commit(count)", COMMITS)) for _ in range(3)])
        yield Figure(
            "SQLite transactions",
            COMMITS / took * 1000,
            "a second",
            note="each a command, one after another",
        )
        session = page.evaluate("count => bench.converse(count)", MESSAGES)
        opened = [page.evaluate("id => bench.open(id)", session) for _ in range(OPENINGS)]
        assert {each["messages"] for each in opened} == {MESSAGES}
        yield Figure(
            "opening a conversation of 1,000 messages: data", median([each["ms"] for each in opened]), "ms", at_most=200
        )
        page.close()
        yield from _on_screen(built, context)


def _on_screen(built: Stage, context: BrowserContext) -> Iterator[Figure]:
    app = built.app(context).open()
    times = []
    for _ in range(OPENINGS):
        app.new_chat()
        times.append(float(app.page.evaluate(OPEN_ON_SCREEN, TITLE)))
    yield Figure("opening a conversation of 1,000 messages: on screen", median(times), "ms", at_most=200)
