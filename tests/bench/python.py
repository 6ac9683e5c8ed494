"""The Python view: how long Stop takes to end code that waits, and code that never lets go of Python."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import expect
from tests.bench.report import Figure
from tests.bench.stage import median, stage
from tests.e2e.cloche_page import ANSWER_MS
from tests.e2e.python_view import PythonView

TIMES = 9
CODE = {
    "that waits": "import asyncio\nprint('begun')\nawait asyncio.Event().wait()",
    "that is busy": "print('begun')\nwhile True:\n    pass",
}


def measure() -> Iterator[Figure]:
    with stage() as built, built.profile() as context:
        view = PythonView(built.app(context).open()).open()
        for name, code in CODE.items():
            times = []
            for _ in range(TIMES):
                run = view.start(code)
                expect(run.get_by_label("Printed")).to_have_text("begun\n", timeout=ANSWER_MS)
                times.append(view.stop())
            yield Figure(f"Stop until code {name} has ended", median(times), "ms", at_most=300)
