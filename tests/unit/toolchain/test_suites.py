"""Adding up what the suites came to: a suite that crashes, hangs or runs nothing is a failure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from toolchain import suites
from toolchain.errors import BuildError
from toolchain.suites import Count, Suite, read_report, run_suites

REPORT = """<testsuites><testsuite tests="4">
<testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"><error/></testcase>
<testcase name="d"><skipped/></testcase></testsuite></testsuites>"""
GOOD_REPORT = '<testsuite><testcase name="a"/><testcase name="b"/></testsuite>'


def suite_that(report: str, code: int) -> Suite:
    def command(path: Path) -> Sequence[str | Path]:
        script = f"import sys, pathlib; pathlib.Path(sys.argv[1]).write_text({report!r}); sys.exit({code})"
        return [sys.executable, "-c", script, path]

    return Suite("made-up", "a made-up suite", command)


def test_a_report_is_added_up(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert read_report(report) == Count(passed=1, failed=2)


def test_a_missing_or_broken_report_counts_nothing(tmp_path: Path) -> None:
    assert read_report(tmp_path / "none.xml") == Count()
    (tmp_path / "broken.xml").write_text("<testsuite><testcase")
    assert read_report(tmp_path / "broken.xml") == Count()


@pytest.mark.parametrize(
    ("report", "code", "expected"),
    [
        (GOOD_REPORT, 0, Count(2, 0)),
        (REPORT, 1, Count(1, 2)),
        (GOOD_REPORT, 3, Count(2, 1)),
        ("", 0, Count(0, 1)),
        ("<testsuite/>", 5, Count(0, 1)),
    ],
)
def test_a_suite_counts_as_it_ended(
    report: str, code: int, expected: Count, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suites, "REPORTS", tmp_path)
    assert suites._run(suite_that(report, code), None, []) == expected


def test_a_suite_that_hangs_is_ended_and_counts_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "REPORTS", tmp_path)
    monkeypatch.setattr(suites, "LONGEST_SUITE_SECONDS", 0.2)
    monkeypatch.setattr(suites, "FAREWELL_SECONDS", 1)  # who started the tests may have had Ctrl-C ignored
    hanging = Suite(
        "hanging", "waits for ever", lambda _: [sys.executable, "-c", "import threading; threading.Event().wait()"]
    )
    assert suites._run(hanging, None, []) == Count(0, 1)


def test_the_total_is_the_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suites, "REPORTS", tmp_path)
    monkeypatch.setitem(suites.SUITES, "unit", suite_that(REPORT, 1))
    monkeypatch.setattr(suites, "run_checks", lambda: (5, 0))
    assert run_suites(["check", "unit"], []) == Count(6, 2)
    assert capsys.readouterr().out.splitlines()[-1] == "6 passed, 2 failed"


def test_a_file_that_is_named_runs_without_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Sequence[str | Path]] = []

    def run(command: Sequence[str | Path], environment: object) -> int:
        ran.append(command)
        return 0

    monkeypatch.setattr(suites, "REPORTS", tmp_path)
    monkeypatch.setattr(suites, "_run_to_its_end", run)
    named = Suite("unit", "a made-up suite", lambda _: ["pytest", "tests/unit"])
    suites._run(named, None, ["tests/unit/test_app.py"])
    suites._run(named, None, ["-k", "unit"])
    assert ran == [["pytest", "tests/unit/test_app.py"], ["pytest", "tests/unit", "-k", "unit"]]


def test_an_unknown_suite_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(BuildError, match=r"no suite units[\s\S]*check, unit, bridge, wasm, e2e"):
        run_suites(["units"], [])
