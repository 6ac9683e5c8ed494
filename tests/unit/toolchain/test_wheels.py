"""Wheels that we change or make: what is in them, and that they are whole and the same every time."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from toolchain.amplifier_wheel import repack
from toolchain.app_wheel import app_wheel
from toolchain.errors import BuildError
from toolchain.wheel import Wheel, normalised, wheel_metadata

PUBLISHED_METADATA = b"""Metadata-Version: 2.4
Name: amplifier-core
Version: 2.0.2
Requires-Dist: click>=8.3.1
Requires-Dist: pydantic>=2.0
Requires-Dist: pyyaml>=6.0.3
Requires-Dist: tomli>=2.0
Requires-Dist: typing-extensions>=4.0
Requires-Dist: pytest>=8; extra == 'dev'

# Amplifier Core

Requires-Dist: not-a-header
"""


@pytest.fixture
def published() -> Wheel:
    info = "amplifier_core-2.0.2.dist-info"
    files = {
        f"{info}/METADATA": PUBLISHED_METADATA,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-abi3-manylinux2014_x86_64\n",
        f"{info}/entry_points.txt": b"[console_scripts]\n",
        f"{info}/licenses/LICENSE": b"MIT",
        "amplifier_core/__init__.py": b"from ._engine import Session\n",
        "amplifier_core/session.py": b"",
        "amplifier_core/_engine.abi3.so": b"\x7fELF",
        "amplifier_core/_engine.pyi": b"",
        "amplifier_core/_grpc_gen/__init__.py": b"",
        "amplifier_core/loader_grpc.py": b"",
        "amplifier_core/cli.py": b"",
        "amplifier_core/pytest_plugin.py": b"",
    }
    return Wheel("amplifier_core-2.0.2-cp311-abi3-manylinux2014_x86_64.whl", files)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    folder = tmp_path / "amplifier_engine"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("Session = object\n")
    (folder / "inner" / "hooks.py").write_text("")
    return folder


def test_our_engine_takes_the_native_ones_place(published: Wheel, engine: Path) -> None:
    repacked = repack(published, engine)
    assert repacked.file_name == "amplifier_core-2.0.2-py3-none-any.whl"
    assert sorted(repacked.files) == [
        "amplifier_core-2.0.2.dist-info/METADATA",
        "amplifier_core-2.0.2.dist-info/WHEEL",
        "amplifier_core-2.0.2.dist-info/licenses/LICENSE",
        "amplifier_core/__init__.py",
        "amplifier_core/_engine/__init__.py",
        "amplifier_core/_engine/inner/hooks.py",
        "amplifier_core/session.py",
    ]
    assert b"Tag: py3-none-any" in repacked.files["amplifier_core-2.0.2.dist-info/WHEEL"]


def test_only_what_is_still_imported_is_still_required(published: Wheel, engine: Path) -> None:
    assert repack(published, engine).dependencies == ["pydantic", "typing-extensions"]
    assert published.dependencies == ["click", "pydantic", "pyyaml", "tomli", "typing-extensions"]


def test_a_missing_engine_is_said(published: Wheel, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="would have no engine"):
        repack(published, tmp_path / "nothing")


def test_record_lists_every_file_with_its_hash(published: Wheel, engine: Path, tmp_path: Path) -> None:
    path = repack(published, engine).write(tmp_path / "out")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        record = "amplifier_core-2.0.2.dist-info/RECORD"
        rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(archive.read(record).decode()))}
        assert sorted(rows) == sorted(archive.namelist())
        assert rows.pop(record) == ["", ""]
        for name, (digest, size) in rows.items():
            data = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={expected}", str(len(data)))


def test_the_same_content_gives_the_same_bytes(published: Wheel, engine: Path, tmp_path: Path) -> None:
    first = repack(published, engine).write(tmp_path / "first").read_bytes()
    published.files = dict(reversed(published.files.items()))
    assert repack(published, engine).write(tmp_path / "second").read_bytes() == first


def test_reading_gives_back_what_was_written(published: Wheel, tmp_path: Path) -> None:
    again = Wheel.read(published.write(tmp_path))
    assert (again.name, again.version, again.files) == ("amplifier-core", "2.0.2", published.files)


def test_our_app_is_packed_without_what_tools_leave_behind(tmp_path: Path) -> None:
    package = tmp_path / "cloche"
    (package / "store" / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "store" / "schema.sql").write_text("create table t (x);")
    (package / "store" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"")
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(
        '[project]\nname = "cloche"\nversion = "9.1"\ndescription = "d"\ndependencies = ["pydantic"]\n'
    )
    wheel = app_wheel(package, pyproject)
    assert wheel.file_name == "cloche-9.1-py3-none-any.whl"
    assert {name for name in wheel.files if "dist-info" not in name} == {
        "cloche/__init__.py",
        "cloche/store/schema.sql",
    }
    assert (wheel.dependencies, wheel.imports) == (["pydantic"], ["cloche"])


def test_imports_are_the_top_level_packages_and_modules() -> None:
    files = wheel_metadata("two-things", "1.0", "", [])
    files |= {"pkg/__init__.py": b"", "pkg/deep/__init__.py": b"", "single.py": b"", "fast.cpython-314-wasm32.so": b""}
    assert Wheel("two_things-1.0-py3-none-any.whl", files).imports == ["fast", "pkg", "single"]


def test_names_are_compared_as_indexes_do() -> None:
    assert normalised("Pydantic_Core") == normalised("pydantic.core") == "pydantic-core"
