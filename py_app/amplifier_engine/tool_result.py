"""The content of a tool result, checked and made safe to show.

Owns the rule that a tool may answer with text and base64 images only, and the form
of a result that hook events carry: without the images' bytes.
"""

import base64
import binascii
import json
import re
from typing import Any, NoReturn

from . import arguments, payload
from .payload import JsonError

_OMITTED = "[Image omitted from tool event; original retained for model request if unmodified.]"
_INVALID = "invalid tool result content"
_FIELDS = ("success", "output", "error", "content")
_MEDIA_TYPE = re.compile(r"image/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*")


def _normalize_tool_result_content(content_json: str) -> str | None:
    """The blocks of a tool result in their plain form as JSON; None if there are none."""
    value = _read(arguments.text(content_json))
    if value is None:
        return None
    blocks = _blocks(value)
    return _written(blocks) if blocks else None


def _tool_result_safe_hook_presentation(tool_result_json: str) -> str:
    """A tool result as JSON with a sentence in the place of each image."""
    value = _read(arguments.text(tool_result_json))
    if isinstance(value, list):
        if len(value) > len(_FIELDS):
            _refuse(_INVALID)
        value = dict(zip(_FIELDS, value, strict=False))
    if not isinstance(value, dict):
        _refuse(_INVALID)
    success = value.get("success", True)
    error = value.get("error")
    if not isinstance(success, bool) or not (error is None or isinstance(error, dict)):
        _refuse(_INVALID)
    safe = {"error": error, "output": value.get("output"), "success": success}
    content = value.get("content")
    if content is not None:
        try:
            blocks = _blocks(content)
        except ValueError:
            _refuse(_INVALID)
        if blocks:
            safe["content"] = [
                {"type": "text", "text": _OMITTED} if block["type"] == "image" else block for block in blocks
            ]
    return _written(safe, sort_keys=True)


def _read(text: str) -> Any:
    try:
        return payload.parse(text)
    except (JsonError, ValueError):
        _refuse(_INVALID)


def _written(value: Any, *, sort_keys: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)


def _blocks(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        _refuse(_INVALID)
    return [_block(item) for item in value]


def _block(item: Any) -> dict[str, Any]:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind == "text" and isinstance(item.get("text"), str):
        return {"type": "text", "text": item["text"]}
    if kind == "image":
        return {"type": "image", "source": _source(item.get("source"))}
    raise ValueError(_INVALID)


def _source(source: Any) -> dict[str, str]:
    if not isinstance(source, dict) or source.get("type") != "base64":
        _refuse("invalid tool result image source")
    media_type = source.get("media_type")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        _refuse("invalid tool result image media type")
    data = source.get("data")
    if not isinstance(data, str) or not data or not _is_base64(data):
        _refuse("invalid tool result image data")
    return {"type": "base64", "media_type": media_type, "data": data}


def _is_base64(data: str) -> bool:
    """Whether `data` is canonical base64: right alphabet, padded, no stray bits."""
    try:
        return base64.b64encode(base64.b64decode(data, validate=True)).decode() == data
    except (binascii.Error, ValueError):
        return False


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
