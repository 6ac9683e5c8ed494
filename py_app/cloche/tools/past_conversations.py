"""Search in the person's own past conversations.

Owns the wording; the index is the store's. The conversation that asks is left out: the model sees it anyway.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..store.search import END, START, Search
from .tool import FunctionTool, tool

HITS = 8


def conversation_tools(search: Search, session_id: str) -> list[FunctionTool]:
    """The search as a tool of one conversation."""

    @tool(access="read", outside=True)
    def conversation_search(query: Annotated[str, Field(min_length=1, max_length=200)]) -> str:
        """Search the person's own past conversations.

        Args:
            query: words that occur in what is looked for
        """
        hits = [hit for hit in search.find(query, 4 * HITS) if hit["session_id"] != session_id][:HITS]
        if not hits:
            return f"No other conversation mentions '{query}'."
        lines = (f"- {hit['title']}: {hit['excerpt']}" for hit in hits)
        return "\n".join(line.replace(START, "").replace(END, "") for line in lines)

    return [conversation_search]
