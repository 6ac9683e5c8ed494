"""Turns the messages of the store into the messages of a provider's request.

Owns the two shapes' correspondence. The store keeps a whole turn as one assistant message; a model wants its text and
tool calls as one message, each result as another, and the text after them as a third. A person's message that never
got an answer is left out: it was too long, or the engine failed on it, and it must not spoil what follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Data = dict[str, Any]
FAILED = ("failed", "denied")


def history(branch: Iterable[Data]) -> list[Data]:
    """The messages of a branch as Amplifier keeps them in a context."""
    messages: list[Data] = []
    asked: Data | None = None
    for message in branch:
        if message["role"] == "user":
            asked = message
            continue
        answer = answer_messages(message["parts"])
        if not answer:
            continue
        if asked is not None:
            messages.append({"role": "user", "content": content(asked["parts"])})
            asked = None
        messages.extend(answer)
    return messages


def content(parts: Iterable[Data]) -> str | list[Data]:
    """A person's message: its text, or blocks with the pictures before the text where there are pictures."""
    parts = list(parts)
    pictures = image_blocks(parts)
    text = text_of(parts)
    if not pictures:
        return text
    return [*pictures, {"type": "text", "text": text}] if text else pictures


def image_blocks(parts: Iterable[Data]) -> list[Data]:
    """The pictures as Amplifier image blocks that name the stored picture."""
    return [
        {"type": "image", "source": {"type": "stored", "image_id": part["image_id"], "mime": part["mime"]}}
        for part in parts
        if part["type"] == "image"
    ]


def text_of(parts: Iterable[Data]) -> str:
    """The text of a message."""
    return "\n".join(part["text"] for part in parts if part["type"] == "text")


def answer_messages(parts: Iterable[Data]) -> list[Data]:
    """A turn of the assistant: every call directly followed by its result, also where the turn ended before it."""
    messages: list[Data] = []
    blocks: list[Data] = []
    results: list[Data] = []

    def flush() -> None:
        if blocks:
            only_text = all(block["type"] == "text" for block in blocks)
            text = "".join(block["text"] for block in blocks) if only_text else ""
            messages.append({"role": "assistant", "content": text if only_text else list(blocks)})
            messages.extend(results)
        blocks.clear()
        results.clear()

    for part in parts:
        if part["type"] == "text" and part["text"]:
            if results:
                flush()
            blocks.append({"type": "text", "text": part["text"]})
        elif part["type"] == "tool_call":
            blocks.append({"type": "tool_call", "id": part["id"], "name": part["name"], "input": part["arguments"]})
            results.append(result_message(part["id"], part["name"], result_of(part)))
    flush()
    return messages


def result_message(call_id: str, name: str, text: str) -> Data:
    """What a model is told of a call's result."""
    return {"role": "tool", "tool_call_id": call_id, "name": name, "content": text}


def result_of(part: Data) -> str:
    """The result of a call of the store, in the words that the model was told."""
    if part["output"] is None:
        return "This call was cancelled."
    return failure(part["output"]) if part["status"] in FAILED else str(part["output"])


def failure(output: str) -> str:
    """A result that is none: models know by the first word that the call failed or was denied."""
    return f"Error: {output}"


def countable_text(message: Data) -> str:
    """The text of a context message that takes up tokens, tool calls included."""
    body = message.get("content") or ""
    if isinstance(body, str):
        return body
    texts = []
    for block in body:
        if block["type"] == "text":
            texts.append(block["text"])
        elif block["type"] == "tool_call":
            texts.append(json.dumps({"name": block["name"], "arguments": block["input"]}, ensure_ascii=False))
        elif block["type"] == "tool_result":
            output = block["output"]
            texts.append(output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, default=str))
    return "\n".join(texts)


def image_count(message: Data) -> int:
    """How many pictures a context message shows."""
    body = message.get("content")
    return sum(block["type"] == "image" for block in body) if isinstance(body, list) else 0
