"""Event data on its way through JSON."""

import datetime as dt
import decimal
import enum
import pathlib
from typing import Any


class _Named:
    def __str__(self) -> str:
        return "named"


class _Mute:
    def __str__(self) -> str:
        raise ValueError("no name")


class _Colour(enum.Enum):
    RED = "red"


class _Level(enum.IntEnum):
    HIGH = 3


class _Word(str):
    __slots__ = ()


class _Table(dict):  # type: ignore[type-arg]
    pass


async def _through(core: Any, see: Any, label: str, data: Any) -> None:
    """Emit without a handler, then with one, and note what arrives."""
    registry = core.HookRegistry()
    await see.wait(f"{label}: alone", registry.emit, "event", data)
    registry.register("event", lambda _event, given: see.note(f"{label}: handler", given))
    await see.wait(f"{label}: handled", registry.emit, "event", data)


async def plain_values(core: Any, see: Any) -> None:
    for value in (
        None, True, False, 0, -1, 1.5, 1.0, -0.0, 1e16, 1e-7, 1e22, "", "text", [], {}, [1, [2, [3]]],
        {"a": {"b": {"c": None}}}, "é", "\u2028", "\x00", "\x7f", "😀", "a" * 2000, 123456789012345678,
    ):  # fmt: skip
        await _through(core, see, repr(value)[:40], {"value": value})


async def converted_values(core: Any, see: Any) -> None:
    for label, value in {
        "tuple": (1, (2, "x")),
        "set": {1},
        "bytes": b"raw\xff",
        "decimal": decimal.Decimal("1.50"),
        "datetime": dt.datetime(2020, 1, 2, 3, 4, 5),
        "date": dt.date(2020, 1, 2),
        "path": pathlib.PurePosixPath("/a/b"),
        "object": _Named(),
        "class": _Named,
        "enum": _Colour.RED,
        "int enum": _Level.HIGH,
        "str subclass": _Word("word"),
        "dict subclass": _Table(a=1),
        "complex": 1 + 2j,
        "exception": ValueError("wrong"),
        "range": range(3),
        "generator": iter([1]).__class__,
        "model": core.ToolResult(output=1),
        "list of objects": [_Named(), (1,), {2}],
    }.items():
        await _through(core, see, label, {"value": value, "nested": {"deep": [value]}})


async def keys(core: Any, see: Any) -> None:
    for label, data in {
        "int": {1: "a"},
        "bool and none": {True: 1, None: 2},
        "float": {2.5: "a", 1e20: "b"},
        "same text": {1: "int", "1": "str"},
        "tuple": {(1, 2): "a"},
        "object": {_Named(): "a"},
        "bytes": {b"k": 1},
        "nested tuple": {"a": {(1,): 2}},
        "unicode": {"é😀": 1, "": 2},
        "surrogate": {"\ud800": 1},
        "enum": {_Level.HIGH: 1},
        "str subclass": {_Word("word"): 1},
    }.items():
        await _through(core, see, label, data)


async def big_integers(core: Any, see: Any) -> None:
    for power in (31, 53, 62, 63, 64, 65, 100, 1023):
        for value in (2**power, 2**power - 1, -(2**power), -(2**power) - 1):
            await _through(core, see, f"2**{power}", {"value": value})
    await _through(core, see, "too large", {"value": 10**400})
    await _through(core, see, "in a list", {"value": [2**70, "1" * 30, {"k": -(2**70)}]})


async def refused_values(core: Any, see: Any) -> None:
    loop: list[Any] = []
    loop.append(loop)
    for label, data in {
        "nan": {"v": float("nan")},
        "infinity": {"value": float("inf")},
        "minus infinity": {"value": [1, float("-inf")]},
        "nan after text": {"text": 'a "NaN" [', "v": float("nan")},
        "high surrogate": {"v": "\ud800"},
        "high surrogate, text": {"v": "a\ud800b"},
        "high surrogate, newline": {"v": "\ud800\n"},
        "high surrogate, other": {"v": "\ud800é"},
        "two high surrogates": {"v": "\ud800\ud800"},
        "low surrogate": {"v": "\udc00"},
        "pair as two": {"v": "\ud83d\ude00"},
        "pair and low": {"v": "\ud83d\ude00\ude00"},
        "escaped backslash": {"v": "\\ud800"},
        "circle": {"v": loop},
        "mute object": {"v": _Mute()},
    }.items():
        await _through(core, see, label, data)


async def depth(core: Any, see: Any) -> None:
    for kind in ("dict", "list"):
        for levels in (120, 125, 126, 127, 128, 200):
            value: Any = 1
            for _ in range(levels):
                value = {"d": value} if kind == "dict" else [value]
            await _through(core, see, f"{kind} {levels}", {"v": value})
    await _through(core, see, "wide", {"v": [[] for _ in range(300)]})


async def whole_payload(core: Any, see: Any) -> None:
    for value in ([1, (2,)], "text", None, 5, True, 2.5, core.HookResult(action="deny"), _Named(), (1, 2)):
        await _through(core, see, type(value).__name__, value)
    registry = core.HookRegistry()
    registry.set_default_fields(k=1)
    registry.register("event", lambda _event, given: see.note("no defaults under a list", given))
    await see.wait("list with defaults", registry.emit, "event", [1])


async def read_when_called(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    data: dict[str, Any] = {"value": [1]}
    waiting = registry.emit("event", data)
    data["value"].append(2)
    data["late"] = True
    see.note("as it was when emit was called", (await waiting).data)


async def copies(core: Any, see: Any) -> None:
    registry = core.HookRegistry()

    def spoil(_event: str, given: dict[str, Any]) -> None:
        given["inner"]["list"].append("spoiled")
        given.clear()

    registry.register("event", spoil)
    registry.register("event", lambda _event, given: see.note("second handler", given))
    data = {"inner": {"list": [1]}}
    result = await registry.emit("event", data)
    see.note("result", result)
    see.note("the caller's own", data)
    result.data["inner"]["list"].append("late")
    see.note("the caller's own, later", data)


async def changed_data_is_copied(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    change = {"inner": [1], "tuple": (1,)}
    registry.register("event", lambda _event, _given: {"action": "modify", "data": change})
    registry.register("event", lambda _event, given: given["inner"].append(9))
    result = await registry.emit("event", {})
    see.note("result", result)
    see.note("the handler's own", change)


async def defaults(core: Any, see: Any) -> None:
    registry = core.HookRegistry()
    registry.register("event", lambda _event, given: see.note("handler", given))
    registry.set_default_fields(a=1, b=(2,), c=_Named(), timestamp="mine")
    await see.wait("over defaults", registry.emit, "event", {"b": "own", "d": None})
    await see.wait("own timestamp", registry.emit, "event", {"timestamp": 5})
    registry.set_default_fields(z=1)
    await see.wait("replaced", registry.emit, "event", {})
    registry.set_default_fields()
    await see.wait("emptied", registry.emit, "event", {})
    see.call("nan", registry.set_default_fields, v=float("nan"))
    see.refused("positional", registry.set_default_fields, {})
    await see.wait("still empty", registry.emit, "event", {})
    await see.wait("without a handler", registry.emit, "other", {"x": 1})
