"""A provider on another machine: closed until it is added, marked when it speaks, closed again when it is removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Worker, expect
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import Site
from tests.e2e.faults import worker
from tests.unit.cloche.providers.faulty_llm_server import FaultyServer, fails, says

from toolchain.paths import DIST

KEY = "sk-test-0123456789"
FETCH = "url => fetch(url).then(() => 'reached', () => 'refused')"
# Starts a fresh remote.worker and lets it make one request; what it answers, or the code of its error.
ASK_REMOTELY = """async ([script, url]) => {
  const started = new Worker(script, { type: 'module' });
  const answer = await new Promise((resolve) => {
    started.onmessage = ({ data }) => {
      if (data.error || data.result) resolve(data.error?.code ?? data.result.status);
    };
    started.postMessage({ id: 1, method: 'http.stream', params: { url, method: 'GET', headers: {}, body: null } });
  });
  started.terminate();
  return answer;
}"""
# Everything that this origin keeps, as one text of bytes.
KEPT = """async () => {
  const found = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
  const look = async (directory) => {
    for await (const handle of directory.values()) {
      if (handle.kind === 'directory') await look(handle);
      else if (!handle.name.endsWith('.gguf')) {
        const file = await handle.getFile();
        found.push(handle.name, new TextDecoder('latin1').decode(await file.arrayBuffer()));
      }
    }
  };
  await look(await navigator.storage.getDirectory());
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (request.url.endsWith('.json')) found.push(await (await cache.match(request)).text());
    }
  }
  return found.join('\\n');
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer(says("Hello ", "from afar."), key=KEY) as started:
        yield started


@pytest.fixture(scope="module")
def away(site: Site, browser: Browser) -> Iterator[Cloche]:
    """A tab whose requests to other origins are the server's to count."""
    with browser.new_context() as context:
        cloche = Cloche(context.new_page(), site.url).open()
        cloche.wait_offline_ready()
        yield cloche


def remote_script(site: Site) -> str:
    (script,) = Path(DIST).glob("assets/remote.worker-*.js")
    return f"{site.url}assets/{script.name}"


def python_of(page: Page) -> Worker:
    return worker(page, r"python\.worker")


def models(cloche: Cloche) -> None:
    cloche.page.goto(f"{cloche.address}#/models")


def add(cloche: Cloche, server: FaultyServer, name: str, key: str, passphrase: str = "") -> None:
    models(cloche)
    form = cloche.page.get_by_role("form", name="Add a provider")
    form.get_by_label("Address").fill(server.url)
    expect(form).to_contain_text(f"lets the page reach {server.origin} and nothing else")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Key", exact=True).fill(key)
    if passphrase:
        form.get_by_role("checkbox").check()
        form.get_by_role("textbox", name="Passphrase").fill(passphrase)
    form.get_by_role("button", name="Allow and add").click()


def choose(cloche: Cloche, *chain: str) -> None:
    """Choose the models of the conversation on screen, first, second and so on."""
    cloche.button("Model").click()
    for index, label in enumerate(chain):
        picker = cloche.page.get_by_role("combobox", name=f"If that fails ({index})" if index else "First", exact=True)
        picker.select_option(label=label)
        expect(picker.locator("option:checked")).to_have_text(label)
    cloche.button("Model").click()


def test_nothing_reaches_another_origin_before_it_is_added(site: Site, away: Cloche, server: FaultyServer) -> None:
    url = f"{server.url}/models"
    assert away.page.evaluate(FETCH, url) == "refused"
    assert python_of(away.page).evaluate(FETCH, url) == "refused"
    assert python_of(away.page).evaluate(ASK_REMOTELY, [remote_script(site), url]) == "origin_closed"
    assert server.asked == []


def test_a_wrong_key_adds_nothing_and_closes_the_way_again(site: Site, away: Cloche, server: FaultyServer) -> None:
    add(away, server, "Box", "wrong")
    expect(away.page.get_by_role("alert")).to_contain_text("does not accept the key")
    expect(away.page.get_by_role("listitem", name="Box", exact=True)).to_have_count(0)
    answer = python_of(away.page).evaluate(ASK_REMOTELY, [remote_script(site), f"{server.url}/models"])
    assert answer == "origin_closed"


def test_an_added_server_answers_and_is_marked_as_remote(site: Site, away: Cloche, server: FaultyServer) -> None:
    add(away, server, "Box", KEY)
    expect(away.page.get_by_role("listitem", name="Box", exact=True)).to_contain_text("2 models")
    away.page.goto(f"{away.address}#/chat")
    choose(away, "small")
    assert "Hello from afar." in away.ask("Hello")
    expect(away.answers.last).to_contain_text("remote")
    expect(away.answers.last).to_contain_text("Box · small")
    assert server.bodies()[-1]["messages"][-1]["content"] == "Hello"
    assert away.page.evaluate(FETCH, f"{server.url}/models") == "refused"
    assert python_of(away.page).evaluate(FETCH, f"{server.url}/models") == "refused"


def test_an_opened_origin_opens_no_other(site: Site, away: Cloche) -> None:
    with FaultyServer() as other:
        url = f"{other.url}/models"
        assert worker(away.page, r"remote\.worker").evaluate(FETCH, url) == "refused"
        assert python_of(away.page).evaluate(ASK_REMOTELY, [remote_script(site), url]) == "origin_closed"
        assert other.asked == []


def test_switching_in_mid_conversation_needs_nothing_else(away: Cloche, server: FaultyServer) -> None:
    choose(away, "Cloche starter")
    away.ask("What is 2 + 2?")
    expect(away.answers.last).not_to_contain_text("remote")
    choose(away, "large")
    away.ask("Thank you")
    expect(away.answers.last).to_contain_text("Box · large")
    said = [message["content"] for message in server.bodies()[-1]["messages"] if message["role"] != "tool"]
    assert said[:3] == ["Hello", "Hello from afar.", "What is 2 + 2?"]
    assert said[-1] == "Thank you"


def test_a_failing_server_gives_way_to_the_local_model_which_says_so(away: Cloche, server: FaultyServer) -> None:
    good, server.script = server.script, [fails(400, "Out of order.")]
    try:
        choose(away, "large", "Cloche starter")
        away.ask("Hello")
    finally:
        server.script = good
    expect(away.answers.last).to_contain_text("Answered by This device")
    expect(away.answers.last).to_contain_text("Out of order.")
    expect(away.answers.last.get_by_text("remote", exact=True)).to_have_count(0)


def test_the_key_is_kept_nowhere_and_gone_after_a_reload(away: Cloche) -> None:
    assert KEY not in away.page.evaluate(KEPT)
    away.reload()
    models(away)
    expect(away.page.get_by_role("listitem", name="Box", exact=True)).to_contain_text("none")


def test_a_remembered_key_is_sealed_and_opens_with_its_passphrase(away: Cloche) -> None:
    box = away.page.get_by_role("listitem", name="Box", exact=True)
    box.get_by_role("button", name="Change key").click()
    box.get_by_label("Key", exact=True).fill(KEY)
    box.get_by_role("checkbox").check()
    box.get_by_role("textbox", name="Passphrase").fill("correct horse")
    box.get_by_role("button", name="Save key").click()
    expect(box).to_contain_text("open now", timeout=ANSWER_MS)
    assert KEY not in away.page.evaluate(KEPT)
    away.reload()
    expect(box).to_contain_text("locked")
    unlock = away.page.get_by_role("form", name="Unlock keys")
    unlock.get_by_role("textbox", name="Passphrase").fill("wrong horse")
    unlock.get_by_role("button", name="Unlock keys").click()
    expect(unlock.get_by_role("alert")).to_contain_text("passphrase", timeout=ANSWER_MS)
    unlock.get_by_role("textbox", name="Passphrase").fill("correct horse")
    unlock.get_by_role("button", name="Unlock keys").click()
    expect(box).to_contain_text("open now", timeout=ANSWER_MS)


def test_removing_closes_the_way(site: Site, away: Cloche, server: FaultyServer) -> None:
    before = len(server.asked)
    away.page.get_by_role("listitem", name="Box", exact=True).get_by_role("button", name="Remove").click()
    expect(away.page.get_by_role("listitem", name="Box", exact=True)).to_have_count(0)
    url = f"{server.url}/models"
    assert python_of(away.page).evaluate(ASK_REMOTELY, [remote_script(site), url]) == "origin_closed"
    assert away.page.evaluate(FETCH, url) == "refused"
    assert len(server.asked) == before
