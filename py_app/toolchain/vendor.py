"""Lays out .build/vendor/python: Pyodide, the wheels and the lock that names them. Vite copies it to dist/python.

Does not own how wheels are made (amplifier_wheel.py, app_wheel.py, bytecode.py) or fetched (downloads.py).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolchain.amplifier_wheel import repack
from toolchain.app_wheel import app_wheel
from toolchain.bytecode import compiled
from toolchain.downloads import AMPLIFIER_LOCK, BROWSER_LOCK, amplifier_wheel, browser_wheels
from toolchain.errors import BuildError
from toolchain.node_env import require_node
from toolchain.numpy_wheel import numpy_wheel
from toolchain.paths import BUILD, NODE_MODULES, PY_APP, ROOT, VENDORED
from toolchain.progress import Progress
from toolchain.steps import Step
from toolchain.wheel import Wheel

PYODIDE = NODE_MODULES / "pyodide"
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
STDLIB = "python_stdlib.zip"
OWN_WHEELS = BUILD / "own-wheels"


def vendor_step(*, retry_numpy: bool = False) -> Step:
    """Brings .build/vendor/python up to date with our Python and the locked packages."""
    return Step(
        "vendor",
        "Packing Pyodide and the Python wheels",
        [
            BROWSER_LOCK,
            AMPLIFIER_LOCK,
            ROOT / "pyproject.toml",
            PYODIDE / "package.json",
            PY_APP / "cloche",
            PY_APP / "amplifier_engine",
            *sorted(Path(__file__).parent.glob("*wheel*.py")),
            *sorted(Path(__file__).parent.glob("*bytecode.*")),
            Path(__file__),
        ],
        [VENDORED / "pyodide-lock.json"],
        lambda progress: vendor(progress, retry_numpy=retry_numpy),
    )


def vendor(progress: Progress, *, retry_numpy: bool = False) -> str:
    """Fills the folder and says in one sentence what is there."""
    progress.detail("fetching wheels")
    own = [
        repack(Wheel.read(amplifier_wheel()), PY_APP / "amplifier_engine").write(OWN_WHEELS),
        app_wheel(PY_APP / "cloche", ROOT / "pyproject.toml").write(OWN_WHEELS),
    ]
    progress.detail("asking for numpy")
    numpy, about_numpy = numpy_wheel(PYODIDE, retry=retry_numpy)
    published = [*browser_wheels(), *([numpy] if numpy else [])]
    progress.detail("byte-compiling")
    stdlib, *wheels = compiled([PYODIDE / STDLIB, *published, *own], PYODIDE, require_node().program)
    folder = VENDORED / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in wheels:
        _copy(wheel, folder / wheel.name)
    _remove_others(folder, {wheel.name for wheel in wheels})
    for name in PYODIDE_FILES:
        _copy(PYODIDE / name, VENDORED / name)
    _copy(stdlib, VENDORED / STDLIB)
    info = json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8"))["info"]
    runtime = {name: (VENDORED / name).stat().st_size for name in (*PYODIDE_FILES, STDLIB)}
    text = json.dumps({**pyodide_lock(info, wheels), "runtime": runtime}, indent=1, sort_keys=True)
    (VENDORED / "pyodide-lock.json").write_text(text, "utf-8", newline="\n")
    return f"{len(wheels)} wheels; {about_numpy}"


def pyodide_lock(info: dict[str, str], wheels: Sequence[Path]) -> dict[str, Any]:
    """A lock in Pyodide's format that knows exactly these wheels; file names are relative to the lock.

    The sizes are ours: the boot screen tells its progress in bytes.
    """
    read = [Wheel.read(path) for path in wheels]
    known = {wheel.name for wheel in read}
    packages = {}
    for path, wheel in zip(wheels, read, strict=True):
        missing = [name for name in wheel.dependencies if name not in known]
        if missing:
            raise BuildError(
                f"{wheel.name} needs {', '.join(missing)}, which would be missing in the browser.",
                todo="add it to requirements/browser.txt.",
            )
        packages[wheel.name] = {
            "name": wheel.name,
            "version": wheel.version,
            "file_name": f"wheels/{path.name}",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size": path.stat().st_size,
            "install_dir": "site",
            "package_type": "package",
            "depends": wheel.dependencies,
            "imports": wheel.imports,
            "unvendored_tests": False,
        }
    return {"info": info, "packages": packages}


def _copy(source: Path, target: Path) -> None:
    """Copies unless the target already holds the same bytes, so that its time stays what it was."""
    if not (target.exists() and target.read_bytes() == source.read_bytes()):
        shutil.copyfile(source, target)


def _remove_others(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()
