"""The starter model on WebLLM: the unmodified engine, on the software GPU that Chromium brings.

One tab for the whole module: it begins on llama.cpp, and every journey goes on where the one before ended. The watch of
the profile holds WebLLM to the Content-Security-Policy and to this origin.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Playwright, expect
from tests.e2e import webllm_models
from tests.e2e.cloche_page import ANSWER_MS, Cloche
from tests.e2e.conftest import QUIET_FLAGS, OpenSite, Site, Watch
from tests.e2e.models import WEIGHTS, original
from tests.e2e.python_view import PythonView
from tests.e2e.test_answer_format import answer_as, code_of

STARTER = "Cloche starter"
STOPPED_WITHIN_S = 3.0
HELLO = "Hello! How can I help you?"
ENDLESS = 'root ::= ("red " | "green ") root'
CHOICE: dict[str, Any] = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "green"]}, "count": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["color", "count"],
    "additionalProperties": False,
}
#: asks for the tokens of an answer by their numbers, once with and once without
ASK_FOR_TOKENS = """
from cloche.engine_contract import ChatMessage, ChatRequest
from cloche.providers.worker import WorkerTransport
engine = WorkerTransport(app.library)
def request(**more):
    return ChatRequest(messages=[ChatMessage(role="user", content="Hello")], temperature=0, **more)
told = await engine.complete(request(token_ids=True), lambda _: None)
silent = await engine.complete(request(max_tokens=1), lambda _: None)
[counted] = await engine.count_tokens([told.text])
assert len(told.token_ids) == counted > 3, (told, counted)
assert silent.token_ids == [], silent
told.text
"""
#: loads the model anew in its worker, once without room for it and once with
LOAD_TWICE = """
from cloche.engine_contract import LoadModel
from cloche.errors import OutOfMemory
from cloche.model_shapes import EngineOptions
card, link = app.library.status.card, await app.library.ready()
asked = LoadModel(
    model_id=card.id, files=card.files, context_window=card.context_window, purpose="chat", options=EngineOptions()
)
try:
    await link.call("model.load", asked.model_dump())
except OutOfMemory as error:
    print(error.message)
print((await link.call("model.load", asked.model_dump()))["backend"])
"""
#: the next buffer that the engine wants for its tensors is larger than any card allows
NO_ROOM = """() => {
  const { prototype } = GPUDevice;
  const { createBuffer } = prototype;
  prototype.createBuffer = function (wanted) {
    if (!(wanted.usage & GPUBufferUsage.STORAGE)) return createBuffer.call(this, wanted);
    prototype.createBuffer = createBuffer;
    return createBuffer.call(this, { ...wanted, size: 2 * this.limits.maxBufferSize });
  };
}"""


@pytest.fixture(scope="module")
def webllm_site(open_site: OpenSite) -> Site:
    site = open_site()
    webllm_models.install(site.overlay, webllm_models.contents(original(WEIGHTS)))
    return site


@pytest.fixture(scope="module")
def context(playwright: Playwright, chromium: str) -> Iterator[BrowserContext]:
    flags = [flag for flag in QUIET_FLAGS if flag != "--disable-gpu"]
    with (
        playwright.chromium.launch(executable_path=chromium, args=[*flags, *webllm_models.GPU_FLAGS]) as browser,
        browser.new_context() as context,
    ):
        yield context


@pytest.fixture(scope="module")
def webllm(context: BrowserContext, webllm_site: Site, watches: list[Watch]) -> Cloche:
    watches.append(Watch(context, webllm_site.url))
    return Cloche(context.new_page(), webllm_site.url).open()


def running_on(cloche: Cloche, what: str) -> None:
    """The line about the model says that this runs."""
    expect(cloche.page.locator("#model-line")).to_contain_text(what, timeout=ANSWER_MS)
    cloche.wait_ready()


def switch_to(cloche: Cloche, name: str) -> None:
    """Choose a model in the composer."""
    cloche.button("Model").click()
    cloche.page.get_by_label("Model on this device").select_option(label=name)
    cloche.page.keyboard.press("Escape")


def leave_no_room(cloche: Cloche) -> None:
    """Once, from now on."""
    next(worker for worker in reversed(cloche.page.workers) if "webllm" in worker.url).evaluate(NO_ROOM)


def test_it_is_downloaded_and_a_conversation_goes_on_with_it_and_back(webllm: Cloche) -> None:
    page = webllm.page
    assert webllm.ask("Hello") == HELLO
    conversation = page.url
    page.goto(f"{webllm.address}#/models")
    page.get_by_role("searchbox", name="Search models").fill(webllm_models.NAME)
    entry = page.get_by_role("listitem").get_by_role("article", name=webllm_models.NAME, exact=True)
    expect(entry).to_contain_text("imitated by the processor", timeout=ANSWER_MS)
    entry.get_by_role("button", name=re.compile("download", re.IGNORECASE)).click()
    webllm.button(f"Load {webllm_models.NAME}").click(timeout=ANSWER_MS)
    page.goto(conversation)
    running_on(webllm, "WebGPU")
    assert webllm.ask("Hello") == HELLO
    switch_to(webllm, STARTER)
    running_on(webllm, "CPU")
    assert webllm.ask("Hello") == HELLO
    expect(webllm.answers).to_have_count(3)
    switch_to(webllm, webllm_models.NAME)
    running_on(webllm, "WebGPU")


def test_an_endless_answer_by_a_grammar_stops_at_once_and_the_next_message_works(webllm: Cloche) -> None:
    webllm.go_home()
    answer_as(webllm, "Grammar", "GBNF grammar", ENDLESS)
    webllm.set_parameter("Max tokens", "1800")
    answer = webllm.start("Hello")
    expect(answer).to_contain_text(re.compile("(red |green ){3}"), timeout=ANSWER_MS)
    started = time.monotonic()
    webllm.stop()
    webllm.finished(answer)
    assert time.monotonic() - started < STOPPED_WITHIN_S
    expect(answer).to_contain_text("Stopped")
    webllm.new_chat()
    assert webllm.ask("Hello") == HELLO
    running_on(webllm, "WebGPU")


def test_an_answer_keeps_to_a_json_schema(webllm: Cloche) -> None:
    webllm.go_home()
    answer_as(webllm, "JSON", "JSON schema", json.dumps(CHOICE))
    webllm.set_parameter("Max tokens", "120")
    webllm.ask("What color is it?")
    answer = json.loads(code_of(webllm.answers.last))
    assert set(answer) == {"color", "count"}
    assert answer["color"] in {"red", "green"}
    assert answer["count"] in range(10)


def test_a_tool_is_called_and_the_answer_goes_on_with_its_result(webllm: Cloche) -> None:
    webllm.go_home()
    webllm.button("Tools").click()
    webllm.page.get_by_role("switch", name="todo_list").check()
    webllm.page.get_by_label("Tool choice").select_option(label="First call todo_list")
    webllm.button("Close tools").click()
    webllm.ask("Show my list.")
    call = webllm.answers.last.locator("details.tool-call").first
    expect(call).to_contain_text("todo_list")
    expect(call).to_contain_text("done")
    call.locator("summary").click()
    expect(call.get_by_label("Result")).not_to_be_empty()


def test_the_numbers_of_an_answers_tokens_come_when_they_are_asked_for(webllm: Cloche) -> None:
    expect(PythonView(webllm).open().run(ASK_FOR_TOKENS)).to_contain_text(f"'{HELLO}'")


def test_memory_of_the_graphics_card_that_runs_out_is_told_and_the_engine_comes_back(webllm: Cloche) -> None:
    webllm.go_home()
    answer_as(webllm, "Grammar", "GBNF grammar", ENDLESS)
    webllm.set_parameter("Max tokens", "1800")
    answer = webllm.start("Hello")
    expect(answer).to_contain_text(re.compile("(red |green ){3}"), timeout=ANSWER_MS)
    leave_no_room(webllm)
    expect(answer).to_contain_text("ran out of memory", timeout=ANSWER_MS)
    expect(answer).to_contain_text("smaller model")
    running_on(webllm, "WebGPU")
    webllm.new_chat()
    assert webllm.ask("Hello") == HELLO


def test_a_model_that_finds_no_room_is_told_as_such_and_loads_where_there_is(webllm: Cloche) -> None:
    leave_no_room(webllm)
    loaded = PythonView(webllm).open().run(LOAD_TWICE)
    expect(loaded).to_contain_text("does not fit into the graphics card's memory")
    expect(loaded).to_contain_text("webgpu")


def test_the_engine_comes_back_after_the_graphics_card_was_lost(webllm: Cloche, context: BrowserContext) -> None:
    assert context.browser
    webllm.go_home()
    answer_as(webllm, "Grammar", "GBNF grammar", ENDLESS)
    webllm.set_parameter("Max tokens", "1800")
    answer = webllm.start("Hello")
    expect(answer).to_contain_text(re.compile("(red |green ){3}"), timeout=ANSWER_MS)
    context.browser.new_browser_cdp_session().send("Browser.crashGpuProcess")
    expect(answer).to_contain_text("graphics card", timeout=ANSWER_MS)
    running_on(webllm, "WebGPU")
    webllm.new_chat()
    assert webllm.ask("Hello") == HELLO


def test_a_shorter_context_loads_the_model_anew(webllm: Cloche) -> None:
    page = webllm.page
    page.goto(f"{webllm.address}#/models")
    page.get_by_role("searchbox", name="Search models").fill(webllm_models.NAME)
    entry = page.get_by_role("listitem").get_by_role("article", name=webllm_models.NAME, exact=True)
    entry.get_by_text("Details and settings").click()
    expect(entry.get_by_label("Threads", exact=True)).to_have_count(0)
    entry.get_by_label("Context", exact=True).fill("1024")
    entry.get_by_label("Context", exact=True).press("Tab")
    expect(page.get_by_role("article").first).to_contain_text("1,024 tokens", timeout=ANSWER_MS)
    webllm.wait_ready()


def test_without_a_network_it_loads_from_this_machine(webllm: Cloche, context: BrowserContext) -> None:
    webllm.go_home()
    webllm.wait_offline_ready()
    context.set_offline(True)
    webllm.reload()
    running_on(webllm, "WebGPU")
    assert webllm.ask("Hello") == HELLO
    context.set_offline(False)
    stored = webllm.page.evaluate(
        "async () => { const names = []; for await (const name of (await navigator.storage.getDirectory()).keys())"
        " names.push(name); return names; }"
    )
    assert "tvmjs-opfs-store" not in stored


def test_deleted_it_stays_in_the_list_to_be_downloaded_again(webllm: Cloche) -> None:
    page = webllm.page
    page.goto(f"{webllm.address}#/models")
    page.get_by_role("searchbox", name="Search models").fill(webllm_models.NAME)
    entry = page.get_by_role("listitem").get_by_role("article", name=webllm_models.NAME, exact=True)
    webllm.button(f"Delete {webllm_models.NAME}").click()
    webllm.button("Yes, delete").click()
    expect(entry.get_by_role("button", name=re.compile("download", re.IGNORECASE))).to_be_visible(timeout=ANSWER_MS)
    expect(entry.get_by_role("group", name=f"Delete {webllm_models.NAME}?")).to_have_count(0)
