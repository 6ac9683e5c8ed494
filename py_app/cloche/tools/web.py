"""Web fetch: the text of a page on another server, for which the person is asked each time.

Owns which addresses and kinds of content are read, and how much. The origin is open for this call only: the page opens
it when the person allows the call and closes it when the turn has ended; the worker that carries the request is started
for it and ended after it. No cookies, no key and no address of this page go with the request; it is sent on only within
the same origin. What comes back was written by others.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from ..errors import BadInput, RemoteError
from ..host.base import Host
from ..providers.remote import BRIEF, Remote, origin_of
from ..remote_shapes import HttpHead, HttpPiece, HttpRequest
from .html_text import text_of_html
from .reading import LENGTH, Length, Start, piece
from .tool import FunctionTool, ToolFault, tool

SECONDS = 45.0
#: characters of a page before it is reduced to its text
MOST = 5_000_000
HTML = ("text/html", "application/xhtml+xml")
PLAIN = ("application/json", "application/xml", "application/javascript", "application/yaml", "application/x-ndjson")
NO_ADDRESS = "This is no whole address of a web page: https://, a server, and no spaces or letters beyond ASCII."
ACCEPT = "text/html, application/xhtml+xml, text/plain;q=0.9, application/json;q=0.9, text/*;q=0.8"


def web_tools(host: Host) -> list[FunctionTool]:
    """The tool that reads a page."""
    own = origin_of(host.base_url)

    @tool(access="network", outside=True, seconds=SECONDS, origin=lambda given: reached(str(given.get("url", ""))))
    async def web_fetch(
        url: Annotated[str, Field(min_length=1, max_length=2000)], start: Start = 0, length: Length = LENGTH
    ) -> str:
        """Fetch the text of a web page.

        Args:
            url: its whole address, beginning with https://
            start: the character from which to read on
            length: how many characters to read
        """
        origin = reached(url)
        if not origin:
            raise ToolFault(NO_ADDRESS)
        if origin == own:
            raise ToolFault("This is the address of this app itself; nothing is there to be read.")
        return piece(await page_text(host, url), start, length)

    return [web_fetch]


def reached(url: str) -> str:
    """The origin that an address leads to, "" for what is no address of a page."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return ""
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    return origin_of(url) if right and plain and parts.username is None and parts.password is None else ""


async def page_text(host: Host, url: str) -> str:
    """The text of a page. Raises ToolFault with the reason."""
    remote = Remote(host)
    texts: list[str] = []
    kind = ""
    size = 0

    def take(part: HttpPiece) -> None:
        nonlocal kind, size
        if part.head is not None:
            kind = readable_kind(part.head)
        size += len(part.text)
        if size > MOST:
            raise BadInput(f"The page is longer than {MOST:,} characters.")
        texts.append(part.text)

    request = HttpRequest(url=url, headers={"accept": ACCEPT}, redirects="same_origin")
    try:
        head = await remote.stream(request, take, BRIEF)
    except (RemoteError, BadInput) as error:
        raise ToolFault(str(error)) from error
    finally:
        await remote.close()
    text = "".join(texts)
    text = text_of_html(text, url) if kind in HTML else text
    if head.status >= 400:
        raise ToolFault(f"The server answered {head.status}. {text[:500]}".strip())
    return text


def readable_kind(head: HttpHead) -> str:
    """The media type of a response. Raises BadInput for what is no text."""
    kind: Any = head.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in HTML or kind in PLAIN or kind.endswith(("+json", "+xml")):
        return str(kind)
    raise BadInput(f"This is {kind or 'nothing'}, not text that can be read.")
