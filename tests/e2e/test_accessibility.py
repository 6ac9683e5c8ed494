"""Usable by everybody: axe finds nothing on any view, no sideways scrolling, the keyboard alone suffices."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e import scenes
from tests.e2e.cloche_page import Cloche, picture_file
from tests.e2e.conftest import OpenProfile, Site

from toolchain.paths import NODE_MODULES

AXE = (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
MOST_TAB_STOPS = 400
ANIMATIONS_OVER = "Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null)))"


def show_welcome(cloche: Cloche) -> None:
    cloche.new_chat()


def show_conversation(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle()), "circle.png"))
    cloche.ask("What color is the circle?")
    cloche.ask("Hello")


def show_versions_and_editor(cloche: Cloche) -> None:
    show_conversation(cloche)
    cloche.act(cloche.answers.last, "Regenerate")
    expect(cloche.answers.last).to_contain_text("2 / 2")
    cloche.finished(cloche.answers.last)
    cloche.act(cloche.questions.last, "Edit")


def show_composer_error(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.attach(picture_file(scenes.encoded(scenes.red_circle()), "circle.png"))
    cloche.attach_text(picture_file(b"Ida\n", "boats.csv", "text/csv"))
    cloche.choose(picture_file(b"text", "notes.txt", "text/plain"))
    expect(cloche.alerts).to_have_count(1)


def show_parameters(cloche: Cloche) -> None:
    cloche.new_chat()
    cloche.set_parameter("Temperature", "9")
    expect(cloche.alerts).to_have_count(1)
    cloche.page.get_by_role("radio", name="JSON", exact=True).check(force=True)
    cloche.page.get_by_text("Build it from fields").click()
    cloche.button("Add field").click()
    cloche.page.get_by_role("group", name="Field 1").get_by_label("Type").select_option(label="One of these")


def show_model(cloche: Cloche) -> None:
    cloche.button("Model").click()


def show_python(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/python")
    expect(cloche.page.get_by_role("textbox", name="Python code")).to_be_visible()


def show_live(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/live")
    cloche.page.get_by_label("Watch", exact=True).check()
    cloche.page.get_by_text("Pace, threshold, detail").click()
    expect(cloche.page.get_by_label("Watched question")).to_be_visible()


def show_models(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/models")
    expect(cloche.page.get_by_role("table").first).to_be_visible()


def show_share(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/share")
    cloche.page.get_by_text("A client in ten lines").click()


def show_storage(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/storage")
    expect(cloche.page.get_by_role("article", name="Cloche starter")).to_be_visible()


def show_settings(cloche: Cloche) -> None:
    cloche.page.goto(cloche.address + "#/settings")
    expect(cloche.page.get_by_role("table").first).to_be_visible()


VIEWS: list[Callable[[Cloche], None]] = [
    show_welcome,
    show_conversation,
    show_versions_and_editor,
    show_composer_error,
    show_parameters,
    show_model,
    show_live,
    show_python,
    show_models,
    show_share,
    show_storage,
    show_settings,
]


def violations(cloche: Cloche) -> list[str]:
    """What axe finds, in both colour schemes."""
    devtools = cloche.page.context.new_cdp_session(cloche.page)
    # Evaluated by the debugger, so the page's own policy stays in force.
    devtools.send("Runtime.evaluate", {"expression": AXE})
    found = []
    for scheme in ("light", "dark"):
        cloche.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        cloche.page.evaluate(ANIMATIONS_OVER)
        for violation in cloche.page.evaluate("axe.run().then((result) => result.violations)"):
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            found.append(f"{scheme}: {violation['id']}: {violation['help']}: {nodes}")
    cloche.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    devtools.detach()
    return found


@pytest.fixture(params=VIEWS, ids=lambda show: show.__name__.removeprefix("show_").replace("_", " "))
def view(request: pytest.FixtureRequest, cloche: Cloche) -> Cloche:
    request.param(cloche)
    return cloche


def test_axe_finds_nothing(view: Cloche) -> None:
    assert violations(view) == []


def test_axe_finds_nothing_while_starting_and_in_a_second_tab(site: Site, open_profile: OpenProfile) -> None:
    first = open_profile(site)
    first.page.route("**/python/*.wasm", lambda _: None)
    first.page.goto(first.address)
    first.wait_state("booting")
    assert violations(first) == []
    second = Cloche(first.page.context.new_page(), first.address)
    second.page.goto(second.address)
    expect(second.button("Use here")).to_be_visible()
    assert violations(second) == []


@pytest.fixture(params=[390, 640], ids=["390 px", "200 percent zoom of 1280 px"])
def narrow(request: pytest.FixtureRequest, cloche: Cloche) -> Iterator[Cloche]:
    with cloche.narrow(request.param):
        yield cloche


def test_nothing_scrolls_sideways(narrow: Cloche) -> None:
    cloche = narrow
    for show in VIEWS:
        cloche.go_home()
        show(cloche)
        assert cloche.overflow() <= 0, show.__name__
    cloche.go_home()
    cloche.button("Side bar").click()
    expect(cloche.sessions.first).to_be_visible()
    assert violations(cloche) == []
    cloche.sessions.first.click()
    expect(cloche.answers.first).to_be_visible()


def test_the_keyboard_alone_suffices(cloche: Cloche) -> None:
    keyboard = cloche.page.keyboard

    tab_to(cloche, cloche.message)
    keyboard.type("Hello")
    keyboard.press("Enter")
    greeting = cloche.finished(cloche.answers.first)
    assert greeting

    tab_to(cloche, cloche.answers.first.get_by_role("button", name="Regenerate"))
    keyboard.press("Enter")
    expect(cloche.answers.first).to_contain_text("2 / 2")
    cloche.finished(cloche.answers.first)

    tab_to(cloche, cloche.questions.first.get_by_role("button", name="Edit", exact=True))
    keyboard.press("Enter")
    edited = cloche.page.get_by_role("textbox", name="Edited text")
    expect(edited).to_be_focused()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("Who are you?")
    keyboard.press("Enter")
    expect(cloche.questions.first).to_contain_text("Who are you?")
    cloche.finished(cloche.answers.first)

    tab_to(cloche, cloche.page.get_by_role("button", name="Rename Hello").first)
    keyboard.press("Enter")
    keyboard.type("By keyboard")
    keyboard.press("Enter")
    expect(cloche.sessions.first).to_have_text("By keyboard")

    tab_to(cloche, cloche.button("New chat"))
    keyboard.press("Enter")
    expect(cloche.page.get_by_role("article")).to_have_count(0)

    tab_to(cloche, cloche.sessions.first)
    keyboard.press("Enter")
    expect(cloche.answers.first).to_be_visible()

    tab_to(cloche, cloche.button("Delete By keyboard"))
    keyboard.press("Enter")
    tab_to(cloche, cloche.button("Undo"))
    keyboard.press("Enter")
    expect(cloche.sessions.filter(has_text="By keyboard")).to_have_count(1)


def tab_to(cloche: Cloche, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(MOST_TAB_STOPS):
        if target.count() and target.evaluate("element => element === document.activeElement"):
            return
        cloche.page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {target}")
