"""Adds Python 3.14 bytecode to wheels and to the standard library, so that the browser imports without compiling.

Every archive is compiled once for its content and kept in .build/compiled; only new content starts Pyodide under Node.
Without bytecode for the standard library, Python takes two to three times as long to start.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from toolchain.paths import BUILD, COMPILED
from toolchain.process import run_tool
from toolchain.wheel import Wheel

SCRIPT = Path(__file__).with_name("compile_bytecode.mjs")
PYTHON_SCRIPT = Path(__file__).with_name("compile_bytecode.py")


def compiled(archives: Iterable[Path], pyodide: Path, node: Path) -> list[Path]:
    """The same wheels with bytecode in them, and the standard library as bytecode, in the same order."""
    base = hashlib.sha256(SCRIPT.read_bytes() + PYTHON_SCRIPT.read_bytes() + (pyodide / "package.json").read_bytes())
    targets: list[Path] = []
    missing: list[tuple[Path, Path]] = []
    for archive in archives:
        key = base.copy()
        key.update(archive.read_bytes())
        target = COMPILED / key.hexdigest()[:16] / archive.name
        targets.append(target)
        if not target.exists():
            missing.append((archive, target))
    if missing:
        _compile(missing, pyodide, node)
    _forget_all_but(targets)
    return targets


def _compile(jobs: list[tuple[Path, Path]], pyodide: Path, node: Path) -> None:
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        bytecode = [Path(folder) / f"{number}.zip" for number in range(len(jobs))]
        listing = [
            {"kind": _kind(source), "source": str(source), "bytecode": str(out)}
            for (source, _), out in zip(jobs, bytecode, strict=True)
        ]
        listed = Path(folder) / "jobs.json"
        listed.write_text(json.dumps(listing), "utf-8")
        names = ", ".join(source.name.split("-")[0] for source, _ in jobs)
        run_tool(
            [node, SCRIPT, pyodide, listed],
            what=f"Compiling {names} for the browser's Python",
            todo="if a Python file of ours is named above, mend its syntax; else delete node_modules and try again.",
        )
        for (source, target), out in zip(jobs, bytecode, strict=True):
            if _kind(source) == "stdlib":
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(out, target)
                continue
            wheel = Wheel.read(source)
            with zipfile.ZipFile(out) as archive:
                wheel.files |= {name: archive.read(name) for name in archive.namelist()}
            wheel.write(target.parent)


def _kind(archive: Path) -> str:
    return "wheel" if archive.suffix == ".whl" else "stdlib"


def _forget_all_but(targets: list[Path]) -> None:
    """Content that no wheel has any more is not worth its space."""
    kept = {target.parent for target in targets}
    for folder in COMPILED.iterdir():
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)
