"""Completion on the live namespace: names, and attributes of what a dotted name stands for.

Owns finding them. It looks up attributes but calls nothing: a chain with a call or an index in it has no completions.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
from types import ModuleType
from typing import Any

from .shapes import CompletionOption, Completions

CHAIN = re.compile(r"(?<![\w.\])\"'])((?:[^\W\d]\w*\.)*)([^\W\d]\w*|)$")
MOST = 200


def complete(before: str, namespace: dict[str, Any]) -> Completions:
    """What could follow this code; names with a leading underscore only once the underscore is there."""
    line = before.rsplit("\n", 1)[-1]
    found = CHAIN.search(line)
    if found is None:
        return Completions(length=0, options=[])
    path, prefix = found[1].rstrip("."), found[2]
    known = _attributes(path, namespace) if path else _names(namespace)
    fitting = [name for name in known if name.startswith(prefix) and (prefix or not name.startswith("_"))]
    if not prefix.startswith("_"):
        fitting = [name for name in fitting if not name.startswith("_")]
    return Completions(length=len(prefix), options=[known[name] for name in sorted(fitting)[:MOST]])


def _names(namespace: dict[str, Any]) -> dict[str, CompletionOption]:
    known = {word: CompletionOption(label=word, kind="keyword") for word in keyword.kwlist}
    for names in (vars(builtins), namespace):
        known.update({name: _option(name, value) for name, value in names.items()})
    return known


def _attributes(path: str, namespace: dict[str, Any]) -> dict[str, CompletionOption]:
    first, *steps = path.split(".")
    try:
        thing = namespace[first] if first in namespace else vars(builtins)[first]
        for step in steps:
            thing = getattr(thing, step)
        names = dir(thing)
    except Exception:
        return {}
    return {name: _option(name, inspect.getattr_static(thing, name, None)) for name in names}


def _option(name: str, value: Any) -> CompletionOption:
    if isinstance(value, ModuleType):
        return CompletionOption(label=name, kind="module")
    if isinstance(value, property):
        return CompletionOption(label=name, kind="property")
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, type):
        return CompletionOption(label=name, kind="class")
    if not callable(value):
        return CompletionOption(label=name, kind="variable", detail=type(value).__name__)
    return CompletionOption(label=name, kind="function", detail=_signature(value))


def _signature(function: Any) -> str:
    try:
        text = str(inspect.signature(function)).replace("(self, ", "(").replace("(self)", "()")
    except (TypeError, ValueError):
        return ""
    return text if len(text) <= 80 else text[:79] + "…"
