"""What can be imported, and what is refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloche.transfer.document import BadFile, read_document

MESSAGE: dict[str, Any] = {
    "id": "m1",
    "parent_id": None,
    "role": "user",
    "parts": [{"type": "text", "text": "Hello"}],
    "created_at": 1.0,
}
SESSION: dict[str, Any] = {
    "id": "s1",
    "title": "Greeting",
    "title_by_person": False,
    "created_at": 1.0,
    "updated_at": 2.0,
    "parameters": {},
    "active_leaf": "m1",
    "messages": [MESSAGE],
}
DOCUMENT: dict[str, Any] = {"format": "cloche", "version": 2, "exported_at": 1.0, "sessions": [SESSION], "images": []}
IMAGE = {"type": "image", "image_id": "p1", "mime": "image/png", "width": 1, "height": 1}


def with_messages(*messages: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The document with other messages."""
    return {**DOCUMENT, "sessions": [{**SESSION, "messages": list(messages), **changes}]}


def test_a_document_is_read_as_it_was_written() -> None:
    document = read_document(json.dumps(DOCUMENT).encode())
    assert read_document(document.to_json()) == document
    assert document.sessions[0].messages[0].parts[0].model_dump(exclude_unset=True) == {"type": "text", "text": "Hello"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({**DOCUMENT, "version": 3}, "A newer Cloche wrote this file"),
        ({**DOCUMENT, "version": 0}, "version"),
        ({**DOCUMENT, "format": "other"}, "not a file that Cloche has exported"),
        ([], "not a file that Cloche has exported"),
        ({**DOCUMENT, "sessions": [SESSION, SESSION]}, "two conversations have the id s1"),
        (with_messages(MESSAGE, MESSAGE), "two messages have the id m1"),
        (with_messages({**MESSAGE, "parent_id": "m0"}), "the message before m1 is missing"),
        (with_messages({**MESSAGE, "parent_id": "m1"}), "the message before m1 is missing"),
        (with_messages(MESSAGE, active_leaf="m2"), "the last message is missing"),
        (with_messages({**MESSAGE, "parts": [IMAGE]}), "a picture or a file of message m1 is missing"),
        (with_messages({**MESSAGE, "id": "../../etc"}), "sessions.0.messages.0.id"),
        (with_messages({**MESSAGE, "role": "system"}), "sessions.0.messages.0.role"),
        (with_messages({**MESSAGE, "parts": [{"type": "script"}]}), "sessions.0.messages.0.parts.0"),
        (with_messages({**MESSAGE, "created_at": -1}), "created_at"),
        ({**DOCUMENT, "sessions": [{**SESSION, "parameters": {"temperature": 99}}]}, "parameters.temperature"),
        ({**DOCUMENT, "unheard_of": 1}, "unheard_of"),
    ],
)
def test_a_faulty_document_is_refused_with_the_place_of_the_fault(data: Any, reason: str) -> None:
    with pytest.raises(BadFile, match=reason) as refusal:
        read_document(json.dumps(data).encode())
    assert "Nothing was changed" in refusal.value.action


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"{",
        b"[" * 100_000,
        b'{"format": "cloche", "version": 1, "exported_at": NaN}',
        b'{"format": "cloche", "x": "\\ud800"}',
        b"9" * 10_000,
    ],
)
def test_what_is_no_document_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(BadFile):
        read_document(text)
