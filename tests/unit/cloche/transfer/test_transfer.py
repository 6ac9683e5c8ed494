"""The commands of export, import and fork, as the page gives them."""

from __future__ import annotations

import io
import zipfile

import pytest
from tests.unit.cloche.scripted import (
    PICTURE,
    PNG,
    FullDisk,
    ScriptedEngine,
    answered,
    ask,
    held,
    new_session,
    running,
    until_streamed,
)

from cloche.errors import StorageFull
from cloche.shapes import Settings
from cloche.transfer.document import BadFile, read_document
from cloche.transfer.transfer import file_name, merged


async def test_everything_moves_to_a_fresh_profile_and_says_the_same() -> None:
    host = ScriptedEngine("One", "Two", "Three").host()
    async with running(host) as app:
        first, second = await new_session(app), await new_session(app)
        answer = await ask(app, host, first, "What is this?", images=[PICTURE])
        again = await app.handle("message.regenerate", {"session_id": first, "message_id": answer["id"]})
        await answered(host, again["assistant_message_id"])
        await ask(app, host, second, "Hello")
        await app.handle("settings.set", {"theme": "dark", "send_with": "ctrl-enter", "model_id": "cloche-starter"})
        file = await app.handle("archive.export", {})
        opened = [await app.handle("session.open", {"session_id": id_}) for id_ in (first, second)]
    fresh_host = ScriptedEngine().host()
    async with running(fresh_host) as fresh:
        imported = await fresh.handle("archive.import", {"name": file["name"], "bytes": file["bytes"]})
        assert (imported["added"], imported["copied"], imported["unchanged"]) == ([first, second], [], 0)
        assert imported["settings"]["theme"] == "dark"
        assert [await fresh.handle("session.open", {"session_id": id_}) for id_ in (first, second)] == opened
        image_id = opened[0]["messages"][0]["parts"][0]["image_id"]
        assert (await fresh.handle("image.get", {"image_id": image_id}))["bytes"] == PNG
        told = {data["session"]["id"] for data in fresh_host.told("session:changed")}
        assert told == {first, second}
        assert [s["id"] for s in (await fresh.handle("app.info", {}))["sessions"]] == [second, first]
        again = await fresh.handle("archive.export", {})
        assert members(again["bytes"]) == members(file["bytes"])


def members(file: bytes) -> dict[str, object]:
    """What a ZIP holds, but for the moment of its making."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    document = read_document(texts["cloche.json"]).model_copy(update={"exported_at": 0.0})
    return {**texts, "cloche.json": document}


@pytest.mark.parametrize(("format_", "ending"), [("json", ".json"), ("markdown", ".md")])
async def test_one_conversation_becomes_a_file_and_comes_back(format_: str, ending: str) -> None:
    host = ScriptedEngine("A dot").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "What is this?", images=[PICTURE])
        file = await app.handle("session.export", {"session_id": session_id, "format": format_})
        assert file["name"] == f"What is this{ending}"
        opened = await app.handle("session.open", {"session_id": session_id})
    async with running(ScriptedEngine().host()) as fresh:
        await fresh.handle("archive.import", {"bytes": file["bytes"]})
        assert await fresh.handle("session.open", {"session_id": session_id}) == opened


async def test_an_answer_being_written_is_exported_as_far_as_it_is() -> None:
    reply = held("So far")
    host = ScriptedEngine(reply).host()
    async with running(host) as app:
        session_id = await new_session(app)
        await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "So far")
        file = await app.handle("session.export", {"session_id": session_id, "format": "json"})
        (session,) = read_document(file["bytes"]).sessions
        assert session.messages[1].status == "interrupted"
        assert session.messages[1].parts[0].model_dump()["text"] == "So far"
        await app.handle("message.stop", {"session_id": session_id})


async def test_an_answer_for_which_the_disk_had_no_room_is_in_the_export() -> None:
    reply = held("Not on the disk")
    host = ScriptedEngine(reply).host()
    async with running(host) as app:
        session_id = await new_session(app)
        sent = await app.handle("message.send", {"session_id": session_id, "text": "Hello"})
        await until_streamed(host, "Not on the disk")
        disk = FullDisk(app.store)
        reply.go_on.set()
        await answered(host, sent["assistant_message_id"])
        file = await app.handle("session.export", {"session_id": session_id, "format": "json"})
        disk.full = False
    assert b"Not on the disk" in file["bytes"]


async def test_a_full_disk_leaves_everything_as_it_was() -> None:
    host = ScriptedEngine("One").host()
    async with running(host) as app:
        session_id = await new_session(app)
        await ask(app, host, session_id, "Hello")
        file = await app.handle("archive.export", {})
    async with running(ScriptedEngine().host()) as fresh:
        disk = FullDisk(fresh.store)
        with pytest.raises(StorageFull):
            await fresh.handle("archive.import", {"bytes": file["bytes"]})
        disk.full = False
        assert (await fresh.handle("app.info", {}))["sessions"] == []


async def test_a_file_that_is_none_is_refused_and_nothing_changes() -> None:
    async with running(ScriptedEngine().host()) as app:
        for garbage in (b"", b"Hello", b"PK\x03\x04 and no more", b"<!-- cloche:conversation {} -->"):
            with pytest.raises(BadFile):
                await app.handle("archive.import", {"bytes": garbage})
        assert (await app.handle("app.info", {}))["sessions"] == []


async def test_a_fork_is_a_conversation_that_can_go_on() -> None:
    engine = ScriptedEngine("One", "Two", "Other")
    host = engine.host()
    async with running(host) as app:
        session_id = await new_session(app)
        first = await ask(app, host, session_id, "First")
        await ask(app, host, session_id, "Second")
        forked = await app.handle("session.fork", {"session_id": session_id, "message_id": first["id"]})
        await ask(app, host, forked["id"], "Third")
        texts = [message["content"] for message in engine.requests[-1]["messages"]]
        assert texts == ["First", "One", "Third"]
        assert len((await app.handle("session.open", {"session_id": session_id}))["messages"]) == 4
        assert host.told("session:changed")[-1]["session"]["title"] == "First (fork)"


def test_settings_that_this_version_does_not_know_are_left_out() -> None:
    given = {"theme": "dark", "send_with": "telepathy", "model_id": "other", "future": 1}
    assert merged(Settings(), given) == Settings(theme="dark")


@pytest.mark.parametrize(
    ("title", "name"),
    [("Who are you?", "Who are you"), ("../../etc/passwd", "etc passwd"), ("😀", "Conversation"), ("a" * 99, "a" * 60)],
)
def test_a_file_is_named_after_its_conversation(title: str, name: str) -> None:
    assert file_name(title) == name


async def exported_with_an_extension() -> bytes:
    """A file with an extension that was on everywhere, and a note."""
    async with running(ScriptedEngine().host()) as app:
        await app.handle("extensions.save", {"name": "mine", "source": "def register_hooks(register): ..."})
        await app.handle("extensions.choose", {"name": "mine", "session_id": None, "enabled": True})
        app.toolbox.notes.save("pin", "1234")
        file = await app.handle("archive.export", {})
        return bytes(file["bytes"])


@pytest.mark.parametrize("trusted", [False, True])
async def test_an_extension_from_a_file_is_off_unless_the_file_is_trusted(trusted: bool) -> None:
    file = await exported_with_an_extension()
    async with running(ScriptedEngine().host()) as app:
        await app.handle("archive.import", {"bytes": file, "trusted": trusted})
        (extension,) = await app.handle("extensions.list", {})
        assert (extension["name"], extension["everywhere"]) == ("mine", trusted)
        assert app.toolbox.notes.get("pin") == "1234"


async def test_what_is_here_under_the_same_name_is_not_overwritten() -> None:
    file = await exported_with_an_extension()
    async with running(ScriptedEngine().host()) as app:
        await app.handle("extensions.save", {"name": "mine", "source": "# another"})
        app.toolbox.notes.save("PIN", "9999")
        for _ in range(2):
            await app.handle("archive.import", {"bytes": file})
        assert [one["name"] for one in await app.handle("extensions.list", {})] == ["mine", "mine_imported"]
        assert (await app.handle("extensions.read", {"name": "mine"}))["source"] == "# another"
        assert [app.toolbox.notes.get(key) for key in ("PIN", "pin (imported)")] == ["9999", "1234"]
        assert len(app.toolbox.notes.keys()) == 2


async def test_a_fork_offers_the_same_tools() -> None:
    host = ScriptedEngine("Hi.").host()
    async with running(host) as app:
        session_id = await new_session(app)
        answer = await ask(app, host, session_id, "Hello")
        await app.handle("tools.choose", {"session_id": session_id, "names": ["clock"]})
        session = await app.handle("session.fork", {"session_id": session_id, "message_id": answer["id"]})
        tools = await app.handle("tools.list", {"session_id": session["id"]})
        assert [tool["name"] for tool in tools if tool["enabled"]] == ["clock"]
