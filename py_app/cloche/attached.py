"""Attached text files: what counts as one, its text, and how a model is told of it.

Owns the limits, the decoding and the wording. A short file stands in the message that brought it; a longer one is read
in pieces by the tool file_read, or stands there whole where the model does not have that tool: nothing is cut in
silence. What a file says was written by others.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from typing import Any

from .errors import BadAttachment
from .outside import as_data, clean
from .shapes import NewFile
from .store.files import StoredFile

Data = dict[str, Any]
#: characters of a file that stands in its message although the model could read it with a tool
SHORT = 2_000
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: what no text holds
NO_TEXT = frozenset(chr(code) for code in range(32) if chr(code) not in "\t\n\r\f\x1b")


def check_files(files: Iterable[NewFile]) -> None:
    """Raise BadAttachment for a file that is no text."""
    for file in files:
        if not file.bytes:
            raise BadAttachment(f"“{file.name}” is empty.")
        if text_of_file(file.bytes) is None:
            raise BadAttachment(f"“{file.name}” is not text.")


def text_of_file(data: bytes) -> str | None:
    """The text of a file in UTF-8, UTF-16 with its mark, or the old code page of Windows; None where it is no text."""
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None)
    for name in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        return None if NO_TEXT.intersection(text) else text
    return None


def has_files(message: Data) -> bool:
    """Whether a message of the store holds files."""
    return any(part["type"] == "file" for part in message["parts"])


def with_files(message: Data, read: Callable[[str], StoredFile], *, by_tool: bool) -> Data:
    """A message of the store with words in place of its files; `by_tool`: the model can read them with a tool."""
    if not has_files(message):
        return message
    files = [told(read(part["file_id"]), by_tool=by_tool) for part in message["parts"] if part["type"] == "file"]
    rest = [part for part in message["parts"] if part["type"] != "file"]
    return {**message, "parts": [{"type": "text", "text": text} for text in files] + rest}


def told(file: StoredFile, *, by_tool: bool) -> str:
    """A file as a model is told of it."""
    text = text_of_file(file.data) or ""
    name = " ".join(clean(file.name).replace("[", "(").replace("]", ")").split())
    if by_tool and len(text) > SHORT:
        return f"[Attached file {name}: {len(text):,} characters, to be read with file_read]"
    return as_data(text, f"the attached file {name}", longest=len(text))
