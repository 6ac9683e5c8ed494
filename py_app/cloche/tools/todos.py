"""The to-do list: one for the whole app.

Owns the table `todos` and the tools on it. Things are named by their number in the list or by their text.
"""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import Field

from ..store.database import Database
from .tool import FunctionTool, ToolFault, tool

Text = Annotated[str, Field(min_length=1, max_length=2000)]
MOST = 1000


class Todos:
    """What is to be done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> list[tuple[int, str]]:
        """What is still to be done, as (id, text), oldest first."""
        rows = self._database.rows("SELECT id, text FROM todos WHERE done_at IS NULL ORDER BY id")
        return [(number, text) for number, text in rows]

    def add(self, text: str) -> None:
        """Add a thing to the end of the list."""
        self._database.write("INSERT INTO todos (text, created_at) VALUES (?, ?)", (text, time.time()))

    def finish(self, todo_id: int) -> None:
        """Take a thing off the list."""
        self._database.write("UPDATE todos SET done_at = ? WHERE id = ?", (time.time(), todo_id))


def todo_tools(todos: Todos) -> list[FunctionTool]:
    """The tools of the list."""

    @tool(access="write")
    def todo_add(text: Text) -> str:
        """Add a thing to the to-do list.

        Args:
            text: what is to be done
        """
        if len(todos.open()) >= MOST:
            raise ToolFault(f"The list already holds {MOST} things; finish some first.")
        todos.add(" ".join(text.split()))
        return f"Added: {text}"

    @tool(access="read")
    def todo_list() -> list[str]:
        """Show the to-do list."""
        return [text for _, text in todos.open()]

    @tool(access="write")
    def todo_done(item: Text) -> str:
        """Take a thing off the to-do list.

        Args:
            item: its text, or its number in the list
        """
        found = todos.open()
        wanted = item.strip().rstrip(".").casefold()
        for number, (todo_id, text) in enumerate(found, 1):
            if wanted in (str(number), text.casefold()):
                todos.finish(todo_id)
                return f"Done: {text}"
        raise ToolFault(f"'{item}' is not in the list of {len(found)} things.")

    return [todo_add, todo_list, todo_done]
