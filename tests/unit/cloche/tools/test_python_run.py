"""Running Python in the sandbox: its program, its limits, its figures."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloche.host.memory import MemoryHost, ScriptedLink
from cloche.tools import sandbox_program
from cloche.tools.python_run import checked, python_tools

Result = dict[str, Any]


@pytest.fixture
def run() -> Iterator[Callable[[str], Result]]:
    """Runs a piece of code with the sandbox's program."""
    yield lambda code: json.loads(sandbox_program.run(code, lambda: None))
    sys.modules.pop("plot", None)


def test_output_value_and_error_are_told_apart(run: Callable[[str], Result]) -> None:
    result = run("print('hello')\nx = 20\nx + 1")
    assert (result["output"], result["value"], result["error"]) == ("hello\n", "21", "")
    assert run("x = 1")["value"] == ""
    assert run("None")["value"] == ""
    assert run("")["error"] == ""


def test_a_traceback_shows_the_code_and_not_ours(run: Callable[[str], Result]) -> None:
    error = run("def f():\n    return 1 / 0\n\nf()")["error"]
    assert error.startswith("Traceback")
    assert error.endswith("ZeroDivisionError: division by zero")
    assert 'File "<code>", line 2, in f' in error
    assert "return 1 / 0" in error
    assert "sandbox_program" not in error
    assert "SyntaxError" in run("1 +")["error"]


def test_an_exit_ends_the_code_only(run: Callable[[str], Result]) -> None:
    assert run("import sys\nsys.exit(3)")["error"].endswith("SystemExit: 3")


def test_endless_output_is_cut(run: Callable[[str], Result]) -> None:
    output = run("for n in range(100_000): print('x' * 10)")["output"]
    assert len(output) < 21_000
    assert "more characters" in output
    assert run("'x' * 100_000")["value"].endswith("…")


def test_one_run_leaves_nothing_for_the_next(run: Callable[[str], Result]) -> None:
    run("secret = 1")
    assert "NameError" in run("secret")["error"]


@pytest.mark.parametrize(
    "code",
    [
        "plot.line([1, 2, 3], [1, 4, 9], title='a < b')",
        "import plot\nplot.scatter([1], [1])",
        "plot.bar(['a', 'b'], [3, -1], ylabel='y')",
        "plot.hist([1, 2, 2, 3], bins=3)",
        "plot.line([5])",
    ],
)
def test_figures_are_drawn_and_pass_the_check(run: Callable[[str], Result], code: str) -> None:
    result = run(code)
    assert result["error"] == ""
    (figure,) = result["figures"]
    assert checked(figure) is not None


def test_figures_say_what_they_need(run: Callable[[str], Result]) -> None:
    assert "same length" in run("plot.line([1, 2], [1])")["error"]
    assert "at most 4" in run("for n in range(5): plot.line([1])")["error"]


@pytest.mark.parametrize(
    "figure",
    [
        "no picture",
        "<svg/>",
        '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="https://evil.example/x"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><rect fill="url(https://evil.example/x)"/></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject/></svg>',
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><style>*{}</style></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><text>' + "x" * 500_000 + "</text></svg>",
    ],
)
def test_other_pictures_are_not_shown(figure: str) -> None:
    assert checked(figure) is None


class Sandbox:
    """A scripted worker; `ended` counts those that were closed."""

    def __init__(self, result: Result | None = None, error: Exception | None = None) -> None:
        self._result, self._error = result, error
        self.links: list[ScriptedLink] = []
        self.host = MemoryHost(workers={"sandbox": self._link})

    def _link(self) -> ScriptedLink:
        async def start(params: Result, _: Any) -> None:
            assert params["memory_bytes"] > 0

        async def answer(_: Result, __: Any) -> Result:
            if self._error:
                raise self._error
            if self._result is None:
                await asyncio.Event().wait()
            return self._result or {}

        self.links.append(ScriptedLink({"sandbox.start": start, "sandbox.run": answer}))
        return self.links[-1]

    async def use(self, seconds: float = 5) -> Any:
        """Run something."""
        (python_run,) = python_tools(self.host, seconds)
        return await python_run.execute({"code": "1"})


async def test_the_tool_asks_first_and_its_results_are_data_from_outside() -> None:
    (python_run,) = python_tools(MemoryHost())
    assert (python_run.access, python_run.outside) == ("code", True)


async def test_what_came_out_is_one_text_and_the_worker_is_ended() -> None:
    figure = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="1"/></svg>'
    sandbox = Sandbox({"output": "hi\n", "value": "2", "error": "", "figures": [figure, "<script/>"]})
    result = await sandbox.use()
    assert result.output == "hi\n2\n(1 figure is shown to the person)"
    assert len(result.figures) == 1
    assert sandbox.links[0].closed


async def test_silence_is_said() -> None:
    assert (await Sandbox({}).use()).output != ""


async def test_code_that_runs_too_long_is_stopped() -> None:
    sandbox = Sandbox()
    result = await sandbox.use(0.01)
    assert (result.success, result.output) == (False, "The code ran longer than 0.01 seconds and was stopped.")
    assert sandbox.links[0].closed


async def test_stop_ends_the_worker() -> None:
    sandbox = Sandbox()
    running = asyncio.create_task(sandbox.use())
    while not (sandbox.links and len(sandbox.links[0].calls) == 2):  # noqa: ASYNC110 - each turn of the loop is a step
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sandbox.links[0].closed
