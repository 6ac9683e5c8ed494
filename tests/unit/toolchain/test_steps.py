"""When a step runs, and when it is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain.errors import BuildError
from toolchain.progress import Progress
from toolchain.steps import Step, run


class Workshop:
    """A step whose action copies its input, and a count of how often it did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        (self.source / "a.txt").write_text("one")
        self.target = folder / "target.txt"
        self.runs = 0
        self.fact = "version 1"

    def copy(self, progress: Progress) -> str:
        self.runs += 1
        self.target.write_text((self.source / "a.txt").read_text())
        return "copied"

    def run(self, *, force: bool = False) -> bool:
        step = Step("copy", "Copying", [self.source, self.fact], [self.target], self.copy)
        return run(step, stamps=self.folder / "stamps", force=force)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_nothing_changed_means_nothing_done(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    assert workshop.run()
    assert "Copying" in capsys.readouterr().out
    assert not workshop.run()
    assert (workshop.runs, capsys.readouterr().out) == (1, "")


def test_a_changed_file_runs_it_again(workshop: Workshop) -> None:
    workshop.run()
    (workshop.source / "a.txt").write_text("two")
    assert workshop.run()
    assert workshop.target.read_text() == "two"


def test_a_new_or_renamed_file_runs_it_again(workshop: Workshop) -> None:
    workshop.run()
    (workshop.source / "b.txt").write_text("")
    assert workshop.run()
    (workshop.source / "b.txt").rename(workshop.source / "c.txt")
    assert workshop.run()


def test_what_tools_leave_behind_is_no_change(workshop: Workshop) -> None:
    workshop.run()
    (workshop.source / "__pycache__").mkdir()
    (workshop.source / "__pycache__" / "a.pyc").write_bytes(b"")
    assert not workshop.run()


def test_a_changed_fact_runs_it_again(workshop: Workshop) -> None:
    workshop.run()
    workshop.fact = "version 2"
    assert workshop.run()


def test_a_missing_output_runs_it_again(workshop: Workshop) -> None:
    workshop.run()
    workshop.target.unlink()
    assert workshop.run()


def test_a_change_in_the_middle_of_it_runs_it_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(progress: Progress) -> str:
        result = Workshop.copy(workshop, progress)
        (workshop.source / "a.txt").write_text("two")
        return result

    with monkeypatch.context() as during:
        during.setattr(workshop, "copy", copy)
        workshop.run()
    assert workshop.run()
    assert workshop.target.read_text() == "two"


def test_force_runs_it_again(workshop: Workshop) -> None:
    workshop.run()
    assert workshop.run(force=True)


def test_a_failure_is_told_and_tried_again_next_time(workshop: Workshop) -> None:
    workshop.run()
    (workshop.source / "a.txt").unlink()
    with pytest.raises(FileNotFoundError):
        workshop.run()
    (workshop.source / "a.txt").write_text("one")
    assert workshop.run()


def test_an_error_says_what_why_and_what_to_do() -> None:
    error = BuildError("npm ci failed.", why="line 1\nline 2\n", todo="check the network.")
    assert str(error) == "npm ci failed.\n    line 1\n    line 2\nWhat to do: check the network."
