"""Conversations for the tests of export and import: with versions, pictures, tool calls and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.cloche.scripted import PNG

from cloche.shapes import NewFile, NewImage, Parameters, Timings
from cloche.store.store import Store
from cloche.transfer import dump
from cloche.transfer.document import ArchivedBytes, ArchivedImage

CSV = b"Ida;Otto\n"
CALL: dict[str, Any] = {
    "type": "tool_call",
    "id": "call_1",
    "name": "calculator",
    "arguments": {"expression": "-1 --> 2 -- 3", "deep": [{"a": None}]},
    "status": "done",
    "output": "```\n<!-- cloche:text {} -->\n```",
    "duration_ms": 1.5,
}
AWKWARD = "\n<!-- cloche:message {} -->\n\n<!-- \\cloche:text -->\r\n# You\n```py\nx\n```\n\u2028\x00 end \n\n"


def picture(store: Store, name: str = "dot.png", data: bytes = PNG) -> dict[str, Any]:
    """A stored picture as the part that shows it."""
    image = NewImage(bytes=data, mime="image/png", width=1, height=1, name=name)
    return store.images.add(image).model_dump()


def file(store: Store, name: str = "boats.csv", data: bytes = CSV) -> dict[str, Any]:
    """A stored file as the part that shows it."""
    return store.files.add(NewFile(bytes=data, mime="text/csv", name=name)).model_dump()


def samples(one: ArchivedBytes) -> bytes:
    """The bytes of every picture and file of these conversations."""
    return PNG if isinstance(one, ArchivedImage) else CSV


def contents(store: Store) -> Callable[[ArchivedBytes], bytes]:
    """The bytes of what is in a document of this store."""
    return lambda one: dump.bytes_of(store, one)


def text(words: str) -> dict[str, Any]:
    """A run of text."""
    return {"type": "text", "text": words}


def rich_session(store: Store) -> str:
    """A session with all that there can be; gives its id."""
    session_id = str(store.sessions.create()["id"])
    store.sessions.rename(session_id, "Grüße --> & <more>\n")
    store.sessions.set_parameters(session_id, Parameters(temperature=0.25, stop=["\n"], system_prompt="Be brief."))
    asked = store.messages.add(session_id, None, "user", [picture(store), file(store), text("What is this?")])
    first = store.messages.add(session_id, asked["id"], "assistant", [], status="streaming", model="m")
    first["parts"] = [{"type": "reasoning", "text": AWKWARD}, CALL, text(AWKWARD), text("")]
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "cached_tokens": 1, "image_tokens": 0}
    first |= {
        "status": "complete",
        "finish_reason": "stop",
        "usage": usage,
        "timings": Timings(total_ms=12.25).model_dump(),
    }
    store.messages.finish(first)
    second = store.messages.add(session_id, asked["id"], "assistant", [text("Another answer")])
    failed = store.messages.add(session_id, second["id"], "user", [text("And now?")])
    answer = store.messages.add(session_id, failed["id"], "assistant", [], status="streaming")
    error = {"code": "engine_crashed", "message": "It broke.", "action": "Again.", "retryable": True}
    store.messages.finish({**answer, "status": "error", "error": error})
    gone = store.messages.add(session_id, answer["id"], "user", [text("deleted")])
    store.messages.delete(session_id, gone["id"])
    store.messages.select(session_id, first["id"])
    return session_id
