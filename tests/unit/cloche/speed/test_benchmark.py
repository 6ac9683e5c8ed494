"""The benchmark: what is asked, what becomes of the engine's figures, what is kept, stopping."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.cloche.scripted import CARD, ENGINE, Reply, ScriptedEngine, held, running

from cloche.errors import Busy, EngineCrashed
from cloche.speed.benchmark import BUDGETS
from cloche.store.speeds import SpeedRows
from cloche.store.store import Store

LONG = "word " * 512


async def test_every_budget_is_asked_with_a_prompt_of_its_own_and_the_figures_are_the_engines() -> None:
    engine = ScriptedEngine(LONG, LONG, LONG, "A picture.")
    host = engine.host()
    async with running(host) as app:
        measured = await app.handle("speed.measure", {})
        assert measured == await app.handle("speed.list", {})
    (report,) = measured["reports"]
    *texts, picture = engine.requests
    assert (
        [request["max_tokens"] for request in texts] == [row["max_tokens"] for row in report["rows"]] == list(BUDGETS)
    )
    assert len({request["messages"][0]["content"] for request in texts}) == len(BUDGETS)
    assert picture["messages"][0]["content"][0]["type"] == "image"
    row = report["rows"][0]
    assert (row["prompt_tokens"], row["prompt_tokens_per_second"]) == (15, 15 / 8 * 1000)
    assert (row["completion_tokens"], row["first_token_ms"], row["tokens_per_second"]) == (512, 10, 100)
    assert (report["model"], report["engine"], report["hardware"]) == (CARD["name"], ENGINE["engine"], "CPU, 1 thread")
    assert (report["image_ms"], report["memory_bytes"]) == (3, 1000)
    told = host.told("speed:changed")
    assert [each["done"] for each in told[1:]] == [0, 1, 2, 3, 0]
    assert {each["steps"] for each in told[:-1]} == {4}
    assert (told[-1]["doing"], told[-1]["reports"]) == ("", measured["reports"])


async def test_a_model_that_ends_its_answer_is_not_asked_for_a_longer_one_and_text_models_see_nothing() -> None:
    engine = ScriptedEngine("Three words only.")
    engine.engine["images"] = False
    async with running(engine.host()) as app:
        (report,) = (await app.handle("speed.measure", {}))["reports"]
    assert [row["completion_tokens"] for row in report["rows"]] == [3]
    assert report["image_ms"] is None


async def test_another_engine_has_a_report_of_its_own_and_the_same_one_is_replaced() -> None:
    engine = ScriptedEngine(*["Short."] * 3)
    engine.engine["images"] = False
    async with running(engine.host()) as app:
        await app.handle("speed.measure", {})
        assert len((await app.handle("speed.measure", {}))["reports"]) == 1
        engine.engine["engine"] = "another"
        app.library.reload()
        reports = (await app.handle("speed.measure", {}))["reports"]
        assert [report["engine"] for report in reports] == ["another", "scripted"]
        assert (await app.handle("speed.clear", {}))["reports"] == []


async def test_stopped_it_aborts_the_engine_and_keeps_nothing() -> None:
    reply = held("word ")
    engine = ScriptedEngine(reply)
    async with running(engine.host()) as app:
        measuring = asyncio.create_task(app.handle("speed.measure", {}))
        assert reply.held is not None
        await reply.held.wait()
        assert (await app.handle("speed.list", {}))["doing"] == "Writing up to 50 tokens"
        with pytest.raises(Busy, match="running already"):
            await app.handle("speed.measure", {})
        await app.handle("speed.stop", {})
        assert (await measuring)["reports"] == []
    assert engine.aborted == 1


async def test_while_an_answer_is_written_nothing_is_measured() -> None:
    reply = held("word ")
    async with running(ScriptedEngine(reply).host()) as app:
        session = await app.handle("session.create", {})
        await app.handle("message.send", {"session_id": session["id"], "text": "Hello"})
        assert reply.held is not None
        await reply.held.wait()
        with pytest.raises(Busy, match="too low"):
            await app.handle("speed.measure", {})
        reply.go_on.set()


async def test_an_engine_that_dies_is_an_error_and_nothing_is_kept() -> None:
    async with running(ScriptedEngine(Reply(error=EngineCrashed("It died."))).host()) as app:
        with pytest.raises(EngineCrashed):
            await app.handle("speed.measure", {})
        assert (await app.handle("speed.list", {}))["reports"] == []


def test_a_report_of_a_later_version_is_left_out() -> None:
    database: Any = Store(":memory:").database
    database.write("INSERT INTO speeds VALUES ('m', 'e', 'h', 1.0, '{}')")
    assert SpeedRows(database).all() == []
