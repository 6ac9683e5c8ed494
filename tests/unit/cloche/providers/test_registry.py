"""Providers that a person adds, their keys, and chains of models, with a real server. Needs sockets: CPython only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.cloche.providers.faulty_llm_server import Answer, FaultyServer, chunk, fails, says
from tests.unit.cloche.scripted import PICTURE, ScriptedEngine, ask, new_session, running, text_of

from cloche import errors
from cloche.app import App
from cloche.host.http_link import HttpLink
from cloche.host.memory import MemoryHost
from cloche.providers.registry import checked_url


class RemoteWorker(HttpLink):
    """Real requests, and secrets sealed so that a test can see it."""

    async def call(
        self, method: str, params: dict[str, Any], on_chunks: Callable[[list[Any]], None] | None = None
    ) -> Any:
        if method == "secret.seal":
            return f"sealed:{params['passphrase']}:{params['text'][::-1]}"
        if method == "secret.open":
            _, passphrase, text = params["sealed"].split(":")
            if passphrase != params["passphrase"]:
                raise errors.WrongPassphrase("The passphrase does not open the kept key.")
            return text[::-1]
        return await super().call(method, params, on_chunks)


def host_of(*replies: str, database: str = ":memory:") -> MemoryHost:
    """A host with the scripted engine in the tab and real requests to outside."""
    host = ScriptedEngine(*replies).host(database)
    host.workers["remote"] = RemoteWorker
    return host


async def added(app: App, server: FaultyServer, **more: Any) -> dict[str, Any]:
    """A provider for this server."""
    given = {"kind": "openai", "name": "Box", "base_url": server.url, **more}
    provider: dict[str, Any] = await app.handle("provider.add", given)
    return provider


async def choose(app: App, session_id: str, *chain: tuple[str, str]) -> None:
    """Choose the models of a session."""
    choices = [{"provider_id": provider, "model": model} for provider, model in chain]
    await app.handle("session.set_chain", {"session_id": session_id, "chain": choices})


async def test_a_server_is_added_with_its_models() -> None:
    host = host_of()
    with FaultyServer() as server:
        async with running(host) as app:
            provider = await added(app, server)
            listed = await app.handle("providers.list", {})
    assert [model["id"] for model in provider["models"]] == ["small", "large"]
    assert (provider["origin"], provider["remote"], provider["key"]) == (server.origin, True, "none")
    assert [known["id"] for known in listed] == ["local", provider["id"]]
    assert host.told("providers:changed")[-1]["providers"] == listed


async def test_a_server_that_lists_nothing_is_not_added() -> None:
    with FaultyServer(key="right") as server:
        async with running(host_of()) as app:
            with pytest.raises(errors.KeyRefused):
                await added(app, server, key="wrong")
            assert len(await app.handle("providers.list", {})) == 1


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "http://a b", "https://u:p@host", "https://h/?q=1", "http://h:x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(errors.BadInput):
        checked_url(url)


def test_an_address_is_completed() -> None:
    assert checked_url(" localhost:11434/v1/ ") == "http://localhost:11434/v1"
    assert checked_url("api.example.org/v1") == "https://api.example.org/v1"


async def test_the_answer_says_who_spoke_and_switching_needs_nothing_else() -> None:
    host = host_of("Hello from here.")
    with FaultyServer(says("Hello ", "from afar.")) as server:
        async with running(host) as app:
            box = await added(app, server)
            session = await new_session(app)
            here = await ask(app, host, session, "Hello")
            await choose(app, session, (box["id"], "large"))
            afar = await ask(app, host, session, "And now?")
            opened = await app.handle("session.open", {"session_id": session})
    assert (text_of(here), here["provider"], here["remote"]) == ("Hello from here.", "This device", False)
    assert (text_of(afar), afar["provider"], afar["model"], afar["remote"]) == (
        "Hello from afar.",
        "Box",
        "large",
        True,
    )
    assert [message["remote"] for message in opened["messages"]] == [False, False, False, True]
    (body,) = server.bodies()
    assert [(message["role"], message["content"]) for message in body["messages"]] == [
        ("user", "Hello"),
        ("assistant", "Hello from here."),
        ("user", "And now?"),
    ]


async def test_a_picture_goes_to_the_server_as_data() -> None:
    host = host_of()
    with FaultyServer() as server:
        async with running(host) as app:
            box = await added(app, server)
            session = await new_session(app)
            await choose(app, session, (box["id"], "small"))
            await ask(app, host, session, "What is it?", images=[PICTURE])
    picture, _ = server.bodies()[0]["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")


async def test_a_server_that_fails_gives_way_to_the_local_model_and_the_answer_says_why() -> None:
    host = host_of("Local answer.")
    with FaultyServer(fails(400, "Not today.")) as server:
        async with running(host) as app:
            box = await added(app, server)
            session = await new_session(app)
            await choose(app, session, (box["id"], "small"), ("local", ""))
            answer = await ask(app, host, session, "Hello")
    assert (text_of(answer), answer["provider"], answer["remote"]) == ("Local answer.", "This device", False)
    assert answer["note"].startswith("Box: ")
    assert "Not today." in answer["note"]
    assert answer["status"] == "complete"


async def test_the_chain_of_the_settings_holds_where_a_session_has_none() -> None:
    host = host_of()
    with FaultyServer() as server:
        async with running(host) as app:
            box = await added(app, server)
            settings = (await app.handle("app.info", {}))["settings"]
            chain = [{"provider_id": "gone", "model": "x"}, {"provider_id": box["id"], "model": "small"}]
            await app.handle("settings.set", {**settings, "chain": chain})
            answer = await ask(app, host, await new_session(app), "Hello")
    assert answer["provider"] == "Box"
    assert "has been removed" in answer["note"]


async def test_an_answer_that_broke_off_keeps_what_it_has_and_is_not_begun_anew() -> None:
    host = host_of("Never said.")
    with FaultyServer(Answer([chunk({"content": "Half an"})], cut=True)) as server:
        async with running(host) as app:
            box = await added(app, server)
            session = await new_session(app)
            await choose(app, session, (box["id"], "small"), ("local", ""))
            answer = await ask(app, host, session, "Hello")
    assert (text_of(answer), answer["status"], answer["error"]["code"]) == ("Half an", "error", "answer_dropped")
    assert answer["remote"]


async def test_when_all_fail_the_last_reason_is_the_error() -> None:
    host = host_of()
    with FaultyServer(fails(401)) as server:
        async with running(host) as app:
            box = await added(app, server)
            session = await new_session(app)
            await choose(app, session, (box["id"], "small"), (box["id"], "large"))
            answer = await ask(app, host, session, "Hello")
    assert (answer["status"], answer["error"]["code"]) == ("error", "key_refused")
    assert answer["error"]["action"]


async def test_a_key_stays_in_memory_unless_it_is_to_be_kept(tmp_path: Any) -> None:
    database = str(tmp_path / "app.db")
    with FaultyServer(key="sk-secret") as server:
        async with running(host_of(database=database)) as app:
            assert (await added(app, server, key="sk-secret"))["key"] == "memory"
        assert b"sk-secret" not in (tmp_path / "app.db").read_bytes()
        async with running(host_of(database=database)) as app:
            assert (await app.handle("providers.list", {}))[1]["key"] == "none"


async def test_a_kept_key_is_sealed_and_opens_with_the_passphrase(tmp_path: Any) -> None:
    database = str(tmp_path / "app.db")
    with FaultyServer(key="sk-secret") as server:
        async with running(host_of(database=database)) as app:
            provider = await added(app, server, key="sk-secret", passphrase="horse")
            assert provider["key"] == "sealed"
        assert b"sk-secret" not in (tmp_path / "app.db").read_bytes()
        host = host_of(database=database)
        async with running(host) as app:
            session = await new_session(app)
            await choose(app, session, (provider["id"], "small"))
            answer = await ask(app, host, session, "Hello")
            assert answer["error"]["code"] == "key_locked"
            with pytest.raises(errors.WrongPassphrase):
                await app.handle("providers.unlock", {"passphrase": "cow"})
            listed = await app.handle("providers.unlock", {"passphrase": "horse"})
            assert listed[1]["key"] == "sealed"
            assert (await ask(app, host, session, "Hello"))["status"] == "complete"
            forgotten = await app.handle("provider.set_key", {"provider_id": provider["id"]})
            assert forgotten["key"] == "none"


async def test_a_removed_server_is_asked_no_more() -> None:
    host = host_of()
    with FaultyServer() as server:
        async with running(host) as app:
            box = await added(app, server)
            session = await new_session(app)
            await choose(app, session, (box["id"], "small"))
            await app.handle("provider.remove", {"provider_id": box["id"]})
            answer = await ask(app, host, session, "Hello")
            with pytest.raises(errors.ProviderMissing):
                await app.handle("provider.refresh", {"provider_id": box["id"]})
    assert answer["error"]["code"] == "provider_missing"
    assert server.bodies() == []


async def test_the_list_of_models_can_be_fetched_again() -> None:
    with FaultyServer() as server:
        async with running(host_of()) as app:
            box = await added(app, server)
            server.listed = ["new"]
            fresh = await app.handle("provider.refresh", {"provider_id": box["id"]})
    assert [model["id"] for model in fresh["models"]] == ["new"]


async def test_a_model_is_found_by_its_id_or_with_its_provider() -> None:
    with FaultyServer() as first, FaultyServer(models=["small"]) as second:
        async with running(host_of()) as app:
            box = await added(app, first)
            await added(app, second, name="Shed")
            assert app.providers.find("large").model_dump() == {"provider_id": box["id"], "model": "large"}
            assert app.providers.find("Box/small").provider_id == box["id"]
            assert app.providers.find("local").provider_id == "local"
            with pytest.raises(errors.BadInput) as raised:
                app.providers.find("small")
    assert raised.value.action == "Name one of Box/small, Shed/small."


async def test_what_a_server_does_not_take_is_learned_once() -> None:
    host = host_of()
    refused = fails(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    with FaultyServer(refused, says("One."), says("Two.")) as server:
        async with running(host) as app:
            provider, session_id = await added(app, server), await new_session(app)
            await choose(app, session_id, (provider["id"], "small"))
            answers = [text_of(await ask(app, host, session_id, text)) for text in ("Hello", "Again")]
    assert answers == ["One.", "Two."]
    assert ["max_tokens" in body for body in server.bodies()] == [True, False, False]


async def test_a_model_whose_server_takes_no_tools_calls_them_all_the_same() -> None:
    host = host_of()
    call = '<tool_call>{"name": "calculator", "arguments": {"expression": "6 * 7"}}</tool_call>'
    refused = fails(400, "small does not support tools")
    with FaultyServer(refused, says(call[:20], call[20:]), says("It is 42.")) as server:
        async with running(host) as app:
            provider, session_id = await added(app, server), await new_session(app)
            await choose(app, session_id, (provider["id"], "small"))
            answer = await ask(app, host, session_id, "6 times 7?")
    assert [part["type"] for part in answer["parts"]] == ["tool_call", "text"]
    assert answer["parts"][0]["output"] == "42"
    assert ["tools" in body for body in server.bodies()] == [True, False, False]
    assert "Result of calculator:\n42" in server.bodies()[-1]["messages"][-1]["content"]
