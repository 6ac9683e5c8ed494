"""What the relay says to OpenAI clients without the tab, and how it carries what the tab says."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.unit.relay.scripted_tab import KEY, Served, frame, marks, serving

from relay import sockets
from relay.openai import MAX_BODY_BYTES

BEARER = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


async def ask(served: Served, headers: dict[str, str], body: str = "{}") -> tuple[int, Any]:
    status, text = await asyncio.to_thread(served.get, "/v1/chat/completions", headers, "POST", body)
    return status, json.loads(text)["error"]


def begin(served: Served) -> socket.socket:
    """A connection that has asked and does not read."""
    raw = socket.create_connection(("localhost", served.server.port), timeout=10)
    raw.sendall(
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {served.host}\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Length: 2\r\n\r\n{}".encode()
    )
    return raw


def said(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Tells back what was asked."""
    told = json.dumps({key: job[key] for key in ("method", "path", "body", "kind")})
    return [
        {"type": "head", "status": 200, "content_type": "application/json"},
        {"type": "body", "text": told[:5]},
        {"type": "body", "text": told[5:]},
        {"type": "end"},
    ]


async def test_errors_have_openais_form(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        assert await ask(served, BEARER) == (
            503,
            {
                "message": f"No tab of Cloche is open. Open http://{served.host}/ in your browser and try again.",
                "type": "server_error",
                "param": None,
                "code": "no_tab_open",
            },
        )
        async with served.tab(said, openai=True):
            assert [(await ask(served, headers))[1]["code"] for headers in ({}, {"Authorization": "Basic x"})] == [
                "missing_api_key",
                "missing_api_key",
            ]
            status, error = await ask(served, {"Authorization": "Bearer wrong"})
            assert (status, error["code"]) == (401, "invalid_api_key")
        async with served.tab(said, openai=False):
            status, error = await ask(served, BEARER)
            assert (status, error["code"]) == (403, "endpoint_off")


async def test_a_request_reaches_the_tab_and_its_answer_the_client(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(said, openai=True):
        status, text = await asyncio.to_thread(served.get, "/v1/chat/completions?x=1", BEARER, "POST", '{"model": "é"}')
        assert (status, json.loads(text)) == (
            200,
            {"kind": "openai", "method": "POST", "path": "/v1/chat/completions", "body": '{"model": "é"}'},
        )
        status, text = await asyncio.to_thread(served.get, "/v1/models", BEARER)
        assert (status, json.loads(text)["method"]) == (200, "GET")


async def test_several_requests_share_a_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(said, openai=True):

        def twice() -> list[str]:
            connection = http.client.HTTPConnection("localhost", served.server.port, timeout=10)
            paths = []
            for _ in range(2):
                connection.request("POST", "/v1/chat/completions", "{}", BEARER)
                paths.append(json.loads(connection.getresponse().read())["path"])
            connection.close()
            return paths

        assert await asyncio.to_thread(twice) == ["/v1/chat/completions"] * 2


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: 99999999999", 413),
        (f"Content-Length: {MAX_BODY_BYTES + 1}", 413),
        ("Content-Length: -1", 413),
        ("Content-Length: many", 411),
        ("Transfer-Encoding: chunked", 411),
    ],
)
async def test_a_body_without_a_bearable_length_is_not_read(tmp_path: Path, head: str, status: int) -> None:
    async with serving(tmp_path) as served, served.tab(said, openai=True):

        def send() -> bytes:
            with socket.create_connection(("localhost", served.server.port), timeout=10) as raw:
                raw.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: {served.host}\r\n{head}\r\n\r\n".encode())
                return raw.recv(100)

        assert f" {status} ".encode() in await asyncio.to_thread(send)


async def test_a_client_that_hangs_up_stops_the_model(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None, openai=True) as tab:
        raw = await asyncio.to_thread(begin, served)
        job = await tab.jobs.get()
        raw.close()
        assert await asyncio.wait_for(tab.cancelled.get(), 10) == job["id"]


async def test_a_client_that_stops_reading_is_let_go_and_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SEND_SECONDS", 1)
    async with serving(tmp_path) as served, served.tab(None, openai=True) as tab:
        raw = await asyncio.to_thread(begin, served)
        job = await tab.jobs.get()
        await tab.say(type="head", id=job["id"], status=200, content_type="text/event-stream")
        for _ in range(10):
            await tab.say(type="body", id=job["id"], text="x" * 1_500_000)
        await tab.say(type="end", id=job["id"])
        asking = asyncio.create_task(ask(served, BEARER))
        other = await tab.jobs.get()
        await tab.say(type="head", id=other["id"], status=418, content_type="application/json")
        await tab.finish(other, '{"error": "teapot"}')
        assert await asking == (418, "teapot")
        await tab.until_clients(0)
        raw.close()


async def test_a_tab_that_fails_leaves_no_client_waiting_for_an_answer(tmp_path: Path) -> None:
    def fail(job: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "end", "error": "TypeError: that was not foreseen"}]

    async with serving(tmp_path) as served, served.tab(fail, openai=True):
        status, error = await ask(served, BEARER)
        assert (status, error["code"]) == (500, "no_answer")
        assert "not foreseen" in error["message"]


async def test_an_answer_that_breaks_off_does_not_look_whole(tmp_path: Path) -> None:
    def break_off(job: dict[str, Any]) -> list[dict[str, Any]]:
        return [*said(job)[:2], {"type": "end", "error": "Stopped."}]

    async with serving(tmp_path) as served, served.tab(break_off, openai=True):
        with pytest.raises(http.client.IncompleteRead):
            await ask(served, BEARER)


async def test_a_refused_body_is_read_so_that_the_refusal_is_heard(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(said, openai=True):

        def refused_then_served() -> list[int]:
            connection = http.client.HTTPConnection("localhost", served.server.port, timeout=10)
            statuses = []
            for headers in ({"Authorization": "Bearer wrong"}, BEARER):
                connection.request("POST", "/v1/chat/completions", "x" * 3_000_000, headers)
                response = connection.getresponse()
                response.read()
                statuses.append(response.status)
            connection.close()
            return statuses

        assert await asyncio.to_thread(refused_then_served) == [401, 200]


async def test_a_tab_that_closes_ends_what_waits(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None, openai=True) as tab:
        asking = asyncio.create_task(ask(served, BEARER))
        await tab.jobs.get()
        await tab.socket.close()
        status, error = await asking
        assert (status, error["code"]) == (503, "no_tab_open")


async def test_requests_and_cameras_take_turns(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None, openai=True) as tab, served.client() as camera:
        await camera.send(frame("a"))
        first = await tab.jobs.get()
        await camera.send(frame("b"))
        asking = asyncio.create_task(ask(served, BEARER))
        await tab.until_clients(2)
        await tab.finish(first, "a")
        second = await tab.jobs.get()
        await camera.send(frame("c"))
        await tab.finish(second, "b")
        third = await tab.jobs.get()
        assert [job["kind"] for job in (first, second, third)] == ["vila", "vila", "openai"]
        await tab.say(type="head", id=third["id"], status=418, content_type="application/json")
        await tab.finish(third, '{"error": "teapot"}')
        assert await asking == (418, "teapot")
        assert marks(await tab.jobs.get()) == ["c"]
