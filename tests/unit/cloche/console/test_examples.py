"""Every example of the Python view runs to its end on an app whose model answers from a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cloche.scripted import Reply, ScriptedEngine, call_of, running

FOLDER = Path(__file__).parents[4] / "web" / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))


def engine_for(name: str) -> ScriptedEngine:
    """Enough replies for any example; one example wants the model to call its function."""
    if name == "05_tool_for_one_answer":
        return ScriptedEngine(Reply(tool_calls=[call_of("price", {"item": "tea"})]), "Tea costs 3.5.")
    if name == "14_form":
        return ScriptedEngine('{"name": "a triangle", "corners": 3}', '"happy"', "yes")
    return ScriptedEngine(*["Happy."] * 6)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_runs_to_its_end(path: Path) -> None:
    code = path.read_text("utf-8")
    assert code.startswith("# ")
    async with running(engine_for(path.stem).host()) as app:
        result = await app.handle("console.run", {"run_id": "example", "code": code})
        assert result["traceback"] is None
        assert result["status"] == "done"


async def test_the_example_of_an_extension_is_one() -> None:
    source = (FOLDER / "13_extension.py").read_text("utf-8")
    async with running(ScriptedEngine().host()) as app:
        info = await app.handle("extensions.save", {"name": "mine", "source": source})
        assert (info["tools"], info["hooks"], info["error"]) == (["reverse"], ["tool:post"], None)


def test_there_are_a_dozen() -> None:
    assert len(EXAMPLES) >= 12
