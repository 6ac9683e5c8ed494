"""The agent loop in a real Amplifier session: order of events, tools, hooks, cancellation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from amplifier_core import HookResult, ToolResult
from tests.unit.cloche.agent.loop import Loop, Tool, calls, says


async def test_an_answer_is_returned_and_the_events_come_in_order() -> None:
    loop = await Loop(says("Hi.")).ready()
    assert await loop.session.execute("Hello") == "Hi."
    assert loop.names() == [
        "session:start",
        "execution:start",
        "prompt:submit",
        "provider:request",
        "content_block:end",
        "provider:response",
        "execution:end",
        "orchestrator:complete",
    ]
    assert [message["role"] for message in await loop.messages()] == ["user", "assistant"]


async def test_a_tool_is_run_and_its_result_goes_back_to_the_model() -> None:
    tool = Tool("add", lambda arguments: ToolResult(output=arguments["a"] + arguments["b"]))
    loop = await Loop(calls(("add", {"a": 2, "b": 3})), says("It is 5."), tools=[tool]).ready()
    assert await loop.session.execute("2 + 3?") == "It is 5."
    asked = loop.provider.requests[1].messages
    assert [message.role for message in asked] == ["user", "assistant", "tool"]
    assert asked[2].content == "5"
    assert loop.provider.requests[0].tools[0].name == "add"


async def test_calls_of_one_round_run_together_and_keep_their_order() -> None:
    meeting = asyncio.Barrier(2)

    async def meet(arguments: dict[str, Any]) -> ToolResult:
        await meeting.wait()
        return ToolResult(output=arguments["n"])

    loop = await Loop(calls(("meet", {"n": 1}), ("meet", {"n": 2})), says("Met."), tools=[Tool("meet", meet)]).ready()
    await asyncio.wait_for(loop.session.execute("Go"), 5)
    assert [message["content"] for message in await loop.messages() if message["role"] == "tool"] == ["1", "2"]


async def test_the_number_of_rounds_is_limited() -> None:
    tool = Tool("again", lambda _: ToolResult(output="more"))
    endless = [calls(("again", {"n": n})) for n in range(5)]
    loop = await Loop(*endless, tools=[tool], max_rounds=3).ready()
    assert "3 rounds" in await loop.session.execute("Go")
    assert len(loop.provider.requests) == 3
    assert (await loop.messages())[-1]["role"] == "assistant"


async def test_a_tool_that_fails_tells_the_model() -> None:
    def fail(_: dict[str, Any]) -> ToolResult:
        raise ValueError("no such file")

    loop = await Loop(calls(("read", {})), says("Sorry."), tools=[Tool("read", fail)]).ready()
    assert await loop.session.execute("Go") == "Sorry."
    assert (await loop.messages())[2]["content"] == "Error: The tool failed: no such file"
    assert "tool:error" in loop.names()


async def test_a_result_that_is_a_failure_is_told_as_one() -> None:
    tool = Tool("add", lambda _: ToolResult(success=False, output="'x' is no number."))
    loop = await Loop(calls(("add", {})), says("Sorry."), tools=[tool]).ready()
    await loop.session.execute("Go")
    assert (await loop.messages())[2]["content"] == "Error: 'x' is no number."


async def test_an_unknown_tool_is_named() -> None:
    loop = await Loop(calls(("fly", {})), says("Sorry.")).ready()
    await loop.session.execute("Go")
    assert "no tool 'fly'" in (await loop.messages())[2]["content"]


async def test_malformed_arguments_are_answered_with_the_fault() -> None:
    tool = Tool("add", lambda _: ToolResult(output=1))
    loop = await Loop(calls(("add", {}), fault="Not JSON."), says("Sorry."), tools=[tool]).ready()
    await loop.session.execute("Go")
    assert (await loop.messages())[2]["content"] == "Error: Not JSON."
    assert tool.inputs == []


async def test_a_hook_can_deny_a_tool() -> None:
    tool = Tool("delete", lambda _: ToolResult(output="gone"))
    loop = await Loop(calls(("delete", {})), says("Fine."), tools=[tool]).ready()
    loop.hook("tool:pre", lambda *_: HookResult(action="deny", reason="Too dangerous."))
    await loop.session.execute("Go")
    assert tool.inputs == []
    assert (await loop.messages())[2]["content"] == "Error: Denied: Too dangerous."


async def test_a_hook_can_withhold_a_result() -> None:
    loop = await Loop(
        calls(("read", {})), says("Fine."), tools=[Tool("read", lambda _: ToolResult(output="x"))]
    ).ready()
    loop.hook("tool:post", lambda *_: HookResult(action="deny", reason="Private."))
    await loop.session.execute("Go")
    assert (await loop.messages())[2]["content"] == "Error: The result is withheld. Denied: Private."
    assert [data["error"]["type"] for name, data in loop.events if name == "tool:error"] == ["denied"]


async def test_a_hook_can_change_what_a_tool_gets_and_gives() -> None:
    tool = Tool("echo", lambda arguments: ToolResult(output=arguments["text"]))
    loop = await Loop(calls(("echo", {"text": "a"})), says("Ok."), tools=[tool]).ready()
    loop.hook("tool:pre", lambda _, data: HookResult(action="modify", data={**data, "tool_input": {"text": "b"}}))
    loop.hook("tool:post", lambda _, data: HookResult(action="modify", data={**data, "output": data["output"] + "!"}))
    await loop.session.execute("Go")
    assert tool.inputs == [{"text": "b"}]
    assert (await loop.messages())[2]["content"] == "b!"


async def test_asking_without_anyone_to_answer_means_no() -> None:
    tool = Tool("delete", lambda _: ToolResult(output="gone"))
    loop = await Loop(calls(("delete", {})), says("Fine."), tools=[tool]).ready()
    loop.hook("tool:pre", lambda *_: HookResult(action="ask_user", approval_prompt="Delete?"))
    await loop.session.execute("Go")
    assert tool.inputs == []


async def test_an_approved_tool_runs() -> None:
    class Approval:
        async def request_approval(self, prompt: str, options: list[str], timeout: float, default: str) -> str:
            return "Allow once"

    tool = Tool("delete", lambda _: ToolResult(output="gone"))
    loop = await Loop(calls(("delete", {})), says("Done."), tools=[tool]).ready()
    loop.coordinator.approval_system = Approval()
    options = ["Allow once", "Deny"]
    loop.hook("tool:pre", lambda *_: HookResult(action="ask_user", approval_prompt="?", approval_options=options))
    await loop.session.execute("Go")
    assert tool.inputs == [{}]


async def test_injected_context_reaches_the_model_and_stays() -> None:
    loop = await Loop(says("Hi.")).ready()
    loop.hook("prompt:submit", lambda *_: HookResult(action="inject_context", context_injection="It is noon."))
    await loop.session.execute("Hello")
    assert "It is noon." in [message.content for message in loop.provider.requests[0].messages]
    assert "It is noon." in [message["content"] for message in await loop.messages()]


async def test_ephemeral_context_reaches_one_request_only() -> None:
    loop = await Loop(says("Hi.")).ready()
    reminder = HookResult(action="inject_context", context_injection="Be brief.", ephemeral=True)
    loop.hook("provider:request", lambda *_: reminder)
    await loop.session.execute("Hello")
    assert loop.provider.requests[0].messages[-1].content == "Be brief."
    assert "Be brief." not in [message["content"] for message in await loop.messages()]


async def test_ephemeral_context_can_go_into_the_last_tool_result() -> None:
    tool = Tool("clock", lambda _: ToolResult(output="noon"))
    loop = await Loop(calls(("clock", {})), says("Noon."), tools=[tool]).ready()
    reminder = HookResult(
        action="inject_context", context_injection="Be brief.", ephemeral=True, append_to_last_tool_result=True
    )
    loop.hook("provider:request", lambda *_: reminder)
    await loop.session.execute("Time?")
    assert loop.provider.requests[1].messages[-1].content == "noon\n\nBe brief."


@pytest.mark.parametrize("event", ["prompt:submit", "provider:request"])
async def test_a_hook_can_deny_the_turn(event: str) -> None:
    loop = await Loop(says("Hi.")).ready()
    loop.hook(event, lambda *_: HookResult(action="deny", reason="Not today."))
    assert await loop.session.execute("Hello") == "Denied: Not today."
    assert loop.provider.requests == []


async def test_a_hook_can_change_the_prompt() -> None:
    loop = await Loop(says("Hi.")).ready()
    loop.hook("prompt:submit", lambda *_: HookResult(action="modify", data={"prompt": "Bonjour"}))
    await loop.session.execute("Hello")
    assert loop.provider.requests[0].messages[0].content == "Bonjour"


async def test_a_provider_that_fails_ends_the_turn_with_its_error() -> None:
    loop = await Loop(ValueError("broken")).ready()
    with pytest.raises(RuntimeError, match="broken"):
        await loop.session.execute("Hello")
    assert isinstance(loop.coordinator.get("orchestrator").failure, ValueError)
    assert loop.names()[-3:] == ["provider:error", "execution:end", "orchestrator:complete"]
    assert loop.events[-1][1]["status"] == "error"


async def test_an_immediate_cancellation_breaks_off_the_provider() -> None:
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def never() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    loop = await Loop(never).ready()
    turn = asyncio.ensure_future(loop.session.execute("Hello"))
    await asked.wait()
    await loop.coordinator.request_cancel(True)
    await loop.coordinator.cancellation.trigger_callbacks()
    await asyncio.wait_for(turn, 5)
    assert cancelled.is_set()
    assert "cancel:completed" in loop.names()
    assert [data["status"] for name, data in loop.events if name == "execution:end"] == ["cancelled"]


async def test_a_graceful_cancellation_lets_the_tool_finish_and_asks_no_more() -> None:
    finished: list[str] = []
    loop: Loop

    async def slow(_: dict[str, Any]) -> ToolResult:
        await loop.coordinator.request_cancel(False)
        finished.append("tool")
        return ToolResult(output="done")

    loop = await Loop(calls(("slow", {})), says("Never said."), tools=[Tool("slow", slow)]).ready()
    await loop.session.execute("Go")
    assert finished == ["tool"]
    assert len(loop.provider.requests) == 1
    assert [message["role"] for message in await loop.messages()] == ["user", "assistant", "tool"]


async def test_a_session_goes_on_after_a_cancelled_turn() -> None:
    loop = await Loop(says("Hi.")).ready()
    await loop.coordinator.request_cancel(True)
    await loop.session.execute("Hello")
    assert loop.provider.requests == []
    loop.coordinator.cancellation.reset()
    assert await loop.session.execute("Hello") == "Hi."


def offered(loop: Loop) -> list[tuple[str | None, int]]:
    """The tool choice and the number of tools of each request."""
    return [(request.tool_choice, len(request.tools or [])) for request in loop.provider.requests]


async def test_a_required_call_is_asked_for_until_it_comes_and_then_the_model_may_answer() -> None:
    add, fly = Tool("add", lambda _: ToolResult(output="3")), Tool("fly", lambda _: ToolResult(output="up"))
    steps = [says("No."), calls(("fly", {})), calls(("add", {})), says("Three.")]
    loop = Loop(*steps, tools=[add, fly], options={"tool_choice": "add"})
    assert await (await loop.ready()).session.execute("1 + 2?") == "Three."
    assert offered(loop) == [("add", 2), ("add", 2), ("add", 2), ("auto", 2)]
    told = [message["content"] for message in await loop.messages() if message["role"] == "user"]
    assert told[1:] == ["You must call the tool add before you answer. Call it now."] * 2


async def test_a_required_call_that_never_comes_ends_the_turn_with_a_sentence() -> None:
    loop = Loop(*[says("No.")] * 9, tools=[Tool("add", lambda _: None)], options={"tool_choice": "required"})
    answer = await (await loop.ready()).session.execute("1 + 2?")
    assert answer.startswith("I stopped: the model called tools wrongly 3 times. You must call a tool")
    assert len(loop.provider.requests) == 3


async def test_with_the_choice_none_there_are_no_tools() -> None:
    loop = Loop(says("No."), tools=[Tool("add", lambda _: None)], options={"tool_choice": "none"})
    assert await (await loop.ready()).session.execute("1 + 2?") == "No."
    assert offered(loop) == [(None, 0)]


@pytest.mark.parametrize("choice", ["required", "fly"])
async def test_a_call_of_what_is_not_offered_cannot_be_required(choice: str) -> None:
    tools = [] if choice == "required" else [Tool("add", lambda _: None)]
    loop = Loop(says("No."), tools=tools, options={"tool_choice": choice})
    with pytest.raises(RuntimeError, match="not offered in this conversation"):
        await (await loop.ready()).session.execute("1 + 2?")
    assert loop.provider.requests == []
