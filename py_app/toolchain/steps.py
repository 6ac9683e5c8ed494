"""A step of the build, and who decides whether it has to run.

A step runs when its inputs (files, folders or plain facts) or its outputs are not what they were when it last
succeeded. What it knows is a stamp: one small file a step in .build/stamps. Does not own what any step does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.paths import STAMPS, shown
from toolchain.progress import Progress

IGNORED_FOLDERS = {"__pycache__", "node_modules", ".pytest_cache"}


@dataclass(frozen=True)
class Step:
    """One thing build.py can do: `doing` is what is printed, `action` does it and returns a remark for people."""

    name: str
    doing: str
    inputs: Sequence[Path | str]
    outputs: Sequence[Path]
    action: Callable[[Progress], str]


def run(step: Step, *, stamps: Path = STAMPS, force: bool = False) -> bool:
    """Runs a step unless nothing has changed; says whether it ran. A failing action leaves no stamp behind.

    What changes during the action (the engine may become ready while the app is built) is new to the next run.
    """
    found = fingerprint(step.inputs)
    if not force and _is_done(step, found, stamps):
        return False
    stamp = stamps / step.name
    stamp.unlink(missing_ok=True)
    with Progress(step.doing) as progress:
        result = step.action(progress)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(found, "utf-8")
        progress.done(result)
    return True


def is_done(step: Step) -> bool:
    """Whether a step has run and nothing of it has changed since."""
    return _is_done(step, fingerprint(step.inputs), STAMPS)


def _is_done(step: Step, found: str, stamps: Path) -> bool:
    stamp = stamps / step.name
    return stamp.exists() and stamp.read_text("utf-8") == found and all(path.exists() for path in step.outputs)


def fingerprint(inputs: Iterable[Path | str]) -> str:
    """One hash over facts and the names and contents of files; a folder counts with everything in it."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            digest.update(b"fact\0" + item.encode() + b"\0")
            continue
        for path in _files(item):
            digest.update(b"file\0" + shown(path).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(
        found
        for found in path.rglob("*")
        if found.is_file() and not IGNORED_FOLDERS.intersection(found.relative_to(path).parts)
    )
