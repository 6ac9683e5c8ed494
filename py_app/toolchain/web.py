"""Builds the web app with Vite. The new dist/ takes the old one's place only when it is complete.

Beside the app it holds wheels/: the repacked amplifier-core for other people's Pyodide pages. The app does not use that
copy, so the service worker does not keep it (it comes after Vite has listed what is kept).
"""

from __future__ import annotations

import shutil

from toolchain.node_env import package_program
from toolchain.paths import BRIDGE, BUILD, DIST, ENGINE, PUBLIC, ROOT, VENDORED, WEB
from toolchain.process import run_tool
from toolchain.progress import Progress
from toolchain.steps import Step
from toolchain.vendor import OWN_WHEELS

FRESH = BUILD / "dist"
REPLACED = BUILD / "dist-replaced"


def web_step() -> Step:
    """Builds dist/ from web/, js_bridge/, public/ and the vendored Python."""
    return Step(
        "web",
        "Building the web app with Vite",
        [
            *(WEB, BRIDGE, PUBLIC, VENDORED, ENGINE),
            *(ROOT / name for name in ("package-lock.json", "vite.config.ts", "tsconfig.json")),
        ],
        [DIST / "index.html", DIST / "sw.js", DIST / "python" / "pyodide-lock.json", DIST / "wheels"],
        _build,
    )


def _build(progress: Progress) -> str:
    run_tool(
        [*package_program("vite/bin/vite.js"), "build", "--logLevel", "warn", "--outDir", FRESH],
        what="The web build",
        todo="mend the file that is named above, then run the same command again.",
        on_line=progress.detail,
    )
    (FRESH / "wheels").mkdir()
    for wheel in OWN_WHEELS.glob("amplifier_core-*.whl"):
        shutil.copyfile(wheel, FRESH / "wheels" / wheel.name)
    shutil.rmtree(REPLACED, ignore_errors=True)
    if DIST.exists():
        DIST.rename(REPLACED)
    FRESH.rename(DIST)
    shutil.rmtree(REPLACED, ignore_errors=True)
    files = [path for path in DIST.rglob("*") if path.is_file()]
    return f"dist/ has {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB"
