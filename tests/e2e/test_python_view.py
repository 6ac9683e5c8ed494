"""The Python view: running code on the live app, stopping it, a tool of one's own, extensions that stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.e2e.cloche_page import ANSWER_MS, BOOT_MS, Cloche
from tests.e2e.conftest import OpenProfile, Site
from tests.e2e.python_view import PythonView

EXTENSION = '''from cloche.extensions import tool

@tool(access="read")
def reverse(text: str) -> str:
    """Write a text backwards."""
    return text[::-1]

def register_tools(register):
    register(reverse)
'''
# It takes the place of the list that is built in, which is empty here.
OWN_TOOL = '''from cloche.extensions import tool

@tools.mount
@tool(access="read")
def todo_list() -> str:
    """Show the to-do list."""
    return "1. water the violets"
'''


@pytest.fixture(scope="module")
def profile(open_profile: OpenProfile, site: Site) -> Cloche:
    return open_profile(site).open()


@pytest.fixture
def python(profile: Cloche) -> Iterator[PythonView]:
    profile.new_chat()
    yield PythonView(profile).open()
    profile.page.goto(profile.address + "#/chat")


def test_code_runs_and_shows_what_it_prints_and_gives(python: PythonView) -> None:
    run = python.run("import asyncio\nprint('printed')\nawait asyncio.sleep(0, 6 * 7)")
    expect(run.get_by_label("Printed")).to_have_text("printed\n")
    expect(run.get_by_label("Value")).to_have_text("42")


def test_a_traceback_shows_the_persons_own_lines(python: PythonView) -> None:
    run = python.run("def f():\n    return 1 / 0\n\nf()")
    trace = run.get_by_label("Traceback")
    expect(trace).to_contain_text("return 1 / 0")
    expect(trace).to_contain_text("ZeroDivisionError")
    expect(trace).not_to_contain_text("cloche/")


def test_completion_comes_from_the_live_namespace(python: PythonView) -> None:
    python.run("rainbow_colours = 7")
    python.write("")
    python.page.keyboard.type("rainb")
    option = python.page.get_by_role("option", name=re.compile("rainbow_colours"))
    expect(option).to_be_visible(timeout=ANSWER_MS)
    # CodeMirror takes no key for its list in the moment in which the list has just opened.
    option.click()
    expect(python.editor).to_have_text("rainbow_colours")


def test_the_model_is_asked_from_code(python: PythonView) -> None:
    run = python.run("answer = await ask('Hello')\nlen(answer) > 0")
    expect(run.get_by_label("Value")).to_have_text("True")


def test_a_conversation_is_led_from_code_and_can_be_opened(python: PythonView) -> None:
    python.run("await session.ask('Hello')")
    python.cloche.sessions.first.click()
    expect(python.cloche.questions).to_contain_text(["Hello"])


def test_code_that_waits_is_stopped(python: PythonView) -> None:
    run = python.start("import asyncio\nprint('waiting')\nawait asyncio.Event().wait()")
    expect(run.get_by_label("Printed")).to_have_text("waiting\n")
    python.stop()
    expect(run).to_contain_text("stopped")


def test_an_endless_loop_is_stopped_and_everything_lives_on(python: PythonView) -> None:
    run = python.start("print('round and round')\nwhile True:\n    pass")
    expect(run.get_by_label("Printed")).to_contain_text("round and round", timeout=ANSWER_MS)
    python.stop()
    expect(run).to_contain_text("stopped")
    expect(python.run("1 + 1").get_by_label("Value")).to_have_text("2")
    python.page.goto(python.cloche.address + "#/chat")
    assert python.cloche.ask("Hello")


@pytest.mark.parametrize("late", [0, 10, 25])
def test_stop_reaches_code_that_wakes_up_at_that_moment_and_is_busy_then(python: PythonView, late: int) -> None:
    """It sleeps, and from then on never lets go of Python: pressed around that moment, Stop must not get lost."""
    python.write("import asyncio\nprint('asleep')\nawait asyncio.sleep(0.4)\nwhile True:\n    pass")
    python.editor.press("ControlOrMeta+Enter")
    expect(python.runs.last).to_have_attribute("aria-busy", "true")
    python.stop(after=400 + late - 15)
    expect(python.runs.last).to_contain_text("stopped")


def test_a_tool_of_ones_own_is_mounted_and_the_model_calls_it_at_once(python: PythonView) -> None:
    python.run(OWN_TOOL)
    python.cloche.page.goto(python.cloche.address + "#/chat")
    python.cloche.ask("What is on my to-do list?")
    call = python.cloche.answers.last.get_by_role("group", name="Tool todo_list")
    expect(call).to_contain_text("water the violets")
    python.open().run("tools.unmount('todo_list')")


ASKING = """from cloche.extensions import HookResult
once = on('prompt:submit', lambda event, data: HookResult(
    action='ask_user', approval_prompt='May this go on?', approval_options=['Allow once', 'Deny']))"""


def test_a_hook_asks_about_what_is_no_tool_call_and_is_answered_in_the_conversation(python: PythonView) -> None:
    python.run(ASKING)
    cloche = python.cloche
    cloche.page.goto(cloche.address + "#/chat")
    cloche.send("Hello")
    card = cloche.answers.first.locator("section.approval")
    expect(card).to_contain_text("May this go on?", timeout=ANSWER_MS)
    card.get_by_role("button", name="Deny").click()
    assert "Not allowed by the person." in cloche.finished(cloche.answers.first)
    expect(cloche.answers.first).to_contain_text("May this go on? Not allowed.")
    python.open().run("once()")


def test_an_example_is_chosen_and_history_brings_code_back(python: PythonView) -> None:
    python.run("first_piece = 1")
    python.page.get_by_label("Example", exact=True).select_option(label="Write a tool and mount it at once")
    expect(python.editor).to_contain_text("word_count")
    python.page.get_by_label("History", exact=True).focus()
    history = python.page.get_by_label("History", exact=True)
    expect(history.get_by_role("option").nth(1)).to_have_text("first_piece = 1")
    history.select_option(label="first_piece = 1")
    expect(python.editor).to_have_text("first_piece = 1")


def test_an_extension_stays_and_shows_its_errors(python: PythonView) -> None:
    expect(python.save("backwards", EXTENSION)).to_contain_text("tool reverse")
    broken = python.save("broken", "import nothing_like_this")
    expect(broken.get_by_label("Error in broken")).to_contain_text("nothing_like_this")
    entry = python.page.get_by_role("list", name="Extensions").get_by_role("listitem", name="backwards")
    python.page.goto(python.cloche.address + "#/chat")
    python.cloche.button("Tools").click()
    switch = python.page.get_by_role("switch", name="backwards")
    switch.check()
    expect(switch).to_be_checked()
    python.page.keyboard.press("Escape")
    python.open()
    expect(entry.get_by_label(re.compile("On in “"))).to_be_checked()
    entry.get_by_label("On in all conversations").check()
    python.cloche.reload()
    expect(entry).to_contain_text("tool reverse")
    expect(entry.get_by_label("On in all conversations")).to_be_checked()
    with python.page.expect_download() as exported:
        python.cloche.button("Export backwards").click()
    assert exported.value.path().read_text("utf-8") == EXTENSION
    for name in ("backwards", "broken"):
        python.cloche.button(f"Delete {name}").click()
    expect(python.page.get_by_role("list", name="Extensions")).to_have_count(0)


def test_python_starts_anew_when_stop_does_not_help(python: PythonView) -> None:
    code = """import asyncio
while True:
    try:
        print('on')
        await asyncio.Event().wait()
    except BaseException:
        pass"""
    run = python.start(code)
    expect(run.get_by_label("Printed")).to_have_text(re.compile("on"))
    python.cloche.button("Stop code").click()
    # Whatever Stop breaks off, also the printing, it goes on.
    expect(run.get_by_label("Printed")).to_have_text(re.compile(r"on\s+on"))
    python.cloche.button("Restart Python").click()
    python.cloche.wait_state("ready", timeout=BOOT_MS)
    expect(python.editor).to_be_visible(timeout=ANSWER_MS)
    expect(python.run("2 + 2").get_by_label("Value")).to_have_text("4")
