"""An engine's completion as Amplifier's response."""

from __future__ import annotations

import pytest

from cloche.engine_contract import Completion, FunctionCall, ToolCall
from cloche.providers.completion import response_from, tool_call
from cloche.shapes import Timings, Usage


def called(arguments: str) -> ToolCall:
    """A call with these arguments."""
    return ToolCall(id="1", function=FunctionCall(name="add", arguments=arguments))


def test_text_reasoning_and_calls_become_blocks_in_that_order() -> None:
    completion = Completion(
        text="Let me see.",
        reasoning="Hm.",
        tool_calls=[called('{"a": 1}')],
        finish_reason="tool_calls",
        usage=Usage(prompt_tokens=10, completion_tokens=5, cached_tokens=3),
        timings=Timings(total_ms=9.0),
    )
    response = response_from(completion, "starter")
    assert [block.type for block in response.content] == ["thinking", "text", "tool_call"]
    assert response.tool_calls[0].arguments == {"a": 1}
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.cache_read_tokens) == (10, 5, 3)
    assert response.metadata["model"] == "starter"
    assert response.metadata["timings"]["total_ms"] == 9.0


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", '"text"', "null", '{"a": NaN}', "not json"])
def test_arguments_that_are_no_json_object_stay_out_of_the_history(arguments: str) -> None:
    call = tool_call(called(arguments))
    assert call.arguments == {}
    assert "add" in call.fault


def test_a_call_without_arguments_has_an_empty_object() -> None:
    assert tool_call(called("")).arguments == {}


def test_a_call_without_an_id_gets_one() -> None:
    call = tool_call(ToolCall(id="", function=FunctionCall(name="add", arguments="{}")))
    assert call.id.startswith("call_")
