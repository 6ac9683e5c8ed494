"""The command line of build.py: what reaches the tools behind the verbs."""

from __future__ import annotations

from collections.abc import Sequence

import build
import pytest

from toolchain import setup


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bench", []),
        ("bench engine kernel", ["engine", "kernel"]),
        ("bench -- engine", ["engine"]),
        ("bench engine -- --json figures.json", ["engine", "--json", "figures.json"]),
    ],
)
def test_parts_and_what_follows_two_dashes_go_to_the_benchmark(
    line: str, expected: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def run_bench(arguments: Sequence[str]) -> int:
        asked.append(arguments)
        return 3

    monkeypatch.setattr(setup, "build", lambda: None)
    monkeypatch.setattr(build, "run_bench", run_bench)
    assert build.main(line.split()) == 3
    assert asked == [expected]
