"""Embeddings and reranking: which model serves, that it is loaded once, and what is refused."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.unit.cloche.scripted import CARD, ScriptedEngine, running

from cloche.app import App
from cloche.errors import BadInput, Busy, ModelNotReady
from cloche.host.memory import MemoryHost


def card(model_id: str, purpose: str, engine: str = "llamacpp") -> dict[str, object]:
    more = {"id": model_id, "name": model_id.title(), "purpose": purpose, "engine": engine, "modalities": ["text"]}
    return {**CARD, **more}


CARDS = [card("first", "embedding"), card("second", "embedding"), card("judge", "rerank")]


def host_of(engine: ScriptedEngine) -> MemoryHost:
    host = engine.host()
    host.files["catalogue.json"] = json.dumps({"llamacpp": CARDS, "webllm": []})
    return host


def here(app: App, *ids: str) -> None:
    """Makes these models count as downloaded."""
    app.vectors.here = lambda _: set(ids)
    for library in app.vectors.libraries.values():
        library.complete = lambda card: card.id in ids


def loads(engine: ScriptedEngine) -> list[tuple[str, str]]:
    return [(params["model_id"], params["purpose"]) for params in engine.loaded if params["purpose"] != "chat"]


async def test_vectors_and_scores_come_in_order_from_models_that_are_loaded_once_beside_the_one_that_chats() -> None:
    engine = ScriptedEngine("Hello.")
    host = host_of(engine)
    async with running(host) as app:
        here(app, "first", "judge")
        assert await app.vectors.embed(["a", "abc"]) == [[1.0, 1.0], [1.0, 3.0]]
        assert await app.vectors.embed(["ab"]) == [[1.0, 2.0]]
        assert await app.vectors.rerank("who", ["long one", "short"]) == [8.0, 5.0]
        assert loads(engine) == [("first", "embedding"), ("judge", "rerank")]
        assert [request.get("texts") for request in engine.requests] == [["a", "abc"], ["ab"], None]
        assert {status["card"]["id"] for status in host.told("model:status") if status["card"]} == {"cloche-starter"}
        with pytest.raises(Busy):
            await app.storage.remove("first")
        await app.vectors.unload()
        assert app.vectors.loaded == set()
        assert await app.vectors.embed(["a"]) == [[1.0, 1.0]]


async def test_a_model_that_is_named_serves_and_two_requests_for_different_ones_wait_for_each_other() -> None:
    engine = ScriptedEngine()
    async with running(host_of(engine)) as app:
        here(app, "first", "second")
        answers = await asyncio.gather(
            app.vectors.embed(["a"], model="second"),
            app.vectors.embed(["ab"], model="first"),
            app.vectors.embed(["abc"]),
        )
        assert list(answers) == [[[1.0, 1.0]], [[1.0, 2.0]], [[1.0, 3.0]]]
        assert loads(engine) == [("second", "embedding"), ("first", "embedding")]


async def test_without_a_model_on_this_device_it_is_said_which_one_to_download() -> None:
    engine = ScriptedEngine()
    async with running(host_of(engine)) as app:
        with pytest.raises(ModelNotReady, match="no model for reranking") as refused:
            await app.vectors.rerank("who", ["me"])
        assert refused.value.action == "Open Models and download one, for example Judge."
        here(app, "judge")
        with pytest.raises(ModelNotReady, match="Second has not been downloaded"):
            await app.vectors.embed(["a"], model="second")
        with pytest.raises(BadInput, match="Judge is no model for embeddings"):
            await app.vectors.embed(["a"], model="judge")
    assert loads(engine) == []


async def test_empty_texts_are_refused_and_no_texts_need_no_model() -> None:
    engine = ScriptedEngine()
    async with running(host_of(engine)) as app:
        assert await app.vectors.embed([]) == []
        assert await app.vectors.rerank("who", []) == []
        with pytest.raises(BadInput, match="empty"):
            await app.vectors.embed(["a", " "])
        with pytest.raises(BadInput, match="empty"):
            await app.vectors.rerank("", ["a"])
