"""Who may be the tab: our own page and nobody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.unit.relay.scripted_tab import closing, frame, reply, serving
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Host": "evil.example:80"},
        {"Sec-Fetch-Site": "same-origin", "Host": "localhost:1"},
        {"Sec-Fetch-Site": "same-origin", "Host": "localhost.evil.example"},
    ],
)
async def test_the_secret_is_for_our_own_page_only(tmp_path: Path, headers: dict[str, str]) -> None:
    async with serving(tmp_path) as served:
        status, text = await asyncio.to_thread(served.get, "/relay", headers)
        assert status in (403, 421)
        assert await asyncio.to_thread(served.secret) not in text


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost", "http://localhost:1"])
async def test_a_socket_from_another_page_is_refused(tmp_path: Path, origin: str | None) -> None:
    async with serving(tmp_path) as served:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{served.host}/relay", origin=origin)  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403


async def test_a_rebound_name_reaches_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        port = served.server.port
        headers = {"Host": f"evil.example:{port}"}
        for path in ("/relay", "/?api_key=x"):
            with pytest.raises(InvalidStatus) as refused:
                await connect(
                    f"ws://evil.example:{port}{path}",
                    host="localhost",
                    port=port,
                    origin=f"http://evil.example:{port}",  # type: ignore[arg-type]
                )
            assert refused.value.response.status_code == 421
        assert (await asyncio.to_thread(served.get, "/v1/models", headers))[0] == 421


@pytest.mark.parametrize("hello", ['{"type": "hello", "secret": "guessed"}', "{}", "nonsense", "[]"])
async def test_without_the_secret_it_is_no_tab(tmp_path: Path, hello: str) -> None:
    async with serving(tmp_path) as served:
        async with connect(f"ws://{served.host}/relay", origin=f"http://{served.host}") as socket:  # type: ignore[arg-type]
            await socket.send(hello)
            assert (await closing(socket))[0] == 1008
        async with served.client() as client:
            assert (await closing(client))[0] == 1013


async def test_the_newest_tab_is_in_charge(tmp_path: Path) -> None:
    def newer(job: dict[str, object]) -> list[dict[str, object]]:
        return [{"type": "body", "text": "from the newer one"}, {"type": "end"}]

    async with serving(tmp_path) as served, served.tab() as first, served.client() as client:
        await first.until_clients(1)
        async with served.tab(newer):
            assert (await closing(client))[0] == 1013
            await first.socket.wait_closed()
            assert first.socket.close_code == 4009
            async with served.client() as again:
                await again.send(frame("a"))
                assert await reply(again) == "from the newer one"


async def test_what_a_tab_says_of_other_jobs_changes_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.tab(None) as tab, served.client() as client:
        await client.send(frame("a"))
        job = await tab.jobs.get()
        await tab.say(type="body", id=job["id"] + 1, text="stray")
        await tab.say(type="end", id=999)
        await tab.say(nothing=True)
        await tab.finish(job, "mine")
        assert await reply(client) == "mine"


async def test_files_are_served_as_before(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("home")
    async with serving(tmp_path) as served:
        assert await asyncio.to_thread(served.get, "/", {}) == (200, "home")
        assert (await asyncio.to_thread(served.get, "/", {}, "POST"))[0] == 405
        assert json.loads((await asyncio.to_thread(served.get, "/v1/models", {}))[1])["error"]["code"] == "no_tab_open"
