"""An engine's completion as Amplifier's response.

Owns the mapping from the engine contract to Amplifier, one way. The order of blocks is that of the stream: reasoning,
text, then tool calls.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from amplifier_core import ChatResponse, TextBlock, ThinkingBlock, ToolCallBlock, Usage
from amplifier_core import ToolCall as AmplifierToolCall

from ..calling.written import FaultyCall
from ..engine_contract import Completion, ToolCall


def response_from(completion: Completion, model: str) -> ChatResponse:
    """The response; `metadata` holds the model's id and the engine's timings."""
    calls = [tool_call(call) for call in completion.tool_calls]
    content: list[Any] = []
    if completion.reasoning:
        content.append(ThinkingBlock(thinking=completion.reasoning))
    if completion.text:
        content.append(TextBlock(text=completion.text))
    content.extend(ToolCallBlock(id=call.id, name=call.name, input=call.arguments) for call in calls)
    usage = completion.usage
    return ChatResponse(
        content=content,
        tool_calls=calls or None,
        usage=Usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
            cache_read_tokens=usage.cached_tokens,
        ),
        finish_reason=completion.finish_reason,
        metadata={"model": model, "timings": completion.timings.model_dump()},
    )


def tool_call(call: ToolCall) -> AmplifierToolCall:
    """A call with its arguments as an object; with a `fault` and no arguments where they are not one."""
    call_id = call.id or f"call_{uuid.uuid4().hex[:12]}"
    name = call.function.name
    if isinstance(call, FaultyCall):
        return AmplifierToolCall(id=call_id, name=name, arguments={}, fault=call.fault)
    try:
        arguments = json.loads(call.function.arguments or "{}", parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        fault = f"The arguments of {name} are not valid JSON: {error}."
        return AmplifierToolCall(id=call_id, name=name, arguments={}, fault=fault)
    if not isinstance(arguments, dict):
        fault = f"The arguments of {name} must be a JSON object, not {type(arguments).__name__}."
        return AmplifierToolCall(id=call_id, name=name, arguments={}, fault=fault)
    return AmplifierToolCall(id=call_id, name=name, arguments=arguments)


def refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON, whatever Python's parser thinks."""
    raise ValueError(f"{name} is not a JSON value")
