"""Markdown to be read, and read back."""

from __future__ import annotations

import pytest
from tests.unit.cloche.transfer.conversations import AWKWARD, rich_session, samples

from cloche.store.store import Store
from cloche.transfer import dump
from cloche.transfer.document import BadFile, Document
from cloche.transfer.load import load
from cloche.transfer.markdown import on_screen, to_markdown
from cloche.transfer.markdown_reading import from_markdown, is_markdown


def exported() -> Document:
    """A document with everything."""
    store = Store(":memory:")
    rich_session(store)
    return dump.document(store)


def written(document: Document) -> bytes:
    """The file."""
    return to_markdown(document, samples).encode()


def test_people_read_headings_texts_pictures_and_tools() -> None:
    text = written(exported()).decode()
    for shown in (
        "# Grüße --> & <more>",
        "## You",
        "![dot.png](data:image/png;base64,",
        "What is this?",
        "<details><summary>Reasoning</summary>",
        "**Tool: calculator** (done)",
        "## Assistant",
    ):
        assert f"\n{shown}" in text
    assert "Another answer" not in text


def test_the_branch_on_screen_comes_back_as_it_was() -> None:
    document = exported()
    assert is_markdown(written(document))
    read, contents = from_markdown(written(document))
    (session,) = read.sessions
    assert session == on_screen(document.sessions[0])
    assert read.images[0].model_copy(update={"data": None}) == document.images[0]
    store = Store(":memory:")
    load(store, read, contents)
    assert written(dump.document(store)) == written(document)


def test_an_empty_conversation_comes_back_too() -> None:
    store = Store(":memory:")
    store.sessions.create()
    document = dump.document(store)
    read, _ = from_markdown(written(document))
    assert read.sessions == document.sessions


def test_a_changed_text_is_taken_as_it_is_now() -> None:
    text = written(exported()).decode().replace("What is this?", "What do you see?")
    read, _ = from_markdown(text.encode())
    assert read.sessions[0].messages[0].parts[2].model_dump()["text"] == "What do you see?"


def test_line_ends_of_windows_and_a_byte_order_mark_do_no_harm() -> None:
    document = exported()
    plain = document.model_copy(deep=True)
    for message in plain.sessions[0].messages:
        message.parts = [part for part in message.parts if part.model_dump().get("text") != AWKWARD]
    file = b"\xef\xbb\xbf" + written(plain).replace(b"\n", b"\r\n")
    assert is_markdown(file)
    read, _ = from_markdown(file)
    assert read.sessions[0] == on_screen(plain.sessions[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<!-- cloche:message {"id"', b'<!-- cloche:message {"id'),
        (b"data:image/png;base64,", b"https://example.org/"),
        (b" -->\n\n# ", b"\n\n# "),
        (b'"role": "user"', b'"role": "system"'),
        (b"Gr\xc3\xbc", b"Gr\xfc"),
        (b'"version": 2', b'"version": 7'),
    ],
)
def test_a_damaged_file_is_refused(old: bytes, new: bytes) -> None:
    file = written(exported())
    assert old in file
    with pytest.raises(BadFile):
        from_markdown(file.replace(old, new, 1))
