"""The unit tests of the app and of the engine, inside Pyodide."""

from __future__ import annotations

import pytest
from tests.wasm.pyodide_suite import Outcome


def test_inside_pyodide(node_id: str, outcomes: dict[str, Outcome]) -> None:
    """Each unit test passes in the browser's Python, too."""
    outcome = outcomes.get(node_id)
    assert outcome is not None, "Pyodide gave no outcome for this test."
    if outcome.outcome != "passed":
        pytest.fail(f"{outcome.outcome} inside Pyodide\n{outcome.text}", pytrace=False)
