"""What a server's refusal means: HTTP status and body as an error of errors.py.

Owns the reading of error bodies of OpenAI's and Anthropic's form and of the many that resemble them. The server's own
words are part of the message, shortened, and never more than text.
"""

from __future__ import annotations

import email.utils
import json
import time
from typing import Any

from ..errors import (
    ClocheError,
    ContentFiltered,
    KeyRefused,
    MessageTooLong,
    ModelUnknown,
    RateLimited,
    RequestRefused,
    ServerFailed,
    ToolsRefused,
)
from ..remote_shapes import HttpHead

QUOTED_CHARS = 300
TOO_LONG = (
    "context_length",
    "context length",
    "context window",
    "context size",
    "maximum context",
    "prompt is too long",
    "too many tokens",
    "exceed_context",
    "exceeds the available context",
)
FILTERED = ("content_filter", "content filter", "content_policy", "content management policy", "responsible ai")
NO_TOOLS = (
    "does not support tools",
    "not support tool",
    "not support function",
    "tools are not supported",
    "tool use is not supported",
    "no endpoints found that support tool",
    "enable-auto-tool-choice",
    "tool-call-parser",
    "tools param requires",
)
NO_MODEL = ("model_not_found", "model not found", "does not exist", "not_found_error", "unknown model")


def refusal(server: str, head: HttpHead, body: str) -> ClocheError:
    """The error that a response other than 200 stands for."""
    said = words_of(body)
    return named(server, head.status, said, body, retry_after(head.headers))


def named(server: str, status: int, said: str, body: str, wait: float | None = None) -> ClocheError:
    """The error by status and words. Errors inside a stream have words only: their status is 0."""
    quoted = f' It says: "{said}"' if said else ""
    words = f"{said} {body[:4000]}".lower()
    if any(mark in words for mark in TOO_LONG) or status == 413:
        return MessageTooLong(f"The conversation is too long for the model of {server}.{quoted}")
    if status in (400, 404, 422, 500, 501) and any(mark in words for mark in NO_TOOLS):
        return ToolsRefused(f"{server} takes no tools for this model.{quoted}", status=status)
    if any(mark in words for mark in FILTERED):
        return ContentFiltered(f"{server} refused for reasons of content.{quoted}", status=status)
    if status in (401, 403) or "authentication_error" in words or "invalid_api_key" in words:
        return KeyRefused(f"{server} does not accept the key.{quoted}", status=status)
    if status == 429 or "rate_limit" in words:
        patience = f" It asks to wait {wait:.0f} seconds." if wait is not None and wait >= 1 else ""
        return RateLimited(f"{server} takes no more requests for now.{patience}{quoted}", status=429, retry_after=wait)
    if status == 404 or any(mark in words for mark in NO_MODEL):
        return ModelUnknown(f"{server} does not know this model or address.{quoted}", status=status)
    if status == 408 or status >= 500 or "overloaded" in words or status == 0:
        code = f" (HTTP {status})" if status else ""
        return ServerFailed(f"{server} reports a fault{code}.{quoted}", status=status or None, retry_after=wait)
    return RequestRefused(f"{server} refused the request (HTTP {status}).{quoted}", status=status)


def words_of(body: str) -> str:
    """The sentence in an error body."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "" if "<" in body else shortened(body)
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    if isinstance(found, dict):
        found = found.get("message") or found.get("type") or ""
    return shortened(found) if isinstance(found, str) else ""


def shortened(text: str) -> str:
    """One line of limited length, without characters that only steer."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text[: 4 * QUOTED_CHARS]).split())
    return line if len(line) <= QUOTED_CHARS else f"{line[:QUOTED_CHARS]}…"


def retry_after(headers: dict[str, str]) -> float | None:
    """Seconds that the server asks to wait, given as seconds or as a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if not value:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
            except (ValueError, TypeError):
                continue
        if 0 <= seconds < float("inf"):
            return seconds
        if seconds < 0:
            return 0.0
    return None
