"""Packages of a person's: added from a wheel, there after a restart, removed."""

from __future__ import annotations

import errno
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cloche.packages.wheels import file_name, wheel
from tests.unit.cloche.scripted import ScriptedEngine, running

from cloche.app import App
from cloche.errors import BadPackage, NotFound


async def add(app: App, name: str, *args: Any, **more: Any) -> list[str]:
    """Add a package made by hand."""
    version = args[0] if args else "1.0"
    file = {"name": file_name(name, version), "bytes": wheel(name, *args, **more)}
    added: list[str] = (await app.handle("packages.add", file))["added"]
    return added


async def value(app: App, code: str) -> Any:
    """What code in the console gives; its traceback where it fails."""
    result = await app.handle("console.run", {"run_id": "1", "code": code})
    return result["value"] or result["traceback"]


async def test_a_wheel_is_added_imported_and_removed() -> None:
    async with running(ScriptedEngine().host()) as app:
        assert await add(app, "frobnicate", requires="nothing-like-it,extra-thing ; extra == 'x'") == ["frobnicate"]
        (info,) = await app.handle("packages.list", {})
        assert (info["version"], info["origin"], info["imports"]) == ("1.0", "", ["frobnicate"])
        assert (info["missing"], info["error"]) == (["nothing-like-it"], "")
        assert await value(app, "import frobnicate\nfrobnicate.answer") == "42"
        await app.handle("packages.remove", {"name": "frobnicate"})
        assert await app.handle("packages.list", {}) == []
        assert "No module named 'frobnicate'" in await value(app, "import frobnicate")
        with pytest.raises(NotFound):
            await app.handle("packages.remove", {"name": "frobnicate"})


async def test_a_package_is_there_after_a_restart_and_extensions_can_use_it(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    source = "import spindle\nfrom cloche.extensions import tool\n"
    async with running(ScriptedEngine().host(path)) as app:
        broken = await app.handle("extensions.save", {"name": "mine", "source": source})
        assert "No module named 'spindle'" in broken["error"]
        await add(app, "spindle", files={"spindle/__init__.py": "turns = 3", "spindle/inner.py": "x = 1"})
        (mended,) = await app.handle("extensions.list", {})
        assert mended["error"] is None
    async with running(ScriptedEngine().host(path)) as app:
        assert (await app.handle("extensions.list", {}))[0]["error"] is None
        assert await value(app, "import spindle.inner\nspindle.turns") == "3"
    async with running(ScriptedEngine().host()) as app:
        assert "No module named 'spindle'" in await value(app, "import spindle")


async def test_another_version_takes_its_place() -> None:
    async with running(ScriptedEngine().host()) as app:
        await add(app, "whorl", "1.0", files={"whorl.py": "version = 1"})
        assert await value(app, "import whorl\nwhorl.version") == "1"
        await add(app, "whorl", "2.0", files={"whorl.py": "version = 2"})
        assert await value(app, "import whorl\nwhorl.version") == "2"
        assert [info["version"] for info in await app.handle("packages.list", {})] == ["2.0"]


async def test_nothing_takes_the_place_of_what_is_there() -> None:
    async with running(ScriptedEngine().host()) as app:
        with pytest.raises(BadPackage, match="part of Cloche"):
            await add(app, "pydantic", "9.0")
        await add(app, "sneaky", files={"json.py": "loads = None", "cloche/__init__.py": "pwned = True"})
        assert await value(app, "import json\njson.loads('[1]')") == "[1]"
        assert await value(app, "import cloche\nhasattr(cloche, 'pwned')") == "False"


def zipped(name: str, data: bytes = b"") -> bytes:
    """A ZIP of one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def with_a_changed_bit(data: bytes) -> bytes:
    """A wheel whose list of files is whole, and whose module is not."""
    return data.replace(b"answer = 42", b"answer = 43")


def with_a_file_in_a_file() -> bytes:
    """A wheel that cannot be unpacked: one of its files would have to be a folder."""
    return wheel("x", files={"x": "", "x/y.py": ""})


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("x-1.0.tar.gz", b"", "not a wheel of pure Python"),
        ("x-1.0-cp314-cp314-manylinux_x86_64.whl", b"", "not a wheel of pure Python"),
        ("x-1.0-py2-none-any.whl", b"", "not a wheel of pure Python"),
        (file_name("x"), b"no zip", "not a whole wheel"),
        (file_name("x"), zipped("x.py"), "not a whole wheel"),
        (file_name("x"), wheel("x")[:-30], "not a whole wheel"),
        (file_name("x"), with_a_changed_bit(wheel("x")), "not a whole wheel"),
        (file_name("x"), with_a_file_in_a_file(), "not a whole wheel"),
        (file_name("x"), zipped("x.so", b"\x7fELF"), "not pure Python"),
        (file_name("x"), zipped("../evil.py"), "a file outside of itself"),
    ],
)
async def test_what_cannot_be_added_says_why(name: str, data: bytes, reason: str) -> None:
    async with running(ScriptedEngine().host()) as app:
        with pytest.raises(BadPackage, match=reason):
            await app.handle("packages.add", {"name": name, "bytes": data})
        assert await app.handle("packages.list", {}) == []


async def test_a_version_that_cannot_be_unpacked_leaves_the_one_before(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    async with running(ScriptedEngine().host(path)) as app:
        await add(app, "whorl")
        damaged = {"name": file_name("whorl", "2.0"), "bytes": with_a_changed_bit(wheel("whorl", "2.0"))}
        with pytest.raises(BadPackage):
            await app.handle("packages.add", damaged)
        assert await value(app, "import whorl\nwhorl.answer") == "42"
    async with running(ScriptedEngine().host(path)) as app:
        assert [info["version"] for info in await app.handle("packages.list", {})] == ["1.0"]
        assert await value(app, "import whorl\nwhorl.answer") == "42"


@pytest.mark.parametrize("damaged", [b"\0", with_a_changed_bit(wheel("spool")), with_a_file_in_a_file()])
async def test_a_damaged_package_does_not_keep_the_app_from_starting(tmp_path: Path, damaged: bytes) -> None:
    path = str(tmp_path / "app.db")
    async with running(ScriptedEngine().host(path)) as app:
        await add(app, "spool")
        app.store.database.write("UPDATE packages SET bytes = ?", (damaged,))
    async with running(ScriptedEngine().host(path)) as app:
        (info,) = await app.handle("packages.list", {})
        assert "not a whole wheel" in info["error"]
        await app.handle("packages.remove", {"name": "spool"})
        assert await app.handle("packages.list", {}) == []


async def test_a_package_that_can_be_unpacked_after_all_is_as_good_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood in the way, such as a full disk, may have gone when an import unpacks what is not unpacked yet."""
    path = str(tmp_path / "app.db")
    async with running(ScriptedEngine().host(path)) as app:
        await add(app, "bobbin")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        async with running(ScriptedEngine().host(path)) as app:
            (info,) = await app.handle("packages.list", {})
            assert info["error"] != ""
            disk.undo()
            app.packages.restore()
            (info,) = await app.handle("packages.list", {})
            assert (info["error"], info["imports"]) == ("", ["bobbin"])
            assert await value(app, "import bobbin\nbobbin.answer") == "42"
