"""What the benchmark measured. Owns the table `speeds`: one report for each model, engine and hardware."""

from __future__ import annotations

from pydantic import ValidationError

from ..speed.shapes import SpeedReport
from .database import Database


class SpeedRows:
    """Reading and keeping reports. A row that this version cannot read is as if it were not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SpeedReport]:
        """Every report, the newest first."""
        found = []
        for (report,) in self._database.rows("SELECT report FROM speeds ORDER BY at DESC"):
            try:
                found.append(SpeedReport.model_validate_json(report))
            except ValidationError:
                continue
        return found

    def keep(self, report: SpeedReport) -> None:
        """Keep a report in place of the one before."""
        self._database.write(
            "INSERT OR REPLACE INTO speeds VALUES (?, ?, ?, ?, ?)",
            (report.model_id, report.engine, report.hardware, report.at, report.model_dump_json()),
        )

    def clear(self) -> None:
        """Forget all of them."""
        self._database.write("DELETE FROM speeds")
