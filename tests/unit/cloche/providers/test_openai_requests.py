"""What the OpenAI transport asks of a server, and what it learns not to ask. Needs sockets: CPython only."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.cloche.providers.asking import SCHEMA, Asking, formed, json_schema
from tests.unit.cloche.providers.faulty_llm_server import FaultyServer, fails, says
from tests.unit.cloche.scripted import PNG

from cloche import errors
from cloche.engine_contract import ChatMessage, ChatRequest, ImageContent, TextContent, ToolFunction, ToolSpec


async def test_pictures_tools_and_parameters_have_openais_form() -> None:
    request = ChatRequest(
        messages=[ChatMessage(role="user", content=[ImageContent(data=PNG), TextContent(text="What is it?")])],
        tools=[ToolSpec(function=ToolFunction(name="clock", parameters={"type": "object"}))],
        temperature=0.5,
        seed=3,
        max_tokens=99,
    )
    with FaultyServer() as server:
        await Asking(server.url).ask(request)
    (body,) = server.bodies()
    picture, text = body["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert text == {"type": "text", "text": "What is it?"}
    assert body["tools"][0]["function"]["name"] == "clock"
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.5, 3, 99)
    assert "top_k" not in body


async def test_a_schema_is_strict_only_where_it_can_be() -> None:
    closed = {**SCHEMA, "additionalProperties": False}
    with FaultyServer(says('{"color": "red"}')) as server:
        asking = Asking(server.url)
        for schema in (SCHEMA, closed):
            assert (await asking.ask(formed(json_schema(schema)))).text == '{"color": "red"}'
    assert [body["response_format"]["json_schema"]["strict"] for body in server.bodies()] == [False, True]


async def test_an_answer_that_is_no_object_comes_in_a_box() -> None:
    with FaultyServer(says('{"answer": ', '"blue"}')) as server:
        asking = Asking(server.url)
        completion = await asking.ask(formed(json_schema({"enum": ["red", "blue"]})))
    assert (completion.text, asking.streamed) == ('"blue"', "")
    sent = server.bodies()[0]["response_format"]["json_schema"]["schema"]
    assert sent["properties"] == {"answer": {"enum": ["red", "blue"]}}


async def test_a_server_that_wants_another_name_for_the_limit_gets_it_from_then_on() -> None:
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    with FaultyServer(fails(400, said), says("Yes.")) as server:
        asking = Asking(server.url)
        for _ in range(2):
            assert (await asking.ask()).text == "Yes."
    limits = [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in server.bodies()]
    assert limits == [(512, None), (None, 512), (None, 512)]


async def test_parameters_that_a_server_does_not_know_are_left_out_and_a_form_is_said_in_words() -> None:
    unknown = [
        fails(400, "Unrecognized request argument supplied: top_k"),
        fails(422, "min_p: extra inputs are not permitted; response_format: extra inputs are not permitted"),
    ]
    with FaultyServer(*unknown, says("{}")) as server:
        await Asking(server.url).ask(formed(json_schema(SCHEMA), top_k=3, min_p=0.1, temperature=0.5))
    last = server.bodies()[-1]
    assert not {"top_k", "min_p", "response_format"} & set(last)
    assert last["temperature"] == 0.5
    assert '"color"' in last["messages"][0]["content"]
    assert len(server.bodies()) == 3


async def test_a_refusal_for_another_reason_is_told() -> None:
    with FaultyServer(fails(400, "temperature must be at most 1")) as server, pytest.raises(errors.RequestRefused):
        await Asking(server.url).ask()


async def test_a_grammar_is_sent_and_said() -> None:
    with FaultyServer(says("yes")) as server:
        await Asking(server.url).ask(formed({"type": "grammar", "grammar": 'root ::= "yes"'}))
    (body,) = server.bodies()
    assert body["grammar"] == 'root ::= "yes"'
    assert 'root ::= "yes"' in body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, "auto"),
        ("required", "required"),
        ("clock", {"type": "function", "function": {"name": "clock"}}),
    ],
)
async def test_a_tool_choice_has_openais_form(choice: str | None, sent: Any) -> None:
    tools = [ToolSpec(function=ToolFunction(name="clock", parameters={"type": "object"}))]
    messages = [ChatMessage(role="user", content="Hello")]
    with FaultyServer() as server:
        await Asking(server.url).ask(ChatRequest(messages=messages, tools=tools, tool_choice=choice))
    assert server.bodies()[0]["tool_choice"] == sent


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "registry.ollama.ai/library/tiny does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (500, "tools param requires --jinja flag"),
    ],
)
async def test_a_refusal_of_tools_is_told_from_others(status: int, said: str) -> None:
    with FaultyServer(fails(status, said)) as server, pytest.raises(errors.ToolsRefused):
        await Asking(server.url).ask()
    assert len(server.bodies()) == 1
