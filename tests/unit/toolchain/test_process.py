"""Running other programs, and what is kept of what they say."""

from __future__ import annotations

import sys

import pytest

from toolchain.errors import BuildError
from toolchain.process import LONGEST_LINE, TAIL_LINES, output_of, run_tool


def test_every_line_is_handed_on() -> None:
    lines: list[str] = []
    run_tool([sys.executable, "-c", "print('one'); print('two')"], what="It", todo="", on_line=lines.append)
    assert lines == ["one", "two"]


def test_a_failure_keeps_the_last_lines_of_both_outputs() -> None:
    script = "import sys; print(*range(90), sep='\\n', flush=True); print('x' * 9999, file=sys.stderr); sys.exit(3)"
    with pytest.raises(BuildError) as caught:
        run_tool([sys.executable, "-c", script], what="It", todo="try again.")
    why = caught.value.why.splitlines()
    assert caught.value.what == "It failed (exit code 3)."
    assert len(why) == TAIL_LINES
    assert why[-2] == "89"
    assert len(why[-1]) < LONGEST_LINE + 10
    assert str(caught.value).endswith("What to do: try again.")


def test_a_missing_program_is_an_error_of_the_same_kind() -> None:
    with pytest.raises(BuildError, match="could not be started"):
        run_tool(["no-such-program-here"], what="It", todo="")


def test_output_of_a_failing_or_missing_program_is_none() -> None:
    assert output_of([sys.executable, "-c", "print(5)"]) == "5"
    assert output_of([sys.executable, "-c", "exit(1)"]) is None
    assert output_of(["no-such-program-here"]) is None
