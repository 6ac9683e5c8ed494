"""HTML reduced to the text that a reader would see.

Owns what of a page is text: words, headings, lists, tables, addresses of links. What runs, styles or is hidden is left
out, so that a page says nothing to a model that it does not show to people. No page is refused: broken HTML is read as
far as it goes.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

SILENT = frozenset(
    ("script", "style", "template", "noscript", "svg", "math", "canvas", "iframe", "object", "head", "title", "select")
)
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
BLOCKS = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
            "fieldset",
        ),
        *("figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("summary", "table", "tbody", "tfoot", "thead", "tr", "ul", *HEADINGS),
    )
)
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)"
)
SPACES = re.compile(r"[ \t\r\n\f]+")
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def text_of_html(html: str, address: str) -> str:
    """The title and the text of a page; addresses of links are made whole with the page's own."""
    page = _Page(address)
    page.feed(html)
    page.close()
    body = BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in "".join(page.pieces).split("\n"))).strip()
    title = SPACES.sub(" ", "".join(page.title)).strip()
    return f"{title}\n\n{body}" if title and not body.removeprefix("# ").startswith(title) else body


class _Page(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.title: list[str] = []
        self._address = address
        #: tags within the outermost silent one, which is the first
        self._silent: list[str] = []
        self._in_title = False
        self._pre = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "title":
            self._in_title = True
        if tag in VOID:
            if not self._silent:
                self._void(tag, given)
            return
        if self._silent or tag in SILENT or hidden(given):
            # A body ends what stands in a head that nobody closed.
            if tag == "body" and not hidden(given):
                self._silent.clear()
            else:
                self._silent.append(tag)
            return
        if tag in BLOCKS:
            self._break(2 if tag in HEADINGS or tag == "p" else 1)
        if tag == "li" or tag in HEADINGS:
            self.pieces.append(HEADINGS.get(tag, "- "))
        self._pre += tag == "pre"
        if tag == "a":
            self._links.append(whole(given.get("href", ""), self._address))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._silent:
            if tag in self._silent:
                while self._silent.pop() != tag:
                    pass
            return
        if tag == "a" and self._links:
            link = self._links.pop()
            if link:
                self.pieces.append(f" ({link})")
        if tag in ("td", "th"):
            self.pieces.append("\t")
        if tag in BLOCKS:
            self._break(2 if tag in HEADINGS or tag == "p" else 1)
        self._pre -= tag == "pre" and self._pre > 0

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        if self._silent:
            return
        text = data if self._pre else SPACES.sub(" ", data)
        if not self._pre and self.pieces and self.pieces[-1][-1] in " \n":
            text = text.lstrip(" ")
        if text:
            self.pieces.append(text)

    def _void(self, tag: str, given: dict[str, str]) -> None:
        if tag in ("br", "hr"):
            self._break(1)
        elif tag == "img" and given.get("alt", "").strip() and not hidden(given):
            self.pieces.append(f"[picture: {given['alt'].strip()}]")

    def _break(self, lines: int) -> None:
        """End the line, and leave a blank one for two; nothing is broken before the first words."""
        if self.pieces and not self.pieces[-1].strip("\n"):
            lines = max(lines, len(self.pieces.pop()))
        if self.pieces:
            self.pieces.append("\n" * lines)


def hidden(given: dict[str, str]) -> bool:
    """Whether an element is not shown to people."""
    style = given.get("style", "").lower()
    return "hidden" in given or given.get("aria-hidden", "").lower() == "true" or bool(HIDDEN_STYLE.search(style))


def whole(link: str, address: str) -> str:
    """The whole address of a link that leads to another page; "" for the others."""
    try:
        found = urljoin(address, link.strip())
    except ValueError:
        return ""
    return found if link and not link.startswith("#") and found.startswith(("http://", "https://")) else ""
