"""How models write tools, calls and results as text: one format for each family of models.

Owns the words. A model follows best the words that it was trained on: those of the families are their chat templates',
the generic ones explain everything. Reading calls is reader.py's, which understands all formats at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from ..engine_contract import ToolCall, ToolSpec
from ..model_shapes import ModelCard

Name = Literal["hermes", "qwen", "llama3", "mistral", "generic"]


class Format(NamedTuple):
    """`tools` introduces the tools to the model, `call` writes a call again, `result` one result of a tool."""

    tools: Callable[[Sequence[ToolSpec]], str]
    call: Callable[[str, Any], str]
    result: Callable[[str, str], str]


def dumped(value: Any) -> str:
    """JSON as people write it."""
    return json.dumps(value, ensure_ascii=False)


def signatures(tools: Sequence[ToolSpec]) -> str:
    """The tools in OpenAI's shape, one a line."""
    return "\n".join(dumped(tool.model_dump()) for tool in tools)


def hermes_tools(tools: Sequence[ToolSpec]) -> str:
    """As Hermes' and Qwen's templates say it."""
    return (
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n"
        f"<tools>\n{signatures(tools)}\n</tools>\n\n"
        "For each function call, return a json object with function name and arguments within <tool_call></tool_call> "
        'XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
    )


def hermes_call(name: str, arguments: Any) -> str:
    """One call."""
    return f"<tool_call>\n{dumped({'name': name, 'arguments': arguments})}\n</tool_call>"


def hermes_result(_: str, text: str) -> str:
    """One result."""
    return f"<tool_response>\n{text}\n</tool_response>"


def qwen_tools(tools: Sequence[ToolSpec]) -> str:
    """As the template of Qwen's coders says it."""
    return (
        f"# Tools\n\nYou have access to the following functions:\n\n<tools>\n{signatures(tools)}\n</tools>\n\n"
        "If you choose to call a function ONLY reply in the following format with NO suffix:\n\n"
        "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"
        "</function>\n</tool_call>\n\nRequired parameters MUST be specified. If there is no function call available, "
        "answer the question like normal and do not tell the user about function calls."
    )


def qwen_call(name: str, arguments: Any) -> str:
    """One call."""
    given = arguments.items() if isinstance(arguments, dict) else ()
    texts = {key: value if isinstance(value, str) else dumped(value) for key, value in given}
    parameters = "".join(f"<parameter={key}>\n{text}\n</parameter>\n" for key, text in texts.items())
    return f"<tool_call>\n<function={name}>\n{parameters}</function>\n</tool_call>"


def llama_tools(tools: Sequence[ToolSpec]) -> str:
    """As the template of Llama 3 says it."""
    listed = "\n\n".join(json.dumps(tool.model_dump(), ensure_ascii=False, indent=4) for tool in tools)
    return (
        "You have access to the following functions. To call a function, please respond with JSON for a function call. "
        'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}. '
        f"Do not use variables.\n\n{listed}"
    )


def llama_call(name: str, arguments: Any) -> str:
    """One call."""
    return dumped({"name": name, "parameters": arguments})


def llama_result(_: str, text: str) -> str:
    """One result."""
    return dumped({"output": text})


def mistral_tools(tools: Sequence[ToolSpec]) -> str:
    """Mistral's control tokens around the tools; what to write is said as well."""
    return (
        f"[AVAILABLE_TOOLS]{dumped([tool.model_dump() for tool in tools])}[/AVAILABLE_TOOLS]\n"
        'To call tools, answer with [TOOL_CALLS][{"name": tool name, "arguments": object}] and nothing else.'
    )


def mistral_call(name: str, arguments: Any) -> str:
    """One call."""
    return f"[TOOL_CALLS]{dumped([{'name': name, 'arguments': arguments}])}"


def mistral_result(_: str, text: str) -> str:
    """One result."""
    return f"[TOOL_RESULTS]{dumped({'content': text})}[/TOOL_RESULTS]"


def generic_tools(tools: Sequence[ToolSpec]) -> str:
    """For models that were trained on none of these."""
    listed = "\n".join(
        f"- {tool.function.name}: {tool.function.description}\n  arguments: {dumped(tool.function.parameters)}"
        for tool in tools
    )
    return (
        f"You can use these tools:\n{listed}\n\nTo use a tool, write nothing but this, with the tool's name and its "
        "arguments, and wait for its result:\n"
        '<tool_call>{"name": "tool", "arguments": {"argument": "value"}}</tool_call>\n'
        "If no tool helps, answer in plain words."
    )


def generic_result(name: str, text: str) -> str:
    """One result."""
    return f"Result of {name}:\n{text}"


FORMATS: dict[str, Format] = {
    "hermes": Format(hermes_tools, hermes_call, hermes_result),
    "qwen": Format(qwen_tools, qwen_call, hermes_result),
    "llama3": Format(llama_tools, llama_call, llama_result),
    "mistral": Format(mistral_tools, mistral_call, mistral_result),
    "generic": Format(generic_tools, hermes_call, generic_result),
}
#: parts of models' names, the more special first
FAMILIES: tuple[tuple[str, Name], ...] = (
    ("hermes", "hermes"),
    ("qwen3-coder", "qwen"),
    ("qwen", "hermes"),
    ("qwq", "hermes"),
    ("smollm3", "hermes"),
    ("llama-3", "llama3"),
    ("llama3", "llama3"),
    ("llama 3", "llama3"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("ministral", "mistral"),
    ("devstral", "mistral"),
)


def format_of(card: ModelCard | None) -> Format:
    """The format of a model: what its card says, else what its family writes."""
    if card is None:
        return FORMATS["generic"]
    known = f"{card.id} {card.name}".lower()
    family = next((name for part, name in FAMILIES if part in known), "generic")
    return FORMATS[card.tool_format or family]


def arguments_of(call: ToolCall) -> Any:
    """The arguments of a call in the history, which are JSON."""
    return json.loads(call.function.arguments or "{}")
