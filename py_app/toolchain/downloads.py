"""Fetches the published wheels that are served to the browser: pinned, checked by hash, kept in .build/downloads."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import DOWNLOADS, REQUIREMENTS
from toolchain.process import run_tool
from toolchain.python_env import LOCKED, NETWORK, PIP
from toolchain.wheel import normalised

BROWSER_LOCK = REQUIREMENTS / "browser.txt"
AMPLIFIER_LOCK = REQUIREMENTS / "amplifier.txt"
BROWSER_PLATFORM = ("--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14", "--implementation", "cp")
AMPLIFIER_PLATFORM = ("--platform", "manylinux2014_x86_64", "--python-version", "311")


@dataclass(frozen=True)
class Pin:
    """One line of a lock: exactly one file of one project."""

    name: str
    version: str
    sha256: str


def pins(lock: Path) -> list[Pin]:
    """The projects of a lock file, in its order."""
    found = re.findall(r"^([\w.-]+)==(\S+) --hash=sha256:([0-9a-f]{64})$", lock.read_text("utf-8"), re.MULTILINE)
    return [Pin(normalised(name), version, sha256) for name, version, sha256 in found]


def browser_wheels() -> list[Path]:
    """The wheels of requirements/browser.txt."""
    return _wheels(BROWSER_LOCK, BROWSER_PLATFORM)


def amplifier_wheel() -> Path:
    """The published amplifier-core wheel of requirements/amplifier.txt."""
    return _wheels(AMPLIFIER_LOCK, AMPLIFIER_PLATFORM)[0]


def _wheels(lock: Path, platform: tuple[str, ...]) -> list[Path]:
    kept = _kept()
    if any(pin.sha256 not in kept for pin in pins(lock)):
        run_tool(
            [*PIP, "download", "--no-deps", *LOCKED, *platform, "--dest", DOWNLOADS, "-r", lock],
            what=f"Downloading the wheels of {lock.name}",
            todo=NETWORK,
        )
        kept = _kept()
    try:
        return [kept[pin.sha256] for pin in pins(lock)]
    except KeyError as error:
        raise BuildError(
            f"pip downloaded the wheels of {lock.name}, but one of them is not the pinned file.",
            why=f"No file with sha256 {error.args[0]}.",
            todo="check the version and hash of that line in the lock.",
        ) from error


def _kept() -> dict[str, Path]:
    """Files that are already here, by the hash of what is really in them."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(DOWNLOADS.glob("*.whl"))}
