"""Runs the benchmark: `python -m tests.bench [PART ...] [--json FILE]`; `--help` names the parts.

Prints a table and writes the same figures as JSON. The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.bench import (
    answers,
    boot,
    downloads,
    engine,
    kernel,
    likeness,
    live,
    python,
    relay,
    report,
    storage,
    webllm,
)

from toolchain import chromium
from toolchain.paths import BUILD

PARTS = {
    "boot": boot.measure,
    "answers": answers.measure,
    "storage": storage.measure,
    "kernel": kernel.measure,
    "python": python.measure,
    "live": live.measure,
    "relay": relay.measure,
    "engine": engine.measure,
    "likeness": likeness.measure,
    "downloads": downloads.measure,
    "webllm": webllm.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="build.py bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *PARTS], help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path, default=BUILD / "bench.json", help="where the figures are written")
    options = parser.parse_args()
    figures: list[report.Figure] = []
    for name in options.parts or PARTS:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        for figure in PARTS[name]():
            print(f"  {figure.name}: {report.shown(figure)}", file=sys.stderr, flush=True)
            figures.append(figure)
    print(report.table(figures))
    report.write(figures, options.json, _browser_version())
    print(f"\nWritten to {options.json}")
    return 1 if any(figure.held is False for figure in figures) else 0


def _browser_version() -> str:
    with sync_playwright() as playwright:
        path = str(chromium.chromium())
        with playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser:
            return browser.version


if __name__ == "__main__":
    sys.exit(main())
