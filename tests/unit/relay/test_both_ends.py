"""Relay and tab together: the whole app under CPython answers programs through a real relay, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.unit.cloche.scripted import Reply, ScriptedEngine, call_of, held, running
from tests.unit.relay.scripted_tab import JPEG, Served, closing, frame, reply, serving
from tests.unit.relay.socket_link import SocketLink
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from cloche.app import App
from cloche.errors import EngineCrashed
from cloche.host.memory import MemoryHost

MODEL = "cloche-starter"
PICTURE = "data:image/jpeg;base64," + JPEG
WEATHER: Any = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


class Both:
    """The app, its engine, and the relay."""

    def __init__(self, served: Served, app: App, host: MemoryHost, engine: ScriptedEngine) -> None:
        self.served = served
        self.app = app
        self.host = host
        self.engine = engine

    async def make_key(self, name: str = "robot") -> tuple[str, str]:
        """The id and the secret of a new key; waits until the relay knows it."""
        made = await self.app.handle("relay.make_key", {"name": name})
        await self.until(lambda state: state["state"] == "connected")
        return made["key"]["id"], made["secret"]

    async def until(self, holds: Any) -> dict[str, Any]:
        """The relay's state as the page knows it, as soon as it is so."""
        told = self.host.told("relay:changed")
        if told and holds(told[-1]):
            return told[-1]
        return await self.host.event("relay:changed", holds)

    async def set(self, **settings: Any) -> None:
        await self.app.handle("relay.set", settings)

    async def client(self, openai_on: bool = True) -> openai.AsyncOpenAI:
        """An OpenAI client with a good key."""
        _, secret = await self.make_key()
        await self.set(openai=openai_on)
        return openai.AsyncOpenAI(base_url=f"http://{self.served.host}/v1", api_key=secret, max_retries=0, timeout=20)


@asynccontextmanager
async def both(folder: Path, *replies: Reply | str, card: dict[str, Any] | None = None) -> AsyncIterator[Both]:
    async with serving(folder) as served:
        engine = ScriptedEngine(*replies)
        host = engine.host(card=card)
        host.base_url = f"http://{served.host}/"
        host.files["relay"] = json.dumps({"secret": await asyncio.to_thread(served.secret)})
        host.workers["remote"] = lambda: SocketLink(f"http://{served.host}")
        async with running(host) as app:
            await app.library.ready()
            yield Both(served, app, host, engine)


async def test_a_key_opens_the_way_and_the_question_is_the_protocols(tmp_path: Path) -> None:
    async with both(tmp_path, "A red circle.") as it:
        _, secret = await it.make_key()
        async with it.served.client(secret) as client:
            await client.send(frame("a"))
            assert await reply(client) == "A red circle."
        request = it.engine.requests[0]
        (message,) = request["messages"]
        assert [part["type"] for part in message["content"]] == ["image", "text"]
        assert message["content"][0]["data"] == b"\xff\xd8\xff\xe0a"
        assert message["content"][1]["text"] == "What is the most interesting aspect in this series of images?"
        assert (request["max_tokens"], request["temperature"], request["top_p"]) == (48, 0.7, 0.95)


async def test_question_and_numbers_can_be_set(tmp_path: Path) -> None:
    async with both(tmp_path, "Blue.", "Blue.") as it:
        _, secret = await it.make_key()
        await it.set(question="Which colour?", frames=2, max_tokens=5, temperature=0, top_p=0.5)
        async with it.served.client(secret) as client:
            await client.send(frame("a"))
            await reply(client)
            await client.send(frame("b"))
            await reply(client)
        parts = it.engine.requests[1]["messages"][0]["content"]
        assert [part.get("data", part.get("text")) for part in parts] == [
            b"\xff\xd8\xff\xe0a",
            b"\xff\xd8\xff\xe0b",
            "Which colour?",
        ]
        assert it.engine.requests[1]["max_tokens"] == 5


async def test_a_revoked_key_is_shut_out_at_once_and_the_last_one_ends_the_connection(tmp_path: Path) -> None:
    async with both(tmp_path, "One.") as it:
        key_id, secret = await it.make_key()
        _, other = await it.make_key("other")
        async with it.served.client(secret) as client:
            await client.send(frame("a"))
            await reply(client)
            state = await it.until(lambda state: state["clients"] and state["clients"][0]["replies"] == 1)
            assert state["clients"][0]["key_id"] == key_id
            await it.app.handle("relay.revoke_key", {"key_id": key_id})
            assert await closing(client) == (1008, "This key was revoked.")
        with pytest.raises(InvalidStatus):
            await it.served.client(secret)
        async with it.served.client(other):
            pass
        for key in it.app.relay.state.keys:
            await it.app.handle("relay.revoke_key", {"key_id": key.id})
        assert it.app.relay.state.state == "off"
        # The server hears of it a moment later: until then it knows no key, afterwards no tab.
        assert await refusal(it.served.client(other)) in {401, 1013}


async def refusal(connecting: connect) -> int:
    """The HTTP status or close code with which a client is turned away."""
    try:
        async with connecting as client:
            return (await closing(client))[0]
    except InvalidStatus as error:
        return error.response.status_code


async def test_the_tab_comes_back_by_itself(tmp_path: Path) -> None:
    async with both(tmp_path, "One.") as it:
        _, secret = await it.make_key()
        await asyncio.to_thread(it.served.server.stop)
        await it.until(lambda state: state["state"] == "absent")
        await asyncio.to_thread(it.served.server.start)
        await it.until(lambda state: state["state"] == "connected")
        async with it.served.client(secret) as client:
            await client.send(frame("a"))
            assert await reply(client) == "One."


async def test_a_server_without_a_relay_is_named(tmp_path: Path) -> None:
    async with both(tmp_path) as it:
        del it.host.files["relay"]
        await it.app.handle("relay.make_key", {})
        state = await it.until(lambda state: state["state"] == "absent")
        assert "serve --vila" in state["reason"]


async def test_a_model_without_eyes_says_so(tmp_path: Path) -> None:
    async with both(tmp_path) as it:
        it.app.library.status.engine.images = False  # type: ignore[union-attr]
        _, secret = await it.make_key()
        async with it.served.client(secret) as client:
            await client.send(frame("a"))
            assert "reads text only" in json.loads(await client.recv())["error"]
        assert "choose one that sees" in it.app.relay.state.fault


# ---------------------------------------------------------------- OpenAI


async def test_the_openai_client_chats(tmp_path: Path) -> None:
    async with both(tmp_path, "Hello there.") as it:
        client = await it.client()
        answer = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
            max_completion_tokens=7,
            temperature=0.5,
            seed=3,
            stop="END",
        )
        assert answer.choices[0].message.content == "Hello there."
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.total_tokens == 22
        request = it.engine.requests[0]
        assert [message["role"] for message in request["messages"]] == ["system", "user"]
        assert [request[name] for name in ("max_tokens", "temperature", "seed", "stop")] == [7, 0.5, 3, ["END"]]


async def test_it_streams(tmp_path: Path) -> None:
    async with both(tmp_path, Reply(["One ", "two ", "three."])) as it:
        client = await it.client()
        stream = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Count"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        assert "".join(texts) == "One two three."
        assert len([text for text in texts if text]) == 3
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens == 3


async def test_pictures_go_before_the_text(tmp_path: Path) -> None:
    async with both(tmp_path, "Red.") as it:
        client = await it.client()
        await client.chat.completions.create(
            model=MODEL,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What colour?"},
                        {"type": "image_url", "image_url": {"url": PICTURE}},
                    ],
                }
            ],
        )
        parts = it.engine.requests[0]["messages"][0]["content"]
        assert [part["type"] for part in parts] == ["image", "text"]
        assert parts[0]["data"].startswith(b"\xff\xd8\xff")


async def test_tools_are_offered_and_calls_come_back(tmp_path: Path) -> None:
    call = call_of("weather", {"city": "Rome"}, "")
    async with both(tmp_path, Reply(tool_calls=[call]), Reply(tool_calls=[call]), "Sunny.") as it:
        client = await it.client()
        question: Any = [{"role": "user", "content": "Weather in Rome?"}]
        tools: Any = [WEATHER]
        answer = await client.chat.completions.create(model=MODEL, messages=question, tools=tools)
        (asked,) = answer.choices[0].message.tool_calls or []
        assert (asked.function.name, json.loads(asked.function.arguments)) == ("weather", {"city": "Rome"})  # type: ignore[union-attr]
        assert asked.id
        assert answer.choices[0].finish_reason == "tool_calls"
        stream = await client.chat.completions.create(model=MODEL, messages=question, tools=tools, stream=True)
        calls = [call for chunk in [c async for c in stream] for call in chunk.choices[0].delta.tool_calls or []]
        assert "".join(call.function.arguments or "" for call in calls if call.function) == '{"city": "Rome"}'
        question += [
            answer.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": asked.id, "content": "sunny"},
        ]
        last = await client.chat.completions.create(model=MODEL, messages=question, tools=tools, tool_choice="none")
        assert last.choices[0].message.content == "Sunny."
        assert it.engine.requests[2]["tools"] is None
        assert it.engine.requests[2]["messages"][2]["tool_call_id"] == asked.id


async def test_a_call_can_be_required(tmp_path: Path) -> None:
    written = '{"name": "weather", "arguments": {"city": "Rome"}}'
    async with both(tmp_path, written, written) as it:
        client = await it.client()
        question: Any = [{"role": "user", "content": "Hello"}]
        named: Any = {"type": "function", "function": {"name": "weather"}}
        for choice in ("required", named):
            answer = await client.chat.completions.create(
                model=MODEL,
                messages=question,
                tools=[WEATHER],
                tool_choice=choice,
            )
            (asked,) = answer.choices[0].message.tool_calls or []
            assert json.loads(asked.function.arguments) == {"city": "Rome"}  # type: ignore[union-attr]
        assert "weather" in json.dumps(it.engine.requests[0]["response_format"])


async def test_a_schema_reaches_the_engine(tmp_path: Path) -> None:
    schema: dict[str, object] = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    async with both(tmp_path, '{"colour": "red"}') as it:
        client = await it.client()
        answer = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Which?"}],
            response_format={"type": "json_schema", "json_schema": {"name": "c", "schema": schema, "strict": True}},
        )
        assert json.loads(answer.choices[0].message.content or "") == {"colour": "red"}
        assert it.engine.requests[0]["response_format"]["json_schema"]["schema"] == schema


async def test_models_are_listed(tmp_path: Path) -> None:
    async with both(tmp_path) as it:
        client = await it.client()
        assert [model.id async for model in await client.models.list()] == [MODEL]
        assert (await client.models.retrieve(MODEL)).owned_by == "cloche"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt-5")


REFUSED: list[tuple[dict[str, Any], type[openai.APIStatusError], str]] = [
    ({"model": "gpt-5"}, openai.NotFoundError, "model_not_found"),
    ({"messages": []}, openai.BadRequestError, "invalid_value"),
    ({"n": 2}, openai.BadRequestError, "invalid_value"),
    ({"temperature": 9}, openai.BadRequestError, "invalid_value"),
    ({"logprobs": True}, openai.BadRequestError, "invalid_value"),
    ({"tool_choice": "required"}, openai.BadRequestError, "invalid_value"),
    ({"tool_choice": "other", "tools": [WEATHER]}, openai.BadRequestError, "invalid_value"),
    ({"response_format": {"type": "json_schema"}}, openai.BadRequestError, "bad_input"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a.org/b"}}]}]},
        openai.BadRequestError,
        "bad_image",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        openai.BadRequestError,
        "bad_input",
    ),
]


async def test_what_cannot_be_served_is_refused(tmp_path: Path) -> None:
    async with both(tmp_path) as it:
        client = await it.client()
        for change, kind, code in REFUSED:
            body: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], **change}
            with pytest.raises(kind) as refused:
                await client.chat.completions.create(**body)
            assert refused.value.code == code
        assert it.engine.requests == []


async def test_the_endpoint_is_off_until_it_is_switched_on(tmp_path: Path) -> None:
    async with both(tmp_path) as it:
        client = await it.client(openai_on=False)
        with pytest.raises(openai.PermissionDeniedError):
            await client.models.list()
        wrong = client.with_options(api_key="sk-wrong")
        with pytest.raises(openai.AuthenticationError):
            await wrong.models.list()


async def test_a_fault_in_the_stream_is_told_in_the_stream(tmp_path: Path) -> None:
    async with both(tmp_path, Reply(["Half "], error=EngineCrashed("It broke.")), "Whole.") as it:
        client = await it.client()
        messages: Any = [{"role": "user", "content": "Hello"}]
        stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        with pytest.raises(openai.APIError, match="It broke"):
            async for _ in stream:
                pass
        with pytest.raises(openai.APIStatusError) as refused:
            it.engine.replies.insert(0, Reply(error=EngineCrashed("It broke.")))
            await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        assert refused.value.status_code == 503
        answer = await client.chat.completions.create(model=MODEL, messages=messages)
        assert answer.choices[0].message.content == "Whole."


async def test_a_client_that_leaves_stops_the_model(tmp_path: Path) -> None:
    waiting = held("One ")
    async with both(tmp_path, waiting, "Next.") as it:
        client = await it.client()
        messages: Any = [{"role": "user", "content": "Hello"}]
        stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        await anext(aiter(stream))
        await stream.close()
        answer = await client.chat.completions.create(model=MODEL, messages=messages)
        assert answer.choices[0].message.content == "Next."
        assert it.engine.aborted == 1
