"""What a tool is: a typed Python function with a docstring.

Owns the way from a function to Amplifier's Tool contract. The JSON schema and the check of the arguments come from the
signature (pydantic); descriptions from `Annotated[..., Field(description=...)]` or from the docstring's "Args:".

    @tool(access="read")
    def add(a: float, b: float) -> float:
        '''Add two numbers.

        Args:
            a: the first number
            b: the second number
        '''
        return a + b
"""

from __future__ import annotations

import inspect
import json
import re
import warnings
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from amplifier_core import ToolResult
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from ..errors import ClocheError

#: read: own data, runs at once. The rest asks first: it changes something, leaves this machine, or runs code.
Access = Literal["read", "write", "network", "code"]
ARGUMENT = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.+)$")
SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?):\s*$", re.M)
ARGUMENTS = ("Args", "Arguments", "Parameters")
CONFIG = ConfigDict(extra="forbid", coerce_numbers_to_str=True, arbitrary_types_allowed=True)


class ToolFault(Exception):  # noqa: N818 - the name says what happened
    """A tool cannot do what was asked; the text tells the model why."""


class Shown(NamedTuple):
    """A result with figures (SVG, checked by the tool) that only the person sees."""

    text: str
    figures: list[str]


class ShownResult(ToolResult):  # type: ignore[misc]
    """The same for Amplifier, which hands it on."""

    figures: list[str] = Field(default=[])


class FunctionTool:
    """An Amplifier tool made of a function, which stays callable.

    `access` says what it does, `outside` that its results were written by others, `seconds` how long it may take,
    `origin` which origin a call with these arguments would reach.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        access: Access,
        *,
        outside: bool,
        seconds: float,
        origin: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:
        self._function = function
        self.name: str = function.__name__
        self.access: Access = access
        self.outside = outside
        self.seconds = seconds
        self.origin = origin
        self.description, told = described(function)
        self._arguments = arguments_model(function, told)
        self.input_schema: dict[str, Any] = plain_schema(self._arguments.model_json_schema())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function itself."""
        return self._function(*args, **kwargs)

    def fault_in(self, arguments: dict[str, Any]) -> str | None:
        """What is wrong with these arguments, in words that a model can act on; None when they are right."""
        try:
            self._arguments.model_validate(arguments)
        except ValidationError as error:
            return f"The arguments of {self.name} are wrong. {explained(error)} {self._usage()}"
        return None

    async def execute(self, arguments: dict[str, Any]) -> ToolResult:
        """Run the function with checked arguments."""
        try:
            checked = self._arguments.model_validate(arguments)
        except ValidationError as error:
            return ToolResult(success=False, output=f"The arguments of {self.name} are wrong. {explained(error)}")
        given = {name: getattr(checked, field_name(name)) for name in self._names()}
        try:
            value = self._function(**given)
            if inspect.isawaitable(value):
                value = await value
        except (ToolFault, ClocheError) as fault:
            return ToolResult(success=False, output=str(fault))
        if isinstance(value, Shown):
            return ShownResult(success=True, output=value.text, figures=value.figures)
        return ToolResult(success=True, output=as_text(value))

    def _names(self) -> list[str]:
        return [field.alias or name for name, field in self._arguments.model_fields.items()]

    def _usage(self) -> str:
        required = self.input_schema.get("required", [])
        listed = [name if name in required else f"{name} (optional)" for name in self.input_schema["properties"]]
        return f"It takes: {', '.join(listed)}." if listed else "It takes no arguments."


def tool(
    access: Access = "write",
    *,
    outside: bool = False,
    seconds: float = 30,
    origin: Callable[[dict[str, Any]], str] | None = None,
) -> Callable[[Callable[..., Any]], FunctionTool]:
    """Make a function a tool. Without a word on what it does it counts as one that changes things."""

    def decorate(function: Callable[..., Any]) -> FunctionTool:
        return FunctionTool(function, access, outside=outside, seconds=seconds, origin=origin)

    return decorate


def described(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The purpose of a function and what its docstring says of each argument."""
    document = inspect.getdoc(function) or ""
    purpose, *sections = SECTION.split(document)
    section = next((text for head, text in zip(sections[::2], sections[1::2], strict=True) if head in ARGUMENTS), "")
    told: dict[str, str] = {}
    last = ""
    for line in section.splitlines():
        found = ARGUMENT.match(line)
        if found:
            last = found[1]
            told[last] = found[2].strip()
        elif last and line.strip():
            told[last] += " " + line.strip()
    return " ".join(purpose.split()), told


def arguments_model(function: Callable[..., Any], told: dict[str, str]) -> type[BaseModel]:
    """The arguments of a function as a pydantic model that refuses what the function does not take."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{function.__name__}: a tool's arguments have names; *{name} cannot be described.")
        hint, default = hints.get(name, Any), parameter.default
        if isinstance(default, FieldInfo):
            hint, default = Annotated[hint, default], default.get_default() if not default.is_required() else ...
        more: Any = {"description": told[name]} if name in told else {}
        info = Field(... if default is parameter.empty else default, alias=name, **more)
        fields[field_name(name)] = (hint, info)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return create_model(function.__name__, __config__=CONFIG, **fields)


def field_name(argument: str) -> str:
    """A name inside the model that no method of pydantic has."""
    return f"argument_{argument.lstrip('_')}"


def plain_schema(schema: Any) -> Any:
    """A JSON schema without titles, which say nothing that the names do not."""
    if isinstance(schema, dict):
        kept: dict[str, Any] = {}
        for key, value in schema.items():
            if key == "title" and isinstance(value, str):
                continue
            if key in ("properties", "$defs") and isinstance(value, dict):
                kept[key] = {name: plain_schema(part) for name, part in value.items()}
            else:
                kept[key] = plain_schema(value)
        if kept.get("type") == "object" and "additionalProperties" in kept and "properties" not in kept:
            kept["properties"] = {}
        return kept
    return [plain_schema(part) for part in schema] if isinstance(schema, list) else schema


def explained(error: ValidationError) -> str:
    """All that is wrong, one short clause each."""
    problems = []
    for problem in error.errors(include_url=False)[:5]:
        where = ".".join(str(step) for step in problem["loc"])
        kind = problem["type"]
        if kind == "missing":
            problems.append(f"'{where}' is missing")
        elif kind == "extra_forbidden":
            problems.append(f"'{where}' is not known")
        else:
            problems.append(f"'{where}': {problem['msg']}, not {short(problem['input'])}")
    return "; ".join(problems) + "."


def short(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


def as_text(value: Any) -> str:
    """A result as a model reads it."""
    if value is None:
        return "Done."
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
