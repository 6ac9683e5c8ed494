"""A conversation as Markdown, to be read anywhere and to be read back.

Owns the layout. What a reader sees is headings, text, pictures (inside the file, as data URIs), reasoning and tool
calls of the branch on screen. Lines `<!-- cloche:... -->`, which no reader shows, say where each message and each part
begins, so that an import gives the same conversation; text that was changed in between is taken as it is now. Other
versions of messages are not in the file: that is what JSON is for.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..shapes import FilePart, ImagePart, QuestionPart, ReasoningPart, TextPart
from .document import ArchivedBytes, ArchivedMessage, ArchivedSession, Document

Data = dict[str, Any]
Read = Callable[[ArchivedBytes], bytes]
#: what the file says by its own order
IN_PLACE = {"parts", "parent_id", "session_id", "siblings"}
REASONING = ("<details><summary>Reasoning</summary>\n\n", "\n\n</details>")
NAMES = {"user": "You", "assistant": "Assistant"}
MARK = re.compile(r"^<!-- cloche:(\w+) (\{.*\}) -->$")
#: a line of a text that looks like a mark gets a backslash, which reading takes away
LIKE_A_MARK = re.compile(r"^(<!-- )(\\*cloche:)", re.MULTILINE)
ESCAPED = re.compile(r"^(<!-- )\\(\\*cloche:)", re.MULTILINE)


def mark(kind: str, data: Data) -> str:
    """A line that says what begins here; it cannot end early."""
    text = json.dumps(data, ensure_ascii=False).replace("--", "\\u002d\\u002d").replace(">", "\\u003e")
    return f"<!-- cloche:{kind} {text} -->"


def fenced(text: str, language: str) -> str:
    """A code block whose fence is longer than any inside it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def to_markdown(document: Document, read: Read) -> str:
    """The whole file: the first conversation of the document, the branch on screen."""
    session = on_screen(document.sessions[0])
    attached: dict[str, ArchivedBytes] = {one.id: one for one in (*document.images, *document.files)}
    when = datetime.fromtimestamp(session.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    head = session.model_dump(mode="json", exclude={"messages", "active_leaf", "trace"})
    title = " ".join(session.title.split())
    blocks = [mark("conversation", {**head, "version": document.version}), f"# {title}", f"*{when}*"]
    for message in session.messages:
        blocks.append(mark("message", message.model_dump(mode="json", exclude=IN_PLACE)))
        blocks.append(f"## {NAMES[message.role]}")
        blocks.extend(part_block(part, attached, read) for part in message.parts)
    return "\n\n".join(blocks) + "\n"


def on_screen(session: ArchivedSession) -> ArchivedSession:
    """The conversation without the versions that are not shown."""
    by_id = {message.id: message for message in session.messages}
    branch: list[ArchivedMessage] = []
    leaf = session.active_leaf
    while leaf is not None:
        branch.append(by_id[leaf])
        leaf = by_id[leaf].parent_id
    return session.model_copy(update={"messages": branch[::-1]})


def part_block(part: Any, attached: Mapping[str, ArchivedBytes], read: Read) -> str:
    """One part of a message under its mark."""
    if isinstance(part, TextPart):
        return f"{mark('text', {})}\n\n{escaped(part.text)}"
    if isinstance(part, ReasoningPart):
        return f"{mark('reasoning', {})}\n\n{REASONING[0]}{escaped(part.text)}{REASONING[1]}"
    data = part.model_dump(mode="json", exclude_unset=True)
    if isinstance(part, (ImagePart, FilePart)):
        one = attached[part.image_id if isinstance(part, ImagePart) else part.file_id]
        kind = part.mime if isinstance(part, ImagePart) else "text/plain"
        link = f"[{label(part)}](data:{kind};base64,{base64.b64encode(read(one)).decode()})"
        head = mark(part.type, {**data, "created_at": one.created_at})
        return f"{head}\n\n{'!' if part.type == 'image' else ''}{link}"
    if isinstance(part, QuestionPart):
        return f"{mark('question', data)}\n\n*{' '.join(part.prompt.split())}* ({part.status})"
    arguments = json.dumps(part.arguments, ensure_ascii=False, indent=2)
    shown = [mark("tool_call", data), f"**Tool: {part.name}** ({part.status})", fenced(arguments, "json")]
    if part.output is not None:
        shown.append(fenced(escaped(part.output), "text"))
    return "\n\n".join(shown)


def label(part: ImagePart | FilePart) -> str:
    """The name of a picture or a file, as it may stand in a link."""
    return re.sub(r"[\[\]\\\n\r]", " ", part.name or "picture")


def escaped(text: str) -> str:
    """A text in which no line is a mark."""
    return LIKE_A_MARK.sub(r"\1\\\2", text)


def unescaped(text: str) -> str:
    """The text before `escaped`."""
    return ESCAPED.sub(r"\1\2", text)
