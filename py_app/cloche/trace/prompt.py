"""A request to a provider as the trace tells it: what the prompt is made of, and how long each part is.

Owns that description. Lengths are characters; how many tokens they became is known only for the prompt as a whole.
"""

from __future__ import annotations

import json
from typing import Any

from amplifier_core import ChatRequest

MAX_TEXT = 1000


def described(request: ChatRequest) -> dict[str, Any]:
    """The parts of the prompt, the tools and the options."""
    given = request.model_dump(exclude={"messages", "tools"}, exclude_none=True)
    tools = [
        {"name": tool.name, "characters": len(tool.name + (tool.description or "") + json.dumps(tool.parameters))}
        for tool in request.tools or []
    ]
    return {"messages": [part_of(message) for message in request.messages], "tools": tools, "options": given}


def part_of(message: Any) -> dict[str, Any]:
    """One message: who says it, the beginning of its text, its length and its pictures."""
    blocks = message.content if isinstance(message.content, list) else []
    text = message.content if isinstance(message.content, str) else "\n".join(filter(None, map(text_of, blocks)))
    pictures = sum(getattr(block, "type", "") == "image" for block in blocks)
    return {"role": message.role, "characters": len(text), "pictures": pictures, "text": text[:MAX_TEXT]}


def text_of(block: Any) -> str:
    """The text of a block; a tool call as JSON, a picture as nothing."""
    kind = getattr(block, "type", "")
    if kind == "text":
        return str(block.text)
    if kind == "tool_call":
        return json.dumps({"name": block.name, "arguments": block.input}, ensure_ascii=False, default=str)
    if kind == "tool_result":
        return str(block.output)
    return ""
