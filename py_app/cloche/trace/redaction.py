"""Takes secrets and bulk out of an event before it is recorded.

Owns what counts as a secret: amplifier-core's list of names, names that say so, and texts that look like a key. Owns
how much of an event is kept, too; bytes are never kept.
"""

from __future__ import annotations

import json
import re
from typing import Any

from amplifier_core.utils import redact_secrets

REDACTED = "[REDACTED]"
SECRET_NAME = re.compile(r"(api[_-]?key|secret|passw|passphrase|authori[sz]ation|credential|cookie|(^|_)token$)", re.I)
SECRET_TEXT = re.compile(
    r"\b(sk|pk|rk)-[\w-]{16,}|\bBearer\s+[\w.~+/=-]{8,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{30,}|\bxox[abprs]-[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}|\bhf_\w{20,}"
)
MAX_TEXT = 4000
MAX_ITEMS = 200
MAX_EVENT = 32_000


def recordable(data: Any) -> dict[str, Any]:
    """An event's data as it may be kept: plain, without secrets, of a bounded size."""
    plain = cleaned(redact_secrets(data if isinstance(data, dict) else {"value": data}))
    text = json.dumps(plain, ensure_ascii=False)
    if len(text) <= MAX_EVENT:
        return dict(plain)
    return {"cut": True, "size": len(text), "beginning": text[:MAX_EVENT]}


def cleaned(value: Any, depth: int = 0) -> Any:
    """The value as JSON."""
    if isinstance(value, str):
        text = SECRET_TEXT.sub(REDACTED, value)
        return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text):,} characters)"
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value):,} bytes"
    if depth > 12:
        return "…"
    if hasattr(value, "model_dump"):
        value = redact_secrets(value.model_dump())
    if isinstance(value, dict):
        items = list(value.items())[:MAX_ITEMS]
        return {
            cleaned(str(key)): REDACTED
            if SECRET_NAME.search(str(key)) and item is not None
            else cleaned(item, depth + 1)
            for key, item in items
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [cleaned(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
    return cleaned(str(value))
