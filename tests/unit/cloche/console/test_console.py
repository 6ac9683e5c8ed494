"""The console: running code on the live app, its output, values, tracebacks, stopping, history."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cloche.scripted import Reply, ScriptedEngine, ask, call_of, new_session, running, text_of

from cloche.app import App
from cloche.errors import Busy
from cloche.host.memory import MemoryHost


async def run(app: App, code: str, **more: Any) -> dict[str, Any]:
    """The result of a piece of code."""
    return dict(await app.handle("console.run", {"run_id": "r", "code": code, **more}))


def printed(host: MemoryHost, stream: str = "out") -> str:
    """What went to the page."""
    return "".join(data["text"] for data in host.told("console:output") if data["stream"] == stream)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", "2"),
        ("x = 3\nx * 2", "6"),
        ("'text'", "'text'"),
        ("None", None),
        ("5;", None),
        ("", None),
        ("x = 5", None),
        ("import asyncio\nawait asyncio.sleep(0, 'waited')", "'waited'"),
        ("[part async for part in part_by_part()]", "[1, 2]"),
        ("def f():\n    return 7\n\nf()", "7"),
    ],
)
async def test_the_value_of_the_last_expression_is_shown(code: str, value: str | None) -> None:
    async with running(ScriptedEngine().host()) as app:
        await run(app, "async def part_by_part():\n    yield 1\n    yield 2")
        result = await run(app, code)
        assert (result["status"], result["value"], result["traceback"]) == ("done", value, None)


async def test_names_stay_between_runs_and_the_last_value_is_an_underscore() -> None:
    async with running(ScriptedEngine().host()) as app:
        await run(app, "a = 20")
        await run(app, "a + 1")
        assert (await run(app, "_ * 2"))["value"] == "42"


async def test_what_is_printed_goes_to_its_run_and_to_nothing_else() -> None:
    host = ScriptedEngine().host()
    before = sys.stdout
    async with running(host) as app:
        await run(app, "import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')")
        assert printed(host) == "one\nthree\n"
        assert printed(host, "err") == "two\n"
        print("not of the run")
        assert "not of the run" not in printed(host)
    assert sys.stdout is before


async def test_output_comes_while_the_code_still_waits() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        code = "import asyncio\nprint('before')\nawait asyncio.Event().wait()"
        task = asyncio.create_task(run(app, code))
        await host.event("console:output", lambda data: data["text"] == "before\n")
        await app.handle("console.stop", {})
        assert (await task)["status"] == "stopped"


async def test_a_task_that_a_run_started_prints_to_that_run() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        await run(app, "import asyncio\ndone = asyncio.Event()")
        await run(app, "async def later():\n    print('late')\n    done.set()\ntask = asyncio.create_task(later())")
        await run(app, "await done.wait()")
        assert "late" in printed(host)


async def test_endless_output_is_cut() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        await run(app, "for _ in range(50):\n    print('x' * 100_000)")
        assert len(printed(host)) < 2_000_100
        assert "not shown" in printed(host)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("x = 1\nx / 0", ['File "<run 1>", line 2, in <module>', "    x / 0", "ZeroDivisionError"]),
        ("def f():\n    return undefined\nf()", ["line 3, in <module>", "    f()", "line 2, in f", "NameError"]),
        ("x = = 1", ['File "<run 1>", line 1', "x = = 1", "SyntaxError"]),
        ("raise SystemExit(2)", ["SystemExit: 2"]),
        ("import asyncio\nraise ValueError('why')", ["ValueError: why"]),
    ],
)
async def test_a_traceback_has_the_persons_lines_only(code: str, lines: list[str]) -> None:
    async with running(ScriptedEngine().host()) as app:
        result = await run(app, code)
        assert result["status"] == "failed"
        for line in lines:
            assert line in result["traceback"]
        assert "cloche" not in result["traceback"]
        assert (await run(app, "1"))["value"] == "1"


async def test_a_repr_that_fails_is_a_failure_like_any_other() -> None:
    async with running(ScriptedEngine().host()) as app:
        result = await run(app, "class Odd:\n    def __repr__(self):\n        raise OSError('no words')\nOdd()")
        assert "no words" in result["traceback"]


async def test_one_piece_of_code_runs_at_a_time() -> None:
    async with running(ScriptedEngine().host()) as app:
        await run(app, "import asyncio\nstarted, end = asyncio.Event(), asyncio.Event()")
        task = asyncio.create_task(run(app, "started.set()\nawait end.wait()"))
        await asyncio.sleep(0)
        await app.console.namespace["started"].wait()
        with pytest.raises(Busy):
            await run(app, "1")
        app.console.namespace["end"].set()
        assert (await task)["status"] == "done"


async def test_history_is_kept_without_repetitions(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    async with running(ScriptedEngine().host(path)) as app:
        for code in ("a = 1", "b = 2", "a = 1", "  "):
            await run(app, code)
    async with running(ScriptedEngine().host(path)) as app:
        assert await app.handle("console.history", {}) == ["b = 2", "a = 1"]


async def test_the_live_app_is_there() -> None:
    async with running(ScriptedEngine().host()) as app:
        assert (await run(app, "app is __import__('gc') or type(app).__name__"))["value"] == "'App'"
        result = await run(app, "(await app.handle('app.info', {}))['settings']['theme']")
        assert result["value"] == "'system'"


async def test_ask_answers_once_outside_every_conversation() -> None:
    engine = ScriptedEngine("Blue.", "Green.")
    host = engine.host()
    async with running(host) as app:
        assert (await run(app, "await ask('A colour?', temperature=1.5, system='Be brief.')"))["value"] == "'Blue.'"
        assert engine.requests[0]["temperature"] == 1.5
        assert engine.requests[0]["messages"][0]["content"] == "Be brief."
        await run(app, "await ask('Another?', stream=print)")
        assert "Green." in printed(host)
        assert (await app.handle("app.info", {}))["sessions"] == []


async def test_ask_in_a_conversation_gives_what_a_schema_says() -> None:
    host = ScriptedEngine('{"n": 2}', '"blue"', '{"n": 3', "Three.", "Free.").host()
    model = "from pydantic import BaseModel\nclass Count(BaseModel):\n    n: int\n"
    async with running(host) as app:
        assert (await run(app, model + "(await session.ask('How many?', schema=Count)).n + 1"))["value"] == "3"
        assert (await run(app, "await session.ask('Which?', schema=['red', 'blue'])"))["value"] == "'blue'"
        assert (await run(app, "await session.ask('How many?', schema=Count)"))["status"] == "failed"
        assert (await run(app, "await session.ask('Hello')"))["value"] == "'Free.'"


async def test_ask_calls_functions_without_asking_for_permission() -> None:
    engine = ScriptedEngine(Reply(tool_calls=[call_of("double", {"number": 21})]), "It is 42.")
    async with running(engine.host()) as app:
        await run(app, "def double(number: int) -> int:\n    'Double a number.'\n    return number * 2")
        assert (await run(app, "await ask('Double 21', tools=[double])"))["value"] == "'It is 42.'"
        assert engine.requests[1]["messages"][-1]["content"] == "42"


async def test_ask_gives_what_a_schema_says_or_fails() -> None:
    engine = ScriptedEngine('{"n": "two"}', '{"n": 2}', "red", '"red"', "no", "yes", "0", "1")
    model = "from pydantic import BaseModel\nclass Count(BaseModel):\n    n: int\n"
    async with running(engine.host()) as app:
        assert (await run(app, model + "(await ask('How many?', schema=Count)).n + 1"))["value"] == "3"
        assert "must be integer" in engine.requests[1]["messages"][-1]["content"]
        assert (await run(app, "await ask('Which?', schema=['red', 'blue'])"))["value"] == "'red'"
        grammar = "'root ::= \"yes\"'"
        assert (await run(app, f"await ask('Well?', schema={grammar})"))["value"] == "'yes'"
        assert engine.requests[4]["response_format"] == {"type": "grammar", "grammar": 'root ::= "yes"'}
        failed = await run(app, f"await ask('Well?', schema={grammar})")
        assert "AnswerInvalid" in failed["traceback"]
    assert engine.replies == []


async def test_ask_can_require_a_call_and_name_a_model() -> None:
    forced = '{"name": "double", "arguments": {"number": 21}}'
    engine = ScriptedEngine(forced, "It is 42.", "Here.")
    async with running(engine.host()) as app:
        await run(app, "def double(number: int) -> int:\n    'Double a number.'\n    return number * 2")
        code = "await ask('Double 21', tools=[double], tool_choice='double')"
        assert (await run(app, code))["value"] == "'It is 42.'"
        assert engine.requests[0]["response_format"]["type"] == "json_schema"
        assert engine.requests[0]["tools"] is not None
        assert engine.requests[1]["response_format"] is None
        assert (await run(app, "await ask('Hello', model='local')"))["value"] == "'Here.'"
        failed = await run(app, "await ask('Hello', model='gpt')")
        assert "No provider has the model 'gpt'" in failed["traceback"]


async def test_session_is_the_conversation_that_is_open() -> None:
    host = ScriptedEngine("Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        assert (await run(app, "await session.ask('Hello')", session_id=session_id))["value"] == "'Hi.'"
        opened = await app.handle("session.open", {"session_id": session_id})
        assert [text_of(message) for message in opened["messages"]] == ["Hello", "Hi."]
        assert (await run(app, "session.title", session_id=session_id))["value"] == "'Hello'"


async def test_without_an_open_conversation_the_console_makes_one_of_its_own() -> None:
    host = ScriptedEngine("One.", "Two.").host()
    async with running(host) as app:
        await run(app, "await session.ask('Hello')")
        assert (await run(app, "await session.ask('And now?')\nlen(session.messages)"))["value"] == "4"
        session_id = (await run(app, "session.id"))["value"].strip("'")
        await app.handle("session.delete", {"session_id": session_id})
        assert (await run(app, "session"))["value"] == "<session: a new conversation>"


async def test_a_tool_is_mounted_at_once_and_can_be_taken_away() -> None:
    engine = ScriptedEngine("Hi.", Reply(tool_calls=[call_of("lamp", {"on": True})]), "It is on.", "It is gone.")
    host = engine.host()
    code = '''
from cloche.extensions import tool
@tools.mount
@tool(access="read")
def lamp(on: bool) -> str:
    """Switch the lamp."""
    return "on" if on else "off"
'''
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        assert (await run(app, code))["traceback"] is None
        answer = await ask(app, host, session_id, "Switch it on")
        assert [part["output"] for part in answer["parts"] if part["type"] == "tool_call"] == ["on"]
        assert (await run(app, "await tools.call('lamp', on=False)"))["value"] == "'off'"
        assert (await run(app, "'lamp' in list(tools) and 'lamp' in repr(tools)"))["value"] == "True"
        await run(app, "tools.unmount('lamp')")
        await ask(app, host, session_id, "Again")
        assert "lamp" not in str(engine.requests[-1].get("tools"))
        assert "No tool 'lamp'" in (await run(app, "tools.unmount('lamp')"))["traceback"]


async def test_events_are_heard_from_the_moment_on_and_until_it_ends() -> None:
    host = ScriptedEngine("One.", "Two.", "Three.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        await run(app, "heard = []\nend = on('provider:response', lambda event, data: heard.append(event))")
        await ask(app, host, session_id, "Hello")
        await run(app, "end()")
        await ask(app, host, session_id, "Hello")
        assert (await run(app, "heard"))["value"] == "['provider:response']"
        await run(app, "every = []\nend = on('*', lambda event, data: every.append(event))")
        await run(app, "end()\nend()")
