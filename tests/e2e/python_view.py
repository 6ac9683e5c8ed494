"""The Python view as tests and measurements use it."""

from __future__ import annotations

from playwright.sync_api import Locator, expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche

# Presses Stop and gives the milliseconds until the run has ended; looks at nothing in between.
STOP = """() => new Promise((resolve, reject) => {
  setTimeout(reject, 10_000, new Error('Stop was lost.'));
  const begun = performance.now();
  const running = document.querySelector('article.run[aria-busy=true]');
  new MutationObserver(() => {
    if (running.getAttribute('aria-busy') === 'false') resolve(performance.now() - begun);
  }).observe(running, { attributes: true });
  [...document.querySelectorAll('button')].find((button) => button.textContent.trim() === 'Stop code').click();
})"""
# The same so many milliseconds after the running code has printed something.
STOP_AFTER = f"""async (delay) => {{
  const running = document.querySelector('article.run[aria-busy=true]');
  await new Promise((resolve) => {{
    const look = () => running.textContent.includes('asleep') && resolve();
    new MutationObserver(look).observe(running, {{ childList: true, subtree: true, characterData: true }});
    look();
  }});
  await new Promise((resolve) => setTimeout(resolve, delay));
  return ({STOP})();
}}"""


class PythonView:
    """The view as a person uses it."""

    def __init__(self, cloche: Cloche) -> None:
        self.cloche = cloche
        self.page = cloche.page

    def open(self) -> PythonView:
        self.page.get_by_role("navigation", name="Views").get_by_role("link", name="Python").click()
        expect(self.editor).to_be_visible(timeout=ANSWER_MS)
        return self

    @property
    def editor(self) -> Locator:
        return self.page.get_by_role("textbox", name="Python code")

    @property
    def runs(self) -> Locator:
        return self.page.get_by_role("log", name="Output").get_by_role("article", name="Run")

    def write(self, code: str) -> None:
        """Put code in place of what the editor holds."""
        self.editor.press("ControlOrMeta+a")
        self.editor.press("Delete")
        self.page.keyboard.insert_text(code)

    def start(self, code: str) -> Locator:
        """Run code; the run, which may still go on."""
        before = self.runs.count()
        self.write(code)
        self.editor.press("ControlOrMeta+Enter")
        expect(self.runs).to_have_count(before + 1)
        return self.runs.last

    def run(self, code: str) -> Locator:
        """Run code to its end."""
        run = self.start(code)
        expect(run).to_have_attribute("aria-busy", "false", timeout=ANSWER_MS)
        return run

    def save(self, name: str, source: str) -> Locator:
        """Keep an extension; its entry in the list."""
        self.write(source)
        self.page.get_by_role("textbox", name="Extension name").fill(name)
        self.cloche.button("Save as extension").click()
        entry = self.page.get_by_role("list", name="Extensions").get_by_role("listitem", name=name)
        expect(entry).to_be_visible()
        return entry

    def stop(self, *, after: float | None = None) -> float:
        """Press Stop, so many milliseconds after the code has printed "asleep"; the milliseconds until it has ended."""
        return float(self.page.evaluate(STOP) if after is None else self.page.evaluate(STOP_AFTER, after))
