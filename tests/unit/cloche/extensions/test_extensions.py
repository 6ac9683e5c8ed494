"""A person's extensions: kept, loaded, switched on, mounted; and what happens when they are wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.cloche.scripted import Reply, ScriptedEngine, ask, call_of, new_session, running, text_of

from cloche.app import App
from cloche.errors import NotFound
from cloche.extensions.shapes import ExtensionFile

DICE = '''
from cloche.extensions import tool

@tool(access="read")
def roll(sides: int = 6) -> int:
    """Roll a die.

    Args:
        sides: how many sides it has
    """
    return sides

def register_tools(register):
    register(roll)
'''
NO_DICE = """
from cloche.extensions import HookResult

async def refuse(event, data):
    return HookResult(action="deny", reason="No dice today.")

def register_hooks(register):
    register("tool:pre", refuse, priority=-10)
"""
ECHO = """
from amplifier_core import ChatResponse, TextBlock

class Echo:
    name = "echo"
    def get_info(self): return {"id": "echo"}
    async def list_models(self): return []
    def parse_tool_calls(self, response): return []
    async def complete(self, request, **kwargs):
        return ChatResponse(content=[TextBlock(text="Echo: " + request.messages[-1].content)])

def register_providers(register):
    register(Echo())
"""
AMPLIFIER_MODULE = """
from amplifier_core import ToolResult

cleaned = []

class Shout:
    name = "shout"
    description = "Say it loudly."
    input_schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    access = "read"
    async def execute(self, arguments):
        return ToolResult(output=arguments["text"].upper())

async def mount(coordinator, config):
    await coordinator.mount("tools", Shout(), name="shout")
    return lambda: cleaned.append(True)
"""


async def keep(app: App, name: str, source: str, session_id: str | None = None) -> dict[str, Any]:
    """Save an extension and switch it on."""
    saved = await app.handle("extensions.save", {"name": name, "source": source})
    await app.handle("extensions.choose", {"name": name, "session_id": session_id, "enabled": True})
    return dict(saved)


def offered(engine: ScriptedEngine) -> list[str]:
    """The names of the tools in the last request."""
    return [tool["function"]["name"] for tool in engine.requests[-1].get("tools") or []]


def calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of an answer."""
    return [part for part in message["parts"] if part["type"] == "tool_call"]


def calling(name: str, arguments: dict[str, Any]) -> Reply:
    """A reply that calls a tool."""
    return Reply(tool_calls=[call_of(name, arguments)])


async def test_a_tool_of_an_extension_is_offered_and_run_where_it_is_switched_on() -> None:
    engine = ScriptedEngine(calling("roll", {"sides": 20}), "It shows 20.", "No tools.")
    host = engine.host()
    async with running(host) as app:
        here, elsewhere = await new_session(app), await new_session(app)
        info = await keep(app, "dice", DICE, here)
        assert (info["tools"], info["error"], info["enabled"]) == (["roll"], None, False)
        answer = await ask(app, host, here, "Roll a big die")
        assert [(call["name"], call["status"], call["output"]) for call in calls(answer)] == [("roll", "done", "20")]
        assert text_of(answer) == "It shows 20."
        await ask(app, host, elsewhere, "Roll a die")
        assert "roll" not in offered(engine)


async def test_everywhere_holds_where_a_session_says_nothing_else() -> None:
    engine = ScriptedEngine("One.", "Two.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "dice", DICE)
        await ask(app, host, session_id, "Hello")
        assert "roll" in offered(engine)
        choice = {"name": "dice", "session_id": session_id, "enabled": False}
        listed = await app.handle("extensions.choose", choice)
        assert [(one["everywhere"], one["enabled"]) for one in listed] == [(True, False)]
        await ask(app, host, session_id, "Hello again")
        assert "roll" not in offered(engine)


async def test_a_new_text_holds_from_the_next_message_on() -> None:
    engine = ScriptedEngine("One.", calling("roll", {}), "Two.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "dice", DICE)
        await ask(app, host, session_id, "Hello")
        await app.handle("extensions.save", {"name": "dice", "source": DICE.replace("return sides", "return 0")})
        answer = await ask(app, host, session_id, "Roll")
        assert calls(answer)[0]["output"] == "0"


async def test_a_hook_of_an_extension_can_deny_a_call() -> None:
    host = ScriptedEngine(calling("roll", {}), "As you like.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "dice", DICE)
        assert (await keep(app, "no_dice", NO_DICE))["hooks"] == ["tool:pre"]
        answer = await ask(app, host, session_id, "Roll a die")
        assert calls(answer)[0]["status"] == "denied"
        assert "No dice today." in calls(answer)[0]["output"]


async def test_a_provider_of_an_extension_answers_in_place_of_the_model() -> None:
    engine = ScriptedEngine()
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        assert (await keep(app, "echo", ECHO))["providers"] == ["echo"]
        assert text_of(await ask(app, host, session_id, "Hello")) == "Echo: Hello"
        assert engine.requests == []


async def test_an_amplifier_module_is_mounted_as_it_is_and_cleaned_up() -> None:
    host = ScriptedEngine(calling("shout", {"text": "hi"}), "HI!").host()
    async with running(host) as app:
        session_id = await new_session(app)
        assert (await keep(app, "shout", AMPLIFIER_MODULE))["module"] is True
        answer = await ask(app, host, session_id, "Shout hi")
        assert calls(answer)[0]["status"] == "done"
        assert "HI" in calls(answer)[0]["output"]
        cleaned = sys.modules["cloche_extension_shout"].cleaned
        await app.handle("session.delete", {"session_id": session_id})
        assert cleaned == [True]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def register_tools(register)\n    pass", 'File "wrong.py", line 1'),
        ("import nothing_like_this", "No module named 'nothing_like_this'"),
        ("x = 1\nx / 0", "    x / 0"),
        ("def register_tools(register):\n    register(3)", "3 is neither a function nor a tool."),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
async def test_a_wrong_extension_is_kept_shown_with_its_traceback_and_left_out(source: str, said: str) -> None:
    host = ScriptedEngine("Fine.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        info = await keep(app, "wrong", source)
        assert said in info["error"]
        assert "extensions.py" not in info["error"]
        assert (await app.handle("extensions.read", {"name": "wrong"}))["source"] == source
        assert text_of(await ask(app, host, session_id, "Hello")) == "Fine."


async def test_an_extension_that_fails_to_mount_is_told_and_the_session_goes_on() -> None:
    host = ScriptedEngine("Fine.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "broken", "async def mount(coordinator, config):\n    raise ValueError('no such thing')")
        assert text_of(await ask(app, host, session_id, "Hello")) == "Fine."
        assert "no such thing" in host.told("notice")[-1]["message"]
        [info] = await app.handle("extensions.list", {})
        assert "line 2, in mount" in info["error"]


async def test_a_hook_that_fails_ends_nothing() -> None:
    host = ScriptedEngine("Fine.").host()
    source = "def fail(event, data):\n    1 / 0\ndef register_hooks(register):\n    register('provider:request', fail)"
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "failing", source)
        assert text_of(await ask(app, host, session_id, "Hello")) == "Fine."


async def test_extensions_and_where_they_are_on_outlive_the_tab(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    host = ScriptedEngine("Hi.").host(path)
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "dice", DICE, session_id)
        await keep(app, "no_dice", NO_DICE)
        await ask(app, host, session_id, "Hello")
    async with running(ScriptedEngine().host(path)) as app:
        listed = await app.handle("extensions.list", {"session_id": session_id})
        assert [(one["name"], one["enabled"], one["everywhere"]) for one in listed] == [
            ("dice", True, False),
            ("no_dice", True, True),
        ]
        assert listed[0]["tools"] == ["roll"]


async def test_a_deleted_extension_is_gone_everywhere() -> None:
    engine = ScriptedEngine("One.", "Two.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await keep(app, "dice", DICE, session_id)
        await ask(app, host, session_id, "Hello")
        await app.handle("extensions.delete", {"name": "dice"})
        await ask(app, host, session_id, "Hello")
        assert "roll" not in offered(engine)
        assert await app.handle("extensions.list", {}) == []
        with pytest.raises(NotFound):
            await app.handle("extensions.delete", {"name": "dice"})
        with pytest.raises(NotFound):
            await app.handle("extensions.choose", {"name": "dice", "session_id": None, "enabled": True})


@pytest.mark.parametrize("name", ["", "Dice", "2dice", "di ce", "dice.py", "../dice", "a" * 41])
def test_a_name_is_one_that_a_python_file_can_have(name: str) -> None:
    with pytest.raises(ValidationError):
        ExtensionFile(name=name, source="")
