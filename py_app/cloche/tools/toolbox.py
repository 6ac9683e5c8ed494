"""All tools there are, and which of them a conversation offers to its model.

Owns the table `session_tools` and the choice. Without a choice the model's card decides: its `default_tools`, else the
tools that only read. `sources` give the tools; whoever has tools of their own adds a source.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..errors import BadInput
from ..host.base import Host
from ..model_shapes import ModelCard
from ..store.store import Store
from .calculator import calculator_tools
from .clock import clock_tools
from .files import file_tools
from .notes import Notes, note_tools
from .past_conversations import conversation_tools
from .python_run import python_tools
from .shapes import ToolChoice, ToolInfo
from .todos import Todos, todo_tools
from .tool import Access
from .web import web_tools

#: gives the tools of a session; "" stands for a new chat
Source = Callable[[str], list[Any]]
Answer = Callable[[Any], Any]
ACCESS: tuple[Access, ...] = ("read", "write", "network", "code")


class Toolbox:
    """The tools of all sessions."""

    def __init__(self, host: Host, store: Store, card: Callable[[], ModelCard | None]) -> None:
        self._store = store
        self._card = card
        calculators, web = calculator_tools(), web_tools(host)
        clocks, pythons = clock_tools(host), python_tools(host)
        self.todos, self.notes = Todos(store.database), Notes(store.database)
        lists, kept = todo_tools(self.todos), note_tools(self.notes)
        self.sources: list[Source] = [
            lambda _: calculators,
            lambda _: lists,
            lambda _: clocks,
            lambda _: kept,
            lambda session_id: conversation_tools(store.search, session_id),
            lambda session_id: file_tools(store, session_id),
            lambda _: pythons,
            lambda _: web,
        ]

    def all(self, session_id: str = "") -> dict[str, Any]:
        """All tools by name. The first of a name wins, so that no one takes a built-in's place."""
        found: dict[str, Any] = {}
        for source in self.sources:
            for tool in source(session_id):
                found.setdefault(tool.name, tool)
        return found

    def offered(self, session_id: str, *, pictures: bool = False, card: ModelCard | None = None) -> list[Any]:
        """The tools for a request; `pictures` says whether the model sees one, `card` which model it is."""
        card = card or self._card()
        if pictures and card is not None and not card.tools_with_pictures:
            return []
        tools = self.all(session_id)
        return [tools[name] for name in self._names(session_id, tools) if name in tools]

    def infos(self, session_id: str | None) -> list[dict[str, Any]]:
        """All tools as shapes.ToolInfo, those that are offered marked."""
        tools = self.all(session_id or "")
        enabled = set(self._names(session_id or "", tools))
        return [
            ToolInfo(
                name=name,
                description=tool.description,
                access=access_of(tool),
                parameters=getattr(tool, "input_schema", None) or {},
                enabled=name in enabled,
            ).model_dump()
            for name, tool in tools.items()
        ]

    def choose(self, choice: ToolChoice) -> list[dict[str, Any]]:
        """Keep what a person chose for a session."""
        self._store.sessions.get(choice.session_id)
        database = self._store.database
        if choice.names is None:
            database.write("DELETE FROM session_tools WHERE session_id = ?", (choice.session_id,))
        else:
            known = self.all(choice.session_id)
            unknown = [name for name in choice.names if name not in known]
            if unknown:
                raise BadInput(f"There is no tool '{unknown[0]}'.")
            names = [name for name in known if name in choice.names]
            database.write("INSERT OR REPLACE INTO session_tools VALUES (?, ?)", (choice.session_id, json.dumps(names)))
        return self.infos(choice.session_id)

    def commands(self) -> dict[str, Answer]:
        """The commands of the contract that this answers."""
        return {"tools.list": lambda params: self.infos(params.session_id), "tools.choose": self.choose}

    def _names(self, session_id: str, tools: dict[str, Any]) -> list[str]:
        row = self._store.database.row("SELECT names FROM session_tools WHERE session_id = ?", (session_id,))
        if row is not None:
            chosen: list[str] = json.loads(row[0])
            return chosen
        card = self._card()
        if card is None or not card.tools:
            return []
        if card.default_tools is not None:
            return card.default_tools
        return [name for name, tool in tools.items() if access_of(tool) == "read"]


def access_of(tool: Any) -> Access:
    """What a tool says that it does. One that says nothing may do anything, so it counts as code."""
    said = getattr(tool, "access", None)
    return said if said in ACCESS else "code"
