"""Descriptions: what the engine is asked, what comes back, refusals, crashes, stopping."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.cloche.scripted import CARD, PNG, Reply, ScriptedEngine, held, running

from cloche.app import App
from cloche.errors import BadImage, BadInput, ClocheError, EngineCrashed, ImageUnsupported
from cloche.host.memory import MemoryHost
from cloche.vision import Camera


def crash() -> Reply:
    """The engine dies in the middle of an answer."""
    return Reply(["A re"], error=EngineCrashed("memory access out of bounds"))


async def test_everything_asked_for_reaches_the_engine_and_every_figure_comes_back() -> None:
    engine = ScriptedEngine("A red circle.")
    async with running(engine.host()) as app:
        heard: list[str] = []
        description = await app.vision.describe(
            [PNG, PNG],
            "What changed?",
            system_prompt="Be brief.",
            max_tokens=30,
            temperature=0.2,
            top_p=0.9,
            seed=7,
            fit="crop",
            detail="low",
            on_text=heard.append,
        )
    (request,) = engine.requests
    system, user = request["messages"]
    assert (system["role"], system["content"]) == ("system", "Be brief.")
    first, second, question = user["content"]
    assert first == second == {"type": "image", "data": PNG, "fit": "crop", "detail": "low"}
    assert question == {"type": "text", "text": "What changed?"}
    assert [request[key] for key in ("max_tokens", "temperature", "top_p", "seed")] == [30, 0.2, 0.9, 7]
    assert "".join(heard) == description.text == "A red circle."
    assert (description.prompt_tokens, description.completion_tokens, description.cached_tokens) == (20, 3, 5)
    assert (description.image_tokens, description.image_ms, description.memory_bytes) == (128, 6, 1000)
    assert (description.time_to_first_token_ms, description.total_ms, description.tokens_per_second) == (10, 20, 100)
    assert (description.hardware, description.model, description.restarts) == ("CPU, 1 thread", "cloche-starter", 0)


async def test_a_camera_is_a_picture_and_is_off_again_after_it() -> None:
    engine = ScriptedEngine("A cat.")
    host = engine.host()
    async with running(host) as app:
        wanted = asyncio.create_task(host.event("camera:streams"))
        seeing = asyncio.create_task(app.vision.describe(Camera(1, 320, 240), "What is it?"))
        (wish,) = (await wanted)["wishes"]
        assert (wish["device_index"], wish["width"], wish["height"]) == (1, 320, 240)
        shown = {"wish_id": wish["id"], "timestamp": 1.0, "width": 320, "height": 240, "bytes": PNG}
        await app.handle("camera.picture", shown)
        assert (await seeing).text == "A cat."
        assert host.told("camera:streams")[-1] == {"wishes": []}
    assert engine.requests[0]["messages"][0]["content"][0]["data"] == PNG


async def test_a_camera_that_is_refused_is_the_error_of_the_description() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        wanted = asyncio.create_task(host.event("camera:streams"))
        seeing = asyncio.create_task(app.vision.describe(Camera(), "What is it?"))
        (wish,) = (await wanted)["wishes"]
        error = {
            "code": "NotAllowedError",
            "message": "The browser does not allow it.",
            "action": "",
            "retryable": False,
        }
        await app.handle("camera.failed", {"wish_id": wish["id"], "error": error})
        with pytest.raises(ClocheError, match="does not allow it"):
            await seeing


async def test_an_object_of_the_browser_is_asked_about_as_it_is_drawn_and_others_are_refused() -> None:
    engine = ScriptedEngine("A cat.")
    host = engine.host()
    canvas = object()
    host.pictures.append((canvas, PNG))
    async with running(host) as app:
        assert (await app.vision.describe([canvas, PNG], "What changed?")).images == 2  # type: ignore[list-item]
        with pytest.raises(BadImage, match="made of object"):
            await app.vision.describe(object(), "What is it?")  # type: ignore[arg-type]
    assert [part["data"] for part in engine.requests[0]["messages"][0]["content"][:2]] == [PNG, PNG]


async def test_what_is_loaded_is_known() -> None:
    engine = ScriptedEngine("A dot.")
    engine.may_load.clear()
    async with running(engine.host()) as app:
        assert not app.vision.is_model_loaded
        engine.may_load.set()
        await app.library.ready()
        assert app.vision.is_initialized
        assert app.vision.is_model_loaded
        await app.vision.unload()
        assert not app.vision.is_initialized
        assert not app.vision.is_model_loaded
        assert (await app.vision.describe(PNG, "What is it?")).text == "A dot."
        assert app.vision.is_model_loaded


async def test_a_model_that_reads_text_only_says_so_and_which_one_sees() -> None:
    engine = ScriptedEngine()
    engine.engine["images"] = False
    async with running(engine.host()) as app:
        with pytest.raises(ImageUnsupported, match="Scripted reads text only") as refused:
            await app.vision.describe(PNG, "What is it?")
    assert refused.value.action == "Open Models and choose one that sees, for example Scripted."
    assert engine.requests == []


async def test_more_pictures_than_the_model_takes_are_refused_and_none_is_dropped() -> None:
    engine = ScriptedEngine("A dot.")
    async with running(engine.host(card={**CARD, "max_images": 1})) as app:
        with pytest.raises(BadInput, match="Scripted looks at one picture at a time; these are 2"):
            await app.vision.describe([PNG, PNG], "What changed?")
        assert engine.requests == []
        assert (await app.vision.describe(PNG, "What is it?")).images == 1


@pytest.mark.parametrize(("image", "prompt"), [([], "What is it?"), (PNG, "  ")])
async def test_nothing_to_look_at_or_to_ask_is_refused(image: Any, prompt: str) -> None:
    async with running(ScriptedEngine().host()) as app:
        with pytest.raises(BadInput):
            await app.vision.describe(image, prompt)


async def test_a_crash_is_survived_by_one_more_try_and_told_once() -> None:
    engine = ScriptedEngine(crash(), "A red circle.", crash(), "A blue star.")
    host = engine.host()
    async with running(host) as app:
        heard: list[str] = []
        first = await app.vision.describe(PNG, "Look", on_text=heard.append, on_restart=heard.clear)
        second = await app.vision.describe(PNG, "Look")
        assert (first.text, first.restarts, "".join(heard)) == ("A red circle.", 1, "A red circle.")
        assert (second.text, second.restarts) == ("A blue star.", 1)
    assert engine.loads == 3
    assert [notice["code"] for notice in host.told("notice")] == ["engine_restarted"]


async def test_a_hundred_crashes_in_a_row_are_a_hundred_recoveries() -> None:
    engine = ScriptedEngine(*(reply for number in range(100) for reply in (crash(), f"Frame {number}.")))
    async with running(engine.host()) as app:
        texts = [(await app.vision.describe(PNG, "Look")).text for _ in range(100)]
        assert texts == [f"Frame {number}." for number in range(100)]
        assert app.vision.restarts == 100


async def test_a_second_crash_on_the_same_picture_is_an_error_and_the_next_picture_is_seen() -> None:
    engine = ScriptedEngine(crash(), crash(), "A red circle.")
    async with running(engine.host()) as app:
        with pytest.raises(EngineCrashed):
            await app.vision.describe(PNG, "Look")
        assert (await app.vision.describe(PNG, "Look")).text == "A red circle."


async def test_silence_is_measured_by_what_was_normal() -> None:
    engine = ScriptedEngine("One.", "Two.")
    async with running(engine.host()) as app:
        await app.vision.describe(PNG, "Look")
        await app.vision.describe(PNG, "Look")
    assert [request["silence_seconds"] for request in engine.requests] == [None, 30]


async def described_until_stopped(app: App, host: MemoryHost, reply: Reply) -> asyncio.Task[Any]:
    """A description whose engine is at work."""
    task = asyncio.create_task(app.vision.describe(PNG, "Look"))
    assert reply.held is not None
    await reply.held.wait()
    return task


async def test_cancelling_stops_the_engine() -> None:
    one, two = held("A"), held("A")
    engine = ScriptedEngine(one, two, "A red circle.")
    host = engine.host()
    async with running(host) as app:
        task = await described_until_stopped(app, host, one)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other = await described_until_stopped(app, host, two)
        app.vision.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other
        assert engine.aborted == 2
        assert (await app.vision.describe(PNG, "Look")).text == "A red circle."


async def test_terminating_ends_what_runs_and_the_engine() -> None:
    one = held("A")
    host = ScriptedEngine(one).host()
    async with running(host) as app:
        task = await described_until_stopped(app, host, one)
        await app.vision.terminate()
        with pytest.raises((asyncio.CancelledError, EngineCrashed)):
            await task
        assert not app.vision.is_initialized
