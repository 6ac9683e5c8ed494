"""Reads a conversation back from the Markdown that markdown.py writes.

Owns the reading only. Marks say where messages and parts begin; text counts as it stands, so that a file may have been
edited. What is not a mark, a text or a picture was made for people and is passed over.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import from_json

from .document import VERSION, BadFile, Document, read_document
from .markdown import MARK, REASONING, Data, unescaped
from .packing import MAX_DOCUMENT_BYTES, Contents, contents_of_data

START = b"<!-- cloche:conversation "
BYTES = re.compile(r"\]\(data:\w+/\w+;base64,([0-9A-Za-z+/=]*)\)")


def is_markdown(file: bytes) -> bool:
    """Whether the file is one of markdown.py's."""
    return file.removeprefix(b"\xef\xbb\xbf").startswith(START)


def from_markdown(file: bytes) -> tuple[Document, Contents]:
    """The document of a file, and how to get the bytes of its pictures. Raises BadFile."""
    if len(file) > MAX_DOCUMENT_BYTES:
        raise BadFile(f"The file is too long; up to {MAX_DOCUMENT_BYTES // 1_048_576} MB of text are read.")
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"The file is not text in UTF-8: {error}.") from error
    if text.partition("\n")[0].endswith("\r"):
        text = text.replace("\r\n", "\n")
    (_, head, _), *sections = sections_of(text)
    version = head.pop("version", None)
    messages: list[Data] = []
    attached: dict[str, dict[str, Data]] = {"image": {}, "file": {}}
    for kind, data, body in sections:
        if kind == "message":
            messages.append({**data, "parent_id": messages[-1].get("id") if messages else None, "parts": []})
        elif messages:
            messages[-1]["parts"].append(part_of(kind, data, body, attached))
    leaf = messages[-1].get("id") if messages else None
    document = {
        "format": "cloche",
        "version": version if isinstance(version, int) else VERSION,
        "exported_at": 0,
        "sessions": [{**head, "active_leaf": leaf, "messages": messages}],
        "images": list(attached["image"].values()),
        "files": list(attached["file"].values()),
    }
    return read_document(json.dumps(document).encode()), contents_of_data


def sections_of(text: str) -> list[tuple[str, Data, str]]:
    """The marks with what they hold and the text up to the next one."""
    sections: list[tuple[str, Data, list[str]]] = []
    for line in text.split("\n"):
        found = MARK.match(line)
        if found is None:
            if not sections:
                raise BadFile("The file is damaged: its first line cannot be read.")
            sections[-1][2].append(line)
            continue
        try:
            data = from_json(found[2])
        except ValueError as error:
            raise BadFile(f"The file is damaged: a line “cloche:{found[1]}” cannot be read.") from error
        sections.append((found[1], data, []))
    return [(kind, data, body_of(lines)) for kind, data, lines in sections]


def body_of(lines: list[str]) -> str:
    """The text under a mark without the empty lines that separate it."""
    start = 1 if lines[:1] == [""] else 0
    end = len(lines) - 1 if lines[start:] and lines[-1] == "" else len(lines)
    return "\n".join(lines[start:end])


def part_of(kind: str, data: Data, body: str, attached: dict[str, dict[str, Data]]) -> Data:
    """One part of a message; a picture or a file is put among the attached, too."""
    if kind == "text":
        return {"type": "text", "text": unescaped(body)}
    if kind == "reasoning":
        return {"type": "reasoning", "text": unescaped(body.removeprefix(REASONING[0]).removesuffix(REASONING[1]))}
    if kind in attached:
        found = BYTES.search(body)
        if found is None:
            raise BadFile("The file is damaged: a picture or a file is missing.")
        created_at = data.pop("created_at", 0)
        fields = ("mime", "width", "height", "name") if kind == "image" else ("mime", "name")
        one_id = data.get(f"{kind}_id")
        same: Any = {key: data.get(key) for key in fields}
        attached[kind][str(one_id)] = {"id": one_id, "created_at": created_at, "data": found[1], **same}
    return data
