"""Writes the contract down in TypeScript: it becomes `js_bridge/contract.gen.ts`.

Owns the translation of shapes, nothing about their meaning. Run `python -m cloche.contract_typescript` to write the
file and with `--check` to fail where it is stale. Rules: `bytes` are `Uint8Array`, docstrings become JSDoc, a field
with a default may be left out where the shape is only ever a parameter and is always there where Python or a worker
answers with it. Ranges and lengths that pydantic enforces are repeated in `LIMITS`, so that forms need no numbers of
their own.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from . import commands, contract, engine_contract, model_shapes, remote_shapes, shapes
from .commands import Command, NoParams
from .shapes import Model

OUTPUT = Path(__file__).resolve().parents[2] / "js_bridge" / "contract.gen.ts"
HEADER = """\
// What the page, Python and the workers say to each other. Owns nothing by hand: generated from
// py_app/cloche (shapes, contracts, */shapes.py) by `python -m cloche.contract_typescript`.
"""
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", bytes: "Uint8Array", type(None): "null"}
ALIASES: dict[str, Any] = {"Part": shapes.Part}
LIMIT_NAMES = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "maxItems")


def models() -> list[type[Model]]:
    """All shapes in the order of their definition."""
    found: list[type[Model]] = []
    for module in (shapes, model_shapes, commands, contract, *contract.CAPABILITIES, remote_shapes, engine_contract):
        classes = (value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, Model))
        found.extend(shape for shape in classes if shape.__module__ == module.__name__)
    return [model for model in found if model is not Model]


def annotations_of(model: type[Model]) -> dict[str, FieldInfo]:
    """The fields of a shape with resolved types."""
    model.model_rebuild()
    return model.model_fields


def types_in(annotation: Any) -> Iterator[Any]:
    """The annotation and everything that it is made of."""
    yield annotation
    for argument in get_args(annotation):
        yield from types_in(argument)


def answered() -> set[type[Model]]:
    """Shapes that are part of some answer, stream item or event: their fields are always all there."""
    roots: list[Any] = [*contract.EVENTS.values(), *engine_contract.STREAMS.values()]
    for table in (contract.COMMANDS, *engine_contract.WORKERS.values()):
        roots.extend(command.result for command in table.values())
    found: set[type[Model]] = set()
    while roots:
        for part in types_in(roots.pop()):
            if inspect.isclass(part) and issubclass(part, Model) and part not in found:
                found.add(part)
                roots.extend(field.annotation for field in annotations_of(part).values())
    return found


def typescript(annotation: Any) -> str:
    """The TypeScript type of an annotation."""
    for name, alias in ALIASES.items():
        if annotation == alias:
            return name
    if annotation is Any:
        return "unknown"
    if annotation is None:
        return "null"
    if annotation in PLAIN:
        return PLAIN[annotation]
    if inspect.isclass(annotation) and issubclass(annotation, Model):
        return annotation.__name__
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return typescript(arguments[0])
    if origin is Literal:
        return " | ".join(json.dumps(value) for value in arguments)
    if origin in (Union, types.UnionType):
        return " | ".join(typescript(argument) for argument in arguments)
    if origin is list:
        item = typescript(arguments[0])
        return f"({item})[]" if " " in item else f"{item}[]"
    if origin is dict:
        return f"Record<{typescript(arguments[0])}, {typescript(arguments[1])}>"
    raise TypeError(f"No TypeScript type for {annotation!r}.")


def jsdoc(text: str | None, indent: str = "") -> str:
    """A docstring as a JSDoc comment."""
    lines = inspect.cleandoc(text or "").splitlines()
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"


def is_tag(field: FieldInfo) -> bool:
    """Whether the field only names the kind of shape: it is there even in parameters."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def interface(model: type[Model], always_full: bool) -> str:
    """One shape."""
    if model is NoParams:
        return f"{jsdoc(model.__doc__)}export type NoParams = Record<string, never>;\n"
    lines = []
    for name, field in annotations_of(model).items():
        optional = "" if always_full or field.is_required() or is_tag(field) else "?"
        lines.append(f"  {name}{optional}: {typescript(field.annotation)};\n")
    return f"{jsdoc(model.__doc__)}export interface {model.__name__} {{\n{''.join(lines)}}}\n"


def command_map(table: dict[str, Command], indent: str) -> str:
    """The lines of a map from a method's name to its parameters and its result."""
    return "".join(
        f'{indent}"{name}": {{ params: {typescript(command.params)}; result: {typescript(command.result)} }};\n'
        for name, command in table.items()
    )


def shape_map(shapes: dict[str, type[Model]]) -> str:
    """The lines of a map from a name to a shape."""
    return "".join(f'  "{name}": {typescript(shape)};\n' for name, shape in shapes.items())


def map_of(name: str, purpose: str, lines: str) -> str:
    """An interface that maps names to shapes."""
    return f"/** {purpose} */\nexport interface {name} {{\n{lines}}}\n"


def limits() -> str:
    """The constant with the ranges and lengths of all parameters."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for model in models():
        for name, schema in model.model_json_schema().get("properties", {}).items():
            number = next((choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"), schema)
            bounds = {key: number[key] for key in LIMIT_NAMES if key in number}
            if bounds:
                found.setdefault(model.__name__, {})[name] = bounds
    text = "/** Ranges and lengths that Python enforces, by shape and field. */\nexport const LIMITS = {\n"
    for model_name, fields in found.items():
        text += f"  {model_name}: {{\n"
        for name, bounds in fields.items():
            inner = ", ".join(f"{key}: {json.dumps(value)}" for key, value in bounds.items())
            text += f"    {name}: {{ {inner} }},\n"
        text += "  },\n"
    return text + "} as const;\n"


def generate() -> str:
    """The whole file."""
    full = answered()
    parts = [HEADER]
    for model in models():
        parts.append(interface(model, model in full))
        for name, alias in ALIASES.items():
            if model is get_args(get_args(alias)[0])[-1]:
                members = " | ".join(member.__name__ for member in get_args(get_args(alias)[0]))
                parts.append(f"/** Any of {members}. */\nexport type {name} = {members};\n")
    parts.append(map_of("Commands", "Commands of the page to Python.", command_map(contract.COMMANDS, "  ")))
    parts.append(map_of("Events", "Events that Python tells the page.", shape_map(contract.EVENTS)))
    workers = "".join(
        f'  "{name}": {{\n{command_map(table, "    ")}  }};\n' for name, table in engine_contract.WORKERS.items()
    )
    parts.append(map_of("Workers", "What each worker answers.", workers))
    streams = shape_map(engine_contract.STREAMS)
    parts.append(map_of("Streams", "Items that a worker's method streams before its result.", streams))
    parts.append(limits())
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or with `--check` say whether it is fresh."""
    parser = argparse.ArgumentParser(description="Generate js_bridge/contract.gen.ts from the Python contract.")
    parser.add_argument("--check", action="store_true", help="only tell whether the file is fresh")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    text = generate()
    if options.check:
        if options.output.is_file() and options.output.read_text(encoding="utf-8") == text:
            return 0
        print(f"{options.output} is stale: run `python -m cloche.contract_typescript`.", file=sys.stderr)
        return 1
    options.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
