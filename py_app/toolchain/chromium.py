"""Finds a Chromium, Chrome or Edge for the browser tests, and installs one where there is none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import VENV_PYTHON
from toolchain.process import output_of, run_tool
from toolchain.progress import Progress

VARIABLE = "CLOCHE_CHROME"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
MAC_APPS = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS_PLACES = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
PLAYWRIGHT_PATH = (
    "from playwright.sync_api import sync_playwright\nwith sync_playwright() as p: print(p.chromium.executable_path)"
)


def chromium() -> Path:
    """The browser to test with; installed first if there is none."""
    found = find()
    if found:
        return found
    return _install()


def find(environment: Mapping[str, str] = os.environ) -> Path | None:
    """CLOCHE_CHROME, else the PATH, else the usual places, else Playwright's own."""
    named = environment.get(VARIABLE)
    if named:
        found = shutil.which(named, path=environment.get("PATH"))
        if not found:
            raise BuildError(
                f"{VARIABLE} is {named}, but there is no program of that name.",
                todo=f"set {VARIABLE} to the path of Chromium, Chrome or Edge, or unset it.",
            )
        return Path(found)
    on_path = (shutil.which(name, path=environment.get("PATH")) for name in NAMES)
    for candidate in [*on_path, *_usual_places(environment)]:
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return _playwright_browser()


def _usual_places(environment: Mapping[str, str], system: str = sys.platform) -> list[str]:
    if system == "darwin":
        folders = ["/Applications", str(Path.home() / "Applications")]
        return [f"{folder}/{app}.app/Contents/MacOS/{app}" for app in MAC_APPS for folder in folders]
    if system == "win32":
        variables = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        folders = [environment[variable] for variable in variables if variable in environment]
        return [f"{folder}/{place}" for folder in folders for place in WINDOWS_PLACES]
    return []


def _playwright_browser() -> Path | None:
    path = output_of([VENV_PYTHON, "-c", PLAYWRIGHT_PATH])
    return Path(path) if path and Path(path).is_file() else None


def _install() -> Path:
    with Progress("Installing a Chromium for the browser tests") as progress:
        reasons = []
        for attempt in (_download_playwrights, _install_debians):
            try:
                attempt(progress)
            except BuildError as error:
                reasons.append(str(error))
            found = find()
            if found:
                progress.done(str(found))
                return found
    raise BuildError(
        "The browser tests need a Chromium, Chrome or Edge, and none could be installed.",
        why="\n".join(reasons),
        todo=f"install one of them, or set {VARIABLE} to the path of one, then run the same command again.",
    )


def _download_playwrights(progress: Progress) -> None:
    progress.detail("Playwright's download")
    run_tool(
        [VENV_PYTHON, "-m", "playwright", "install", "chromium"],
        what="Playwright's download of Chromium",
        todo="",
        on_line=progress.detail,
    )


def _install_debians(progress: Progress) -> None:
    if not (Path("/etc/debian_version").exists() and shutil.which("apt-get") and os.geteuid() == 0):
        raise BuildError("apt-get was not tried: this is not Debian, or not root.")
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        progress.detail(f"apt-get {arguments[0]}")
        run_tool(["apt-get", *arguments], what=f"apt-get {arguments[0]}", todo="", env=quietly, on_line=progress.detail)
