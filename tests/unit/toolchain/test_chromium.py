"""Where a browser for the tests is looked for, in which order, and what happens when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain import chromium
from toolchain.errors import BuildError
from toolchain.progress import Progress


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _no_playwright_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_playwright_browser", lambda: None)


def test_the_variable_comes_first(tmp_path: Path) -> None:
    named = program(tmp_path / "own", "my-chrome")
    program(tmp_path / "bin", "chromium")
    assert chromium.find({"CLOCHE_CHROME": str(named), "PATH": str(tmp_path / "bin")}) == named


def test_the_variable_may_be_a_name_on_the_path(tmp_path: Path) -> None:
    named = program(tmp_path, "my-chrome")
    assert chromium.find({"CLOCHE_CHROME": "my-chrome", "PATH": str(tmp_path)}) == named


def test_a_variable_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="CLOCHE_CHROME is /nowhere/chrome"):
        chromium.find({"CLOCHE_CHROME": "/nowhere/chrome", "PATH": str(tmp_path)})


@pytest.mark.parametrize("name", ["chromium", "google-chrome-stable", "microsoft-edge"])
def test_the_path_is_searched(tmp_path: Path, name: str) -> None:
    found = program(tmp_path, name)
    assert chromium.find({"PATH": str(tmp_path)}) == found


def test_chromium_is_preferred_to_edge(tmp_path: Path) -> None:
    program(tmp_path, "msedge")
    preferred = program(tmp_path, "chromium")
    assert chromium.find({"PATH": str(tmp_path)}) == preferred


def test_the_usual_places_of_other_systems() -> None:
    assert "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" in chromium._usual_places({}, "darwin")
    places = chromium._usual_places({"PROGRAMFILES": "C:/Program Files"}, "win32")
    assert "C:/Program Files/Google/Chrome/Application/chrome.exe" in places


def test_playwrights_own_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_playwright_browser", lambda: tmp_path / "chrome")
    assert chromium.find({"PATH": str(tmp_path)}) == tmp_path / "chrome"


def test_one_is_installed_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CLOCHE_CHROME", raising=False)

    def fail(progress: Progress) -> None:
        raise BuildError("The download failed.")

    def install(progress: Progress) -> None:
        program(tmp_path, "chromium")

    monkeypatch.setattr(chromium, "_download_playwrights", fail)
    monkeypatch.setattr(chromium, "_install_debians", install)
    assert chromium.chromium() == tmp_path / "chromium"


def test_when_all_fails_the_reasons_and_the_remedy_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CLOCHE_CHROME", raising=False)

    def fail(progress: Progress) -> None:
        raise BuildError("No way here.")

    monkeypatch.setattr(chromium, "_download_playwrights", fail)
    monkeypatch.setattr(chromium, "_install_debians", fail)
    with pytest.raises(BuildError, match="No way here") as caught:
        chromium.chromium()
    assert "CLOCHE_CHROME" in caught.value.todo
