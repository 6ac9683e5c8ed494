"""The app as the page sees it: starting, commands and what they give back, ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.unit.cloche.packages.wheels import file_name, wheel
from tests.unit.cloche.scripted import (
    PICTURE,
    PNG,
    ScriptedEngine,
    ask,
    held,
    new_session,
    running,
    text_of,
    until_streamed,
)

from cloche import contract
from cloche.app import App
from cloche.errors import BadInput, NotFound, StorageBroken, StorageLost
from cloche.host.memory import MemoryHost
from cloche.models.library import Library
from cloche.store.database import Database


def fits(method: str, answer: Any) -> None:
    """Check an answer by the contract."""
    TypeAdapter(contract.COMMANDS[method].result).validate_python(answer)


def check_events(host: MemoryHost) -> None:
    """Check everything that the page was told by the contract."""
    for name, data in host.events:
        contract.EVENTS[name].model_validate(data)


async def test_it_tells_the_page_when_it_is_ready_and_then_loads_the_model() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        await app.library.ready()
        assert host.events[0][0] == "app:ready"
        assert contract.AppInfo.model_validate(host.told("app:ready")[0]).model.state == "absent"
        assert host.told("model:status")[-1]["state"] == "ready"


async def test_every_command_of_the_contract_is_answered_in_its_shape() -> None:
    host = ScriptedEngine("One.", "Two.", "Three.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        here = {"session_id": session_id}
        file = {"bytes": b"Ida", "name": "boats.txt"}
        answer = await ask(app, host, session_id, "What is it?", images=[PICTURE], files=[file])
        user = (await app.handle("session.open", here))["messages"][0]
        params: dict[str, dict[str, Any]] = {
            "settings.set": {"theme": "dark"},
            "session.open": here,
            "session.rename": {**here, "title": "Shapes"},
            "session.set_parameters": {**here, "parameters": {"temperature": 1}},
            "session.search": {"query": "shapes"},
            "message.delete": {**here, "message_id": answer["id"]},
            "message.restore": {**here, "message_id": answer["id"]},
            "message.select_version": {**here, "message_id": answer["id"]},
            "message.regenerate": {**here, "message_id": answer["id"]},
            "message.stop": here,
            "message.edit": {**here, "message_id": user["id"], "text": "And this?"},
            "session.set_chain": {**here, "chain": [{"provider_id": "local"}]},
            "tools.list": here,
            "tools.choose": {**here, "names": ["calculator"]},
            "session.export": {**here, "format": "markdown"},
            "session.fork": {**here, "message_id": user["id"]},
            "session.answer_format": here,
            "session.set_answer_format": {**here, "format": {"kind": "text"}},
            "trace.read": here,
            "trace.export": here,
            "trace.clear": here,
            "archive.export": {},
            "archive.import": {"bytes": (await app.handle("archive.export", {}))["bytes"]},
            "image.get": {"image_id": user["parts"][0]["image_id"]},
            "packages.list": {},
            "packages.add": {"name": file_name("bobbin"), "bytes": wheel("bobbin")},
            "packages.remove": {"name": "bobbin"},
            "camera.state": {"open": False},
            "camera.frame": {"request_id": "1", "image": None},
            "file.get": {"file_id": user["parts"][1]["file_id"]},
            "extensions.save": {"name": "mine", "source": "x = 1"},
            "extensions.list": here,
            "extensions.read": {"name": "mine"},
            "extensions.choose": {**here, "name": "mine", "enabled": True},
            "extensions.delete": {"name": "mine"},
            "console.run": {**here, "run_id": "1", "code": "print(1 + 1)\n2"},
            "console.complete": {"before": "app."},
            "console.history": {},
            "console.stop": {},
            "vila.health": {},
            "vila.stop": {},
            "relay.state": {},
            "relay.set": {"openai": True},
            "relay.connect": {},
            "relay.make_key": {"name": "robot"},
            "download.start": {"model_id": "cloche-starter"},
            "download.pause": {"model_id": "cloche-starter"},
            "download.move": {"model_id": "cloche-starter", "place": 0},
            "download.resume": {"model_id": "cloche-starter"},
            "download.cancel": {"model_id": "cloche-starter"},
            "storage.pin": {"model_id": "cloche-starter", "pinned": True},
            "storage.verify": {"model_id": "cloche-starter"},
            "storage.plan": {"model_id": "cloche-starter"},
            "provider.browser": {"context_window": 4096},
            "live.configure": {},
            "live.settings": {},
            "live.history": {},
            "live.clear": {},
            "live.stop": {},
            "session.delete": here,
            "session.restore": here,
            "message.send": {**here, "text": "Hello"},
        }
        unasked = set(contract.COMMANDS) - set(params)
        # These need somebody who asks, a server or other models: see test_approval, test_registry, test_storage,
        # test_both_ends, test_ports.
        elsewhere = {"approval.answer", "provider.add", "provider.refresh", "provider.set_key", "provider.remove"}
        elsewhere |= {"providers.unlock", "storage.delete", "storage.evict", "relay.revoke_key", "packages.fetch"}
        elsewhere |= {"relay.open_port", "relay.hear", "relay.close_port"}
        # These need a camera: see vision/test_video_stream.py and relay/test_vila_client.py.
        elsewhere |= {"vila.start", "camera.picture", "camera.failed", "origin.answer"}
        # These need a frame: see vision/test_live.py.
        elsewhere |= {"live.frame", "live.picture", "live.save"}
        # These need a folder on the disk, or none: see models/test_folder.py, models/test_advisor.py.
        elsewhere |= {"folder.look", "folder.move", "model.hold", "model.release"}
        # And these an address, files, or a model that was added: see models/test_advisor.py.
        elsewhere |= {name for name in unasked if name.startswith("catalogue.") and name != "catalogue.list"}
        plain = {"app.info", "model.load", "session.create", "providers.list", "download.list", "storage.list"}
        plain |= {"catalogue.list", "device.measure", "model.unload", "storage.forget_prompts"}
        # What the benchmark measures: see speed/test_benchmark.py.
        elsewhere |= {"speed.measure"}
        plain |= {"speed.list", "speed.stop", "speed.clear"}
        assert unasked - elsewhere == plain
        for method in unasked - elsewhere:
            fits(method, await app.handle(method, {}))
        for method, given in params.items():
            fits(method, await app.handle(method, given))
            await app.handle("message.stop", here)
        check_events(host)


async def test_answers_are_plain_data() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        for method in ("app.info", "model.load", "session.create"):
            assert type(await app.handle(method, {})) is dict
        assert type(await app.handle("settings.set", {"theme": "dark"})) is dict


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("no.such", {}, "no.such"),
        ("session.open", {}, "session_id"),
        ("session.open", {"session_id": "x", "typo": 1}, "typo"),
        ("session.rename", {"session_id": "x", "title": ""}, "title"),
        ("session.set_parameters", {"session_id": "x", "parameters": {"temperature": 9}}, "parameters.temperature"),
    ],
)
async def test_a_malformed_command_is_refused_with_the_reason(method: str, params: Any, said: str) -> None:
    async with running(ScriptedEngine().host()) as app:
        with pytest.raises(BadInput, match=said):
            await app.handle(method, params)


async def test_unknown_things_are_not_found() -> None:
    async with running(ScriptedEngine().host()) as app:
        session_id = await new_session(app)
        for method, params in (
            ("session.open", {"session_id": "x"}),
            ("session.delete", {"session_id": "x"}),
            ("session.restore", {"session_id": "x"}),
            ("message.send", {"session_id": "x", "text": "Hello"}),
            ("message.edit", {"session_id": session_id, "message_id": "x", "text": "Hello"}),
            ("message.regenerate", {"session_id": session_id, "message_id": "x"}),
            ("message.delete", {"session_id": session_id, "message_id": "x"}),
            ("image.get", {"image_id": "x"}),
        ):
            with pytest.raises(NotFound):
                await app.handle(method, params)


async def test_a_picture_comes_back_as_it_was_given() -> None:
    host = ScriptedEngine("A dot.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "What is it?", images=[PICTURE])
        part = (await app.handle("session.open", {"session_id": session_id}))["messages"][0]["parts"][0]
        assert await app.handle("image.get", {"image_id": part["image_id"]}) == {"bytes": PNG, "mime": "image/png"}


async def test_everything_is_there_after_the_app_was_closed(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    host = ScriptedEngine("Hi.").host(path)
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        await app.handle("settings.set", {"theme": "dark"})
        before = await app.handle("session.open", {"session_id": session_id})
    async with running(ScriptedEngine().host(path)) as app:
        assert await app.handle("session.open", {"session_id": session_id}) == before
        info = await app.handle("app.info", {})
        assert [session["title"] for session in info["sessions"]] == ["Hello"]
        assert info["settings"]["theme"] == "dark"
        assert info["storage"]["durable"] is True


async def test_how_long_unused_models_stay_is_the_persons_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    monkeypatch.setattr(Library, "rest_after", lambda _, seconds: told.append(seconds))
    async with running(ScriptedEngine().host()) as app:
        assert set(told) == {3600}
        told.clear()
        await app.handle("settings.set", {"unload_minutes": 15})
        assert told == [900, 900, 900]  # the one that converses, the one for vectors, the one that ranks


async def test_a_deleted_session_can_be_restored_until_the_next_start(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    host = ScriptedEngine("Hi.").host(path)
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        await app.handle("session.delete", {"session_id": session_id})
        assert host.told("session:removed") == [{"session_id": session_id}]
        restored = await app.handle("session.restore", {"session_id": session_id})
        assert restored["message_count"] == 2
        await app.handle("session.delete", {"session_id": session_id})
    async with running(ScriptedEngine().host(path)) as app:
        with pytest.raises(NotFound):
            await app.handle("session.restore", {"session_id": session_id})


async def test_with_a_session_goes_what_engines_have_kept_of_prompts() -> None:
    engine = ScriptedEngine("Hi.")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        engine.prompt_bytes = 7
        assert (await app.handle("storage.list", {}))["prompt_bytes"] == 7
        await app.handle("session.delete", {"session_id": session_id})
        assert (await app.handle("storage.list", {}))["prompt_bytes"] == 0
        engine.prompt_bytes = 7
        assert (await app.handle("storage.forget_prompts", {}))["prompt_bytes"] == 0


async def test_search_finds_what_was_asked_and_answered() -> None:
    host = ScriptedEngine("Two squares.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "How many?")
        (hit,) = await app.handle("session.search", {"query": "squar"})
        assert hit["message_id"] == answer["id"]


async def test_shutting_down_keeps_a_partial_answer_and_frees_the_database(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    reply = held("Half an", " answer")
    host = ScriptedEngine(reply).host(path)
    app = App(host)
    await app.start()
    session_id = await new_session(app)
    await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
    await until_streamed(host, "Half an answer")
    await app.shutdown()
    with pytest.raises(StorageLost):
        await app.handle("app.info", {})
    async with running(ScriptedEngine().host(path)) as again:
        messages = (await again.handle("session.open", {"session_id": session_id}))["messages"]
    assert [message["status"] for message in messages] == ["complete", "interrupted"]
    assert text_of(messages[1]) == "Half an answer"


async def test_shutting_down_twice_does_no_harm() -> None:
    app = App(ScriptedEngine().host())
    await app.start()
    await app.shutdown()
    await app.shutdown()


async def test_a_database_of_a_newer_version_stops_the_start_with_a_reason(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    database = Database(path)
    database.rows("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StorageBroken, match="99"):
        await App(ScriptedEngine().host(path)).start()


async def test_without_durable_storage_the_page_is_told_why() -> None:
    host = ScriptedEngine().host()
    async with running(host) as app:
        info = await app.handle("app.info", {})
        assert info["storage"]["durable"] is False
        assert info["storage"]["reason"]
