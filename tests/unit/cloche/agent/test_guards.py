"""What ends a turn that runs in circles."""

from __future__ import annotations

from typing import Any

from amplifier_core import ChatResponse, ToolResult, Usage
from tests.unit.cloche.agent.loop import Loop, Tool, calls, says

from cloche.agent.guards import Guard, Limits


def used(tokens: int, cached: int = 0) -> ChatResponse:
    """A response that took tokens."""
    usage = Usage(input_tokens=tokens, output_tokens=0, total_tokens=tokens, cache_read_tokens=cached)
    return ChatResponse(content=[], usage=usage)


def echo(name: str = "echo") -> Tool:
    """A tool that gives back its arguments."""
    return Tool(name, lambda arguments: ToolResult(output=str(arguments)))


async def test_the_same_call_again_ends_the_turn_with_a_sentence() -> None:
    tool = echo()
    loop = await Loop(calls(("echo", {"n": 1})), calls(("echo", {"n": 1})), tools=[tool]).ready()
    answer = await loop.session.execute("Go")
    assert answer == "I stopped: the model called echo again with the same arguments. Its result is above."
    assert len(tool.inputs) == 1
    assert "not run again" in (await loop.messages())[4]["content"]


async def test_other_arguments_are_another_call() -> None:
    tool = echo()
    loop = await Loop(calls(("echo", {"n": 1})), calls(("echo", {"n": 2})), says("Fine."), tools=[tool]).ready()
    assert await loop.session.execute("Go") == "Fine."
    assert tool.inputs == [{"n": 1}, {"n": 2}]


async def test_twins_in_one_round_run_once_and_end_nothing() -> None:
    tool = echo()
    loop = await Loop(calls(("echo", {"n": 1}), ("echo", {"n": 1})), says("Fine."), tools=[tool]).ready()
    assert await loop.session.execute("Go") == "Fine."
    assert len(tool.inputs) == 1


async def test_the_next_turn_may_call_the_same_again() -> None:
    tool = echo()
    once = [calls(("echo", {})), says("One.")]
    loop = await Loop(*once, *once, tools=[tool]).ready()
    assert [await loop.session.execute("Go"), await loop.session.execute("Go")] == ["One.", "One."]
    assert len(tool.inputs) == 2


async def test_wrong_calls_are_answered_twice_and_the_third_ends_the_turn() -> None:
    class Picky(Tool):
        def fault_in(self, arguments: dict[str, Any]) -> str | None:
            return f"{arguments['n']} is wrong."

    tool = Picky("pick", lambda _: ToolResult(output="never"))
    wrong = [calls(("pick", {"n": n})) for n in range(4)]
    loop = await Loop(*wrong, tools=[tool]).ready()
    answer = await loop.session.execute("Go")
    assert answer == "I stopped: the model called tools wrongly 3 times. 2 is wrong."
    assert len(loop.provider.requests) == 3
    assert loop.provider.requests[1].messages[-1].content == "Error: 0 is wrong."
    assert tool.inputs == []


async def test_a_wrong_call_that_is_put_right_goes_on() -> None:
    class Picky(Tool):
        def fault_in(self, arguments: dict[str, Any]) -> str | None:
            return None if arguments.get("n") else "'n' is missing."

    tool = Picky("pick", lambda _: ToolResult(output="ok"))
    loop = await Loop(calls(("pick", {})), calls(("pick", {"n": 1})), says("Fine."), tools=[tool]).ready()
    assert await loop.session.execute("Go") == "Fine."
    assert tool.inputs == [{"n": 1}]


async def test_limits_come_from_the_configuration() -> None:
    loop = await Loop(calls(("echo", {"n": 1})), tools=[echo()], max_tokens=0).ready()
    assert "tokens" in await loop.session.execute("Go")


def test_tokens_are_counted_without_those_from_the_cache() -> None:
    guard = Guard(Limits(tokens=100))
    guard.asked(used(90, cached=50))
    assert guard.verdict() is None
    guard.asked(used(60))
    assert guard.verdict() == "I stopped: this answer has taken 100 tokens, and 100 are the limit."


def test_time_counts_except_where_a_person_is_asked() -> None:
    now = 0.0
    guard = Guard(Limits(seconds=10), lambda: now)
    now = 25.0
    guard.waited(20)
    assert guard.verdict() is None
    now = 30.0
    assert guard.verdict() == "I stopped: this answer has taken more than 10 seconds."
