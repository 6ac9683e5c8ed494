"""Content of tool results."""

import json
from typing import Any

from pydantic import ValidationError


def _image(**changes: Any) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": "AA==", **changes}
    return {"type": "image", "source": {key: value for key, value in source.items() if value is not ...}}


_TEXT = {"type": "text", "text": "x"}
_CONTENTS: dict[str, Any] = {
    "none": None,
    "empty": [],
    "text": [_TEXT],
    "two": [_TEXT, {"type": "text", "text": "y"}],
    "empty text": [{**_TEXT, "text": ""}],
    "visibility": [{**_TEXT, "visibility": "internal"}],
    "visibility number": [{**_TEXT, "visibility": 5}],
    "extra": [{**_TEXT, "a": 1}],
    "text number": [{"type": "text", "text": 5}],
    "no text": [{"type": "text"}],
    "no type": [{"text": "x"}],
    "upper case": [{"type": "TEXT", "text": "x"}],
    "thinking": [{"type": "thinking", "thinking": "x"}],
    "call": [{"type": "tool_call", "id": "1", "name": "n", "input": {}}],
    "dict": {},
    "string": "x",
    "number": 5,
    "numbers": [5],
    "nones": [None],
    "control": [{"type": "text", "text": "a\x00b\u00e9\u2028😀"}],
    "image": [_image()],
    "mixed": [_TEXT, _image(), _TEXT],
    "url": [_image(type="url")],
    "no source type": [_image(type=...)],
    "media": [_image(media_type="text/plain")],
    "any image": [_image(media_type="image/x")],
    "svg": [_image(media_type="image/svg+xml")],
    "upper media": [_image(media_type="IMAGE/PNG")],
    "only image/": [_image(media_type="image/")],
    "no slash": [_image(media_type="image")],
    "media number": [_image(media_type=5)],
    "no media": [_image(media_type=...)],
    "parameters": [_image(media_type="image/png; a=b")],
    "space": [_image(media_type="image/ ")],
    "not base64": [_image(data="not-base64")],
    "no data": [_image(data="")],
    "data missing": [_image(data=...)],
    "unpadded": [_image(data="AA")],
    "half padded": [_image(data="AA=")],
    "one": [_image(data="A")],
    "stray bits": [_image(data="AB==")],
    "url safe": [_image(data="-_==")],
    "newline": [_image(data="AA==\n")],
    "inner newline": [_image(data="AA\nAA")],
    "padding inside": [_image(data="AA==AA==")],
    "long": [_image(data="QUJD" * 50)],
    "data number": [_image(data=5)],
    "extra in source": [_image(extra=1)],
    "empty source": [{"type": "image", "source": {}}],
    "no source": [{"type": "image"}],
    "source text": [{"type": "image", "source": "x"}],
    "image visibility": [{**_image(), "visibility": "user"}],
    "data é": [_image(data="é===")],
}


def _note(see: Any, label: str, function: Any, argument: Any) -> None:
    try:
        written = function(argument)
    except BaseException as error:
        see.note(label, error)
    else:
        see.note(label, None if written is None else json.loads(written))


def normalized(core: Any, see: Any) -> None:
    for label, content in _CONTENTS.items():
        _note(see, label, core._engine._normalize_tool_result_content, json.dumps(content))
    for text in ("", "{", "nul", "[NaN]", '["\\ud800"]', "[" * 200, "[1e999]"):
        _note(see, f"raw {text[:9]}", core._engine._normalize_tool_result_content, text)
    _note(see, "number", core._engine._normalize_tool_result_content, 5)
    see.note("written", core._engine._normalize_tool_result_content(json.dumps(_CONTENTS["control"])))


def presented(core: Any, see: Any) -> None:
    present = core._engine._tool_result_safe_hook_presentation
    for label, content in _CONTENTS.items():
        _note(see, label, present, json.dumps({"success": True, "output": {"a": 1}, "error": None, "content": content}))
    for label, value in {
        "empty": {},
        "list": [],
        "list of values": [False, 1, {"m": 1}, None],
        "short list": [True],
        "long list": [True, 1, None, None, 5],
        "none": None,
        "number": 5,
        "text": "x",
        "success text": {"success": "x"},
        "success none": {"success": None},
        "success number": {"success": 1},
        "failed": {"success": False, "error": {"message": "m"}},
        "error text": {"error": "x"},
        "error list": {"error": [1]},
        "output image": {"output": [_image()]},
        "output text": {"output": "data:image/png;base64,AAAA"},
        "extra": {"extra": 1},
        "deep": {"output": {"a": [{"b": None}]}, "error": {"x": [1.5]}},
        "big": {"output": [2**63, 2**70]},
    }.items():
        _note(see, label, present, json.dumps(value))
    for text in ("", "{", "nul", '{"output":NaN}'):
        _note(see, f"raw {text[:9]}", present, text)
    see.note("written", present('{"output":{"b":1,"a":[2]},"content":[{"type":"text","text":"é"}]}'))


def through_the_model(core: Any, see: Any) -> None:
    for label, content in _CONTENTS.items():
        try:
            result = core.ToolResult(output="o", content=content)
        except ValidationError as error:
            see.note(label, [entry["msg"] for entry in error.errors()])
            continue
        see.note(label, result)
        see.note(f"{label}: shown", result.safe_hook_presentation())
        see.note(f"{label}: kept", json.loads(result.model_dump_json()))
    result = core.ToolResult(content=[core.TextBlock(text="t")])
    see.note("from a block", result)
    see.note("failed", core.ToolResult(success=False, error={"message": "m"}))
    see.note("copied", result.model_copy(update={"output": 1}))
