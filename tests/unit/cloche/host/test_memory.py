"""The host of CPython, whose promises the browser's host keeps too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cloche.errors import EngineCrashed, FetchFailed
from cloche.host.memory import MemoryHost, ScriptedLink


async def count_to(params: dict[str, Any], push: Any) -> str:
    """Streams numbers."""
    for number in range(params["end"]):
        push([number])
    return "done"


async def never(_: dict[str, Any], __: Any) -> None:
    """Waits."""
    await asyncio.Event().wait()


async def test_a_call_streams_and_then_answers() -> None:
    batches: list[Any] = []
    assert await ScriptedLink({"count": count_to}).call("count", {"end": 2}, batches.append) == "done"
    assert batches == [[0], [1]]


async def test_closing_a_link_fails_what_is_under_way_and_what_comes() -> None:
    link = ScriptedLink({"never": never})
    calling = asyncio.ensure_future(link.call("never", {}))
    await asyncio.sleep(0)
    await link.close()
    with pytest.raises(EngineCrashed):
        await calling
    with pytest.raises(EngineCrashed):
        await link.call("never", {})


async def test_cancelling_a_call_is_not_a_crash() -> None:
    calling = asyncio.ensure_future(ScriptedLink({"never": never}).call("never", {}))
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def test_files_are_found_or_not() -> None:
    host = MemoryHost(files={"a.json": "{}"})
    assert await host.read_text("a.json") == "{}"
    with pytest.raises(FetchFailed):
        await host.read_text("b.json")


async def test_it_waits_for_an_event() -> None:
    host = MemoryHost()
    waiting = asyncio.ensure_future(host.event("notice", lambda data: data["n"] == 2))
    await asyncio.sleep(0)
    host.emit([("notice", {"n": 1}), ("notice", {"n": 2})])
    assert await waiting == {"n": 2}
    assert host.told("notice") == [{"n": 1}, {"n": 2}]
