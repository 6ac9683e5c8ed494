"""The built-in tools that keep things and look things up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cloche.host.memory import MemoryHost
from cloche.store.store import Store
from cloche.tools.clock import clock_tools
from cloche.tools.notes import Notes, note_tools
from cloche.tools.past_conversations import conversation_tools
from cloche.tools.todos import MOST, Todos, todo_tools
from cloche.tools.tool import FunctionTool

MOMENT = 1_795_237_380.0
#: minutes from UTC at that moment; "" is here
ZONES = {"": ("UTC", 0), "Asia/Kolkata": ("Asia/Kolkata", 330), "America/New_York": ("America/New_York", -300)}


class Travelled(MemoryHost):
    """A host whose zones are the same on every machine."""

    def time_zone(self, name: str, moment: float) -> tuple[str, int]:
        if name not in ZONES:
            raise ValueError(name)
        return ZONES[name]


class Kit:
    """Tools by name, to be called as a model calls them."""

    def __init__(self, tools: Sequence[FunctionTool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    async def __call__(self, name: str, **arguments: Any) -> str:
        result = await self._tools[name].execute(arguments)
        return str(result.output) if result.success else f"! {result.output}"


@pytest.fixture
def store() -> Store:
    return Store(":memory:")


async def test_the_to_do_list_grows_and_shrinks(store: Store) -> None:
    use = Kit(todo_tools(Todos(store.database)))
    assert await use("todo_list") == "[]"
    assert await use("todo_add", text="buy  milk") == "Added: buy  milk"
    await use("todo_add", text="call Ann")
    assert await use("todo_list") == '["buy milk", "call Ann"]'
    assert await use("todo_done", item="CALL ANN") == "Done: call Ann"
    assert await use("todo_done", item="1") == "Done: buy milk"
    assert (await use("todo_done", item="1")).startswith("! '1' is not in the list")


async def test_the_to_do_list_has_an_end(store: Store) -> None:
    todos = Todos(store.database)
    use = Kit(todo_tools(todos))
    for number in range(MOST):
        todos.add(str(number))
    assert (await use("todo_add", text="more")).startswith("! The list already holds")


async def test_notes_are_kept_found_replaced_and_deleted(store: Store) -> None:
    use = Kit(note_tools(Notes(store.database)))
    assert await use("note_save", key="wifi", value="1234") == "Saved."
    assert await use("note_get", key="WiFi ") == "1234"
    await use("note_save", key="WIFI", value="5678")
    assert await use("note_get", key="wifi") == "5678"
    assert await use("note_get", key="pin") == "! There is no note pin. There are: wifi."
    assert await use("note_delete", key="wifi") == "Deleted wifi."
    assert await use("note_delete", key="wifi") == "! There is no note wifi."
    assert await use("note_list") == "There are no notes."


async def test_notes_are_cleared_by_the_beginning_of_their_key(store: Store) -> None:
    use = Kit(note_tools(Notes(store.database)))
    for key in ("trip/rome", "Trip/oslo", "trap", "100%"):
        await use("note_save", key=key, value="x")
    assert await use("note_list", prefix="trip/") == "Trip/oslo\ntrip/rome"
    assert await use("note_clear", prefix="trip/") == "Deleted 2 notes."
    assert await use("note_list") == "100%\ntrap"
    assert await use("note_clear", prefix="%") == "Deleted 0 notes."


async def test_the_clock_tells_the_time_here_and_elsewhere() -> None:
    use = Kit(clock_tools(Travelled(), lambda: MOMENT))
    assert await use("clock") == "2026-11-21 05:03"
    assert await use("clock_in", zone="Asia/Kolkata") == "10:33 on Saturday, 21 November 2026 (Asia/Kolkata, UTC+5:30)"
    assert (await use("clock_in", zone="America/New_York")).startswith("00:03 on Saturday")
    assert (await use("clock_in", zone="Mars/Olympus")).startswith("! There is no time zone")


async def test_other_conversations_are_searched(store: Store) -> None:
    sessions = [store.sessions.create()["id"] for _ in range(2)]
    for session_id in sessions:
        store.messages.add(session_id, None, "user", [{"type": "text", "text": "my boat is called Ida"}])
    search = conversation_tools(store.search, sessions[0])
    use = Kit(search)
    assert await use("conversation_search", query="boat") == "- New chat: my boat is called Ida"
    assert await use("conversation_search", query="plane") == "No other conversation mentions 'plane'."
    assert search[0].outside
