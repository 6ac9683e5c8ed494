"""The tests of tests/unit, as they are, inside Pyodide in a worker of a headless Chromium.

Owns the browser, the archives that bring tests and pytest there, and asking for outcomes. It does not own which tests
there are: those of tests/unit, without those of the relay, the toolchain and the starter model's recipe, and without
what tests/unit/cpython_only.txt names.
"""

from __future__ import annotations

import importlib.metadata
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from playwright.sync_api import JSHandle, Page, sync_playwright

from toolchain.chromium import chromium
from toolchain.paths import DIST, ROOT, TESTS
from toolchain.server import StaticServer

HERE = Path(__file__).parent
UNIT = TESTS / "unit"
CPYTHON_ONLY = UNIT / "cpython_only.txt"
NOT_FOR_THE_BROWSER = ("relay", "starter_model", "toolchain")
PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
LONGEST_RUN_MS = 10 * 60 * 1000


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    outcome: str
    text: str
    seconds: float


class Browser(AbstractContextManager["Browser"]):
    """A page of the built app's origin that can start Pyodide workers."""

    def __enter__(self) -> Browser:
        self._folder = TemporaryDirectory(prefix="cloche-wasm-")
        overlay = Path(self._folder.name)
        copytree(HERE / "page", overlay / "tests")
        _archive(overlay / "tests" / "tests.zip", _test_files())
        _archive(overlay / "tests" / "pytest.zip", _distribution_files(PYTEST))
        if not (DIST / "python").is_dir():
            raise FileNotFoundError(f"{DIST / 'python'} is missing: run `python3 build.py build` first.")
        self._server = StaticServer(DIST, overlay=overlay).start()
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(executable_path=str(chromium()), args=FLAGS)
        self.page = self._chromium.new_page(service_workers="block")
        self.page.set_default_timeout(LONGEST_RUN_MS)
        self.page.goto(f"{self._server.url}tests/index.html")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._chromium.close()
        self._playwright.stop()
        self._server.stop()
        self._folder.cleanup()

    @contextmanager
    def pyodide(self) -> Iterator[Pyodide]:
        """A fresh interpreter."""
        started = Pyodide(self.page)
        try:
            yield started
        finally:
            started.end()


class Pyodide:
    """One worker with Pyodide and the app's wheels."""

    def __init__(self, page: Page) -> None:
        self._handle: JSHandle = page.evaluate_handle("() => new Pyodide()")

    def run(self, code: str) -> Any:
        """The JSON value of the last expression of `code`, which must be a string of JSON."""
        return json.loads(self._handle.evaluate("(pyodide, code) => pyodide.run(code)", code))

    def unpack(self, archive: str) -> None:
        """Unpacks an archive of the overlay into /suite."""
        self._handle.evaluate("(pyodide, archive) => pyodide.unpack(archive)", archive)

    def end(self) -> None:
        """Ends the worker."""
        self._handle.evaluate("(pyodide) => pyodide.end()")


class Suite:
    """The tests of tests/unit in one Pyodide."""

    def __init__(self, pyodide: Pyodide) -> None:
        self._pyodide = pyodide
        pyodide.unpack("pytest.zip")
        pyodide.unpack("tests.zip")
        pyodide.run("import os, sys; sys.path.insert(0, '/suite'); os.chdir('/suite'); import in_pyodide; 'null'")

    def collect(self) -> list[str]:
        """The node ids. Raises when a test file cannot be imported in Pyodide."""
        answer = self._pyodide.run("in_pyodide.collect(['tests/unit'])")
        if answer["problems"]:
            raise RuntimeError("Collecting tests inside Pyodide failed:\n\n" + "\n\n".join(answer["problems"]))
        return [node_id for node_id in answer["found"] if node_id not in _cpython_only()]

    def run(self, node_ids: Iterable[str]) -> dict[str, Outcome]:
        """Runs these tests in one go."""
        outcomes = self._pyodide.run(f"in_pyodide.run({list(node_ids)!r})")
        return {node_id: Outcome(**outcome) for node_id, outcome in outcomes.items()}


def _test_files() -> Iterator[tuple[Path, str]]:
    excluded = {ROOT / name for name in _cpython_only()} | {UNIT / name for name in NOT_FOR_THE_BROWSER}
    yield ROOT / "pyproject.toml", "pyproject.toml"
    yield HERE / "in_pyodide.py", "in_pyodide.py"
    for path in sorted([*UNIT.rglob("*"), *(TESTS / "data").rglob("*")]):
        if path.is_file() and path.suffix != ".pyc" and not excluded & {path, *path.parents}:
            yield path, path.relative_to(ROOT).as_posix()


def _cpython_only() -> set[str]:
    """Files and node ids that the list names."""
    lines = CPYTHON_ONLY.read_text("utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def _distribution_files(names: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """The pure-Python files of installed projects, their metadata included."""
    for name in names:
        for file in importlib.metadata.files(name) or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                yield Path(str(file.locate())), file.as_posix()


def _archive(target: Path, files: Iterable[tuple[Path, str]]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, name in files:
            archive.write(path, name)
