"""What a benchmark run found, as a table for people and as JSON for machines.

Owns the shape of a figure and how it is shown: ratios first, since absolute times belong to one machine and one day.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured number.

    `against` is the number that it is compared with, in the same unit; `at_most` and `at_least` are targets for the
    ratio where there is something to compare with, for the value otherwise.
    """

    name: str
    value: float
    unit: str
    against: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of what it is compared with."""
        return None if not self.against else self.value / self.against

    @property
    def held(self) -> bool | None:
        """Whether the target was met; None where there is none."""
        judged = self.value if self.ratio is None else self.ratio
        if self.at_most is not None:
            return judged <= self.at_most
        if self.at_least is not None:
            return judged >= self.at_least
        return None

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""


def table(figures: Sequence[Figure]) -> str:
    """All figures, those with a ratio first."""
    ordered = sorted(figures, key=lambda figure: figure.ratio is None)
    rows = [("what", "ratio", "value", "against", "target", ""), *map(_row, ordered)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows]
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(line.rstrip() for line in lines)


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "ok", False: "MISSED", None: ""}[figure.held]
    return (
        figure.name,
        "" if figure.ratio is None else f"{figure.ratio:.3f}",
        f"{_number(figure.value)} {figure.unit}",
        "" if figure.against is None else f"{_number(figure.against)} {figure.unit}",
        figure.target,
        f"{verdict}  {figure.note}".strip(),
    )


def shown(figure: Figure) -> str:
    """In a few words, for people who wait for the table."""
    value = f"{_number(figure.value)} {figure.unit}"
    return value if figure.ratio is None else f"{figure.ratio:.3f} ({value})"


def write(figures: Sequence[Figure], path: Path, browser: str) -> None:
    """The figures with where they were measured."""
    machine = {"system": platform.platform(), "processors": os.cpu_count(), "browser": browser}
    entries = [asdict(figure) | {"ratio": figure.ratio, "held": figure.held} for figure in figures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "figures": entries}, indent=2) + "\n", encoding="utf-8")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
