"""How Cloche's own engine compares with others on one machine, as README and the app's benchmark show it.

Owns web/engine_comparison.json and the table in README that says the same:

    python3 build.py bench engine
    PYTHONPATH=py_app .venv/bin/python -m tests.bench.comparison .build/bench.json "AMD EPYC (Zen 4)"

`--check` only tells whether README's table is the file's. All ratios say how many times as fast, or in as little
time: more is better.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tests.bench.engine import NATIVE, TWO, WLLAMA

from toolchain.paths import ROOT

COMPARISON = ROOT / "web" / "engine_comparison.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- engine_comparison.json, as a table -->\n", "<!-- end of the table -->\n"
COLUMNS = {"wllama": WLLAMA, "native": NATIVE, "two_threads": TWO}


def comparison(bench: dict[str, Any], machine: str) -> dict[str, Any]:
    """What the page shows, of what a run of the benchmark has written."""
    rows: dict[str, dict[str, Any]] = {}
    for figure in bench["figures"]:
        what, _, against = figure["name"].rpartition(", ")
        if against not in COLUMNS.values():
            what, against = figure["name"], figure["note"]
        ratio = 1 / figure["ratio"] if figure["unit"] == "ms" else figure["ratio"]
        first = {"what": what, "value": _short(figure["value"]), "unit": figure["unit"], **dict.fromkeys(COLUMNS)}
        row = rows.setdefault(what, first)
        row.update({column: _short(ratio) for column, name in COLUMNS.items() if against == name})
    browser = f"Chromium {bench['machine']['browser'].partition('.')[0]}"
    return {"machine": machine, "browser": browser, "rows": [*rows.values()]}


def _short(number: float) -> float:
    """Two digits are as many as these machines repeat."""
    return round(number) if number >= 100 else float(f"{number:.2g}")


def table(found: dict[str, Any]) -> str:
    """README's table."""
    heads = ("one thread", "Cloche's own", "wllama", "llama.cpp compiled for the machine", "two threads")
    ratios = [["" if row[key] is None else f"{row[key]:g} x" for key in COLUMNS] for row in found["rows"]]
    named = [(row["what"], f"{row['value']:g} {row['unit']}") for row in found["rows"]]
    rows = [(*name, *each) for name, each in zip(named, ratios, strict=True)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    lines.insert(1, "|" + "---|" * len(heads))
    where = f"Measured on {found['machine']}, in {found['browser']}; how many times as fast, or in as little time:"
    return f"{where}\n\n" + "\n".join(lines) + "\n"


def _with_table(text: str, new: str) -> str:
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{new}{END}{rest.split(END)[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="?", type=Path, help="what `build.py bench engine` has written")
    parser.add_argument("machine", nargs="?", help="what it was measured on")
    parser.add_argument("--check", action="store_true", help="only tell whether README's table is fresh")
    options = parser.parse_args()
    if not options.check:
        if options.machine is None:
            parser.error("a file and a name of the machine are needed")
        found = comparison(json.loads(options.bench.read_text("utf-8")), options.machine)
        COMPARISON.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    old = README.read_text("utf-8")
    new = _with_table(old, table(json.loads(COMPARISON.read_text("utf-8"))))
    if options.check:
        return int(old != new)
    README.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
