"""The VILA streaming protocol as clients speak it, and what becomes of clients that do not."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from tests.unit.relay.scripted_tab import JPEG, KEY, closing, echo, frame, reply, serving
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cloche.relay.vila import MAX_MALFORMED, MAX_MESSAGE_BYTES, MalformedError, frame_of


async def test_a_frame_gets_a_reply(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(), served.client() as client:
        await client.send(json.dumps({"timestamp": time.time(), "frame": JPEG}))
        assert "not much of a picture" in await reply(client)


async def test_frames_are_sent_while_replies_are_read(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab() as tab, served.client() as client:

        async def send() -> None:
            for number in range(30):
                await client.send(frame(str(number)))
                await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        while await reply(client) != "29":
            pass
        await sending
        assert tab.clients[0]["frames"] == 30


async def test_the_newest_frame_wins_and_nothing_queues_up(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None) as tab, served.client() as client:
        await client.send(frame("first"))
        job = await tab.jobs.get()
        for number in range(50):
            await client.send(frame(str(number)))
        await client.send("malformed, so that its answer shows that the frames before were read")
        assert "error" in json.loads(await client.recv())
        await tab.finish(job, "one")
        assert await reply(client) == "one"
        second = await tab.jobs.get()
        assert echo(second)[0]["text"] == "49"
        await tab.finish(second, "two")
        assert await reply(client) == "two"
        assert tab.jobs.empty()


async def test_the_last_frames_are_asked_about_as_a_series(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None, frames=3) as tab, served.client() as client:
        await client.send(frame("a"))
        job = await tab.jobs.get()
        for mark in "bcde":
            await client.send(frame(mark))
        await client.send("{}")
        await client.recv()
        await tab.finish(job)
        assert echo(await tab.jobs.get())[0]["text"] == "c+d+e"


@pytest.mark.parametrize("path", ["?api_key=wrong", "?api_key=", "", "?key=x", "?api_key=cloche-test-ke%C3%BF"])
async def test_without_a_good_key_nobody_gets_in(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path) as served, served.tab() as tab:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{served.host}/{path}")
        assert refused.value.response.status_code == 401
        assert tab.clients == []


async def test_without_a_tab_the_connection_ends_with_a_code_and_a_reason(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        async with served.client() as client:
            code, reason = await closing(client)
            assert (code, f"http://{served.host}/" in reason) == (1013, True)
        async with served.tab() as tab, served.client() as client:
            await tab.until_clients(1)
            await tab.socket.close()
            assert await closing(client) == (1013, "No tab of Cloche is open any more.")


async def test_a_revoked_key_ends_its_connections(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab() as tab, served.client() as client:
        await client.send(frame("a"))
        await reply(client)
        await tab.say(type="terms", keys={}, frames=1)
        assert await closing(client) == (1008, "This key was revoked.")
        with pytest.raises(InvalidStatus):
            await served.client()


async def test_a_frame_above_the_limit_ends_only_its_own_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(), served.client() as other:
        big = await served.client()
        with pytest.raises(ConnectionClosed):
            await big.send(json.dumps({"timestamp": 1.0, "frame": "A" * 50_000_000}))
            await big.recv()
        assert big.close_code in (1009, 1006)
        await other.send(frame("still here"))
        assert await reply(other) == "still here"


async def test_a_frame_just_below_the_limit_is_taken(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(lambda job: [{"type": "end"}]), served.client() as client:
        room = (MAX_MESSAGE_BYTES - 60) // 4 * 4
        await client.send(json.dumps({"timestamp": 1.0, "frame": JPEG[:8] + "A" * (room - 8)}))
        assert await reply(client) == ""


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nonsense",
        "[]",
        "1",
        "null",
        "[" * 100_000,
        '{"timestamp": 1.0}',
        '{"frame": "/9j/"}',
        '{"timestamp": "now", "frame": "/9j/4A=="}',
        '{"timestamp": true, "frame": "/9j/4A=="}',
        '{"timestamp": 1.0, "frame": 7}',
        '{"timestamp": 1.0, "frame": ""}',
        '{"timestamp": 1.0, "frame": "iVBORw0K"}',
        '{"timestamp": 1.0, "frame": "/9j/4"}',
        '{"timestamp": 1.0, "frame": "/9j/é==="}',
        b"\xff\xd8\xff",
    ],
)
def test_what_is_no_frame_is_refused_with_a_reason(message: str | bytes) -> None:
    with pytest.raises(MalformedError, match=r"\.$"):
        frame_of(message)


async def test_ten_thousand_malformed_messages_disturb_nobody(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(), served.client() as bad, served.client() as good:

        async def flood() -> int:
            try:
                for _ in range(10_000):
                    await bad.send("{")
            except ConnectionClosed:
                pass
            return (await closing(bad))[0]

        flooding = asyncio.create_task(flood())
        for number in range(20):
            await good.send(frame(str(number)))
            assert await reply(good) == str(number)
        assert await flooding in (1007, 1008)


async def test_a_client_is_told_what_was_wrong_and_may_go_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(), served.client() as client:
        await client.send('{"timestamp": 1.0, "frame": 7}')
        assert json.loads(await client.recv()) == {"error": '"frame" must be a base64 string.'}
        await client.send(frame("good"))
        assert await reply(client) == "good"
    assert MAX_MALFORMED >= 10


async def test_a_flood_ends_only_its_own_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(), served.client() as flooding, served.client() as other:
        with suppress(ConnectionClosed):
            for _ in range(5000):
                await flooding.send(frame("x" * 1000))
        await other.send(frame("calm"))
        assert await reply(other) == "calm"
        assert (await closing(flooding))[0] == 1008


async def test_twenty_clients_get_the_model_in_turns(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None) as tab, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(served.client()) for _ in range(20)]
        await tab.until_clients(20)
        for number, client in enumerate(clients):
            for _ in range(3):
                await client.send(frame(str(number)))
        order = []
        for _ in range(60):
            job = await asyncio.wait_for(tab.jobs.get(), 10)
            (mark,) = echo(job)[0]["text"].split("+")
            order.append(mark)
            await tab.finish(job, mark)
            assert await reply(clients[int(mark)]) == mark
            await clients[int(mark)].send(frame(mark))
        assert set(Counter(order[1:41]).values()) == {2}


async def test_a_reader_that_stalls_keeps_nobody_waiting(tmp_path: Path) -> None:
    long = "x" * 3_000_000

    def answer(job: dict[str, object]) -> list[dict[str, object]]:
        return [{"type": "body", "text": long}, {"type": "end"}] if "slow" in echo(job)[0]["text"] else echo(job)

    async with (
        serving(tmp_path) as served,
        served.tab(answer) as tab,
        served.client(max_queue=1, max_size=None, close_timeout=0.1) as slow,
        served.client() as quick,
    ):
        for number in range(20):
            await slow.send(frame(f"slow {number}"))
            await quick.send(frame(str(number)))
            assert await reply(quick) == str(number)
        await tab.until_clients(2)


async def test_a_client_that_vanishes_frees_the_model(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None) as tab, served.client() as other:
        vanishing = await served.client()
        await vanishing.send(frame("gone"))
        job = await tab.jobs.get()
        await other.send(frame("next"))
        vanishing.transport.abort()
        assert await asyncio.wait_for(tab.cancelled.get(), 10) == job["id"]
        await tab.finish(job, "too late")
        following = await tab.jobs.get()
        await tab.finish(following, "in time")
        assert await reply(other) == "in time"


async def test_a_fault_of_the_model_is_told_and_the_next_frame_is_answered(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None) as tab, served.client() as client:
        await client.send(frame("a"))
        await tab.say(type="end", id=(await tab.jobs.get())["id"], error="The engine ended.")
        assert json.loads(await client.recv()) == {"error": "The engine ended."}
        await client.send(frame("b"))
        await tab.finish(await tab.jobs.get(), "well again")
        assert await reply(client) == "well again"


async def test_the_key_shows_in_no_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with serving(tmp_path) as served:
        async with served.client() as client:
            await closing(client)
        async with served.tab():
            with pytest.raises(InvalidStatus):
                await served.client(f"{KEY}-wrong")
        assert [request.path for request in served.server.requests if KEY in request.path] == []
    printed = capfd.readouterr()
    assert KEY not in printed.out + printed.err
