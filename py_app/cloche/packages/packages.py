"""A person's packages: kept as wheels, unpacked at every start, importable from the console and from extensions.

Owns the table `packages`, the folders into which they are unpacked, and the commands about them. They come last on the
path, so that none takes the place of what is there already.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..errors import BadPackage, NotFound
from ..host.base import Host
from ..providers.remote import origin_of
from ..store.database import Database
from .index import Index
from .shapes import PackageInfo, PackageRef, PackageRequest, PackagesAdded, WheelFile
from .wheel import Wheel, is_there


class Packages:
    """All packages. `changed` is called when what can be imported has changed."""

    def __init__(self, host: Host, database: Database) -> None:
        self._host = host
        self._database = database
        self._folders: dict[str, Path] = {}
        #: what is wrong with those that are kept and could not be unpacked
        self._errors: dict[str, str] = {}
        self.changed: Callable[[], None] = lambda: None

    def restore(self) -> None:
        """Unpack what is kept and is not unpacked yet. One that is damaged is listed with its error."""
        for name, file_name, data in self._database.rows("SELECT name, file_name, bytes FROM packages ORDER BY name"):
            if name in self._folders:
                continue
            try:
                wheel = Wheel(file_name, data)
                if wheel.name != name:
                    raise BadPackage(f"“{file_name}” is not a wheel of {name}.")
                self._put_on(name, wheel.unpack())
            except BadPackage as error:
                self._errors[name] = error.message

    def close(self) -> None:
        """Take everything off the path again."""
        for name in list(self._folders):
            self._take_off(name)

    def all(self) -> list[PackageInfo]:
        """All packages by name."""
        rows = self._database.rows("SELECT name, version, file_name, origin, bytes FROM packages ORDER BY name")
        return [self._info(*row) for row in rows]

    def add(self, file: WheelFile) -> PackagesAdded:
        """Keep a wheel, in place of another version of it."""
        return PackagesAdded(added=self._keep([Wheel(file.name, file.bytes)], ""))

    async def fetch(self, request: PackageRequest) -> PackagesAdded:
        """Get a package, with all that it needs, from an index."""
        index = Index(self._host, request.index_url)
        found = await index.find(request.requirement)
        if index.needs:
            return PackagesAdded(added=[], needs=index.needs)
        wheels = [Wheel(file_name, data) for file_name, data in found]
        return PackagesAdded(added=self._keep(wheels, origin_of(index.url)))

    def remove(self, ref: PackageRef) -> None:
        """Remove a package; what has imported it keeps what it has."""
        if not self._database.write("DELETE FROM packages WHERE name = ?", (ref.name,)):
            raise NotFound(f"There is no package '{ref.name}'.")
        self._take_off(ref.name)
        self.changed()

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """The commands of the contract that this answers."""
        return {
            "packages.list": lambda _: [info.model_dump() for info in self.all()],
            "packages.add": self.add,
            "packages.fetch": self.fetch,
            "packages.remove": self.remove,
        }

    def _keep(self, wheels: Iterable[Wheel], origin: str) -> list[str]:
        wheels = list(wheels)
        for wheel in wheels:
            if wheel.name not in self._folders and is_there(wheel.name):
                raise BadPackage(f"{wheel.name} is part of Cloche already.")
        with self._database.transaction():
            for wheel in wheels:
                self._database.write(
                    "INSERT OR REPLACE INTO packages VALUES (?, ?, ?, ?, ?, ?)",
                    (wheel.name, wheel.version, wheel.file_name, origin, time.time(), wheel.data),
                )
            folders = [wheel.unpack() for wheel in wheels]
        for wheel, folder in zip(wheels, folders, strict=True):
            self._take_off(wheel.name)
            self._put_on(wheel.name, folder)
        self.changed()
        return [wheel.name for wheel in wheels]

    def _put_on(self, name: str, folder: Path) -> None:
        self._folders[name] = folder
        self._errors.pop(name, None)
        sys.path.append(str(folder))
        importlib.invalidate_caches()

    def _take_off(self, name: str) -> None:
        folder = self._folders.pop(name, None)
        if folder is None:
            return
        sys.path.remove(str(folder))
        for module_name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(f"{folder}/"):
                del sys.modules[module_name]
        shutil.rmtree(folder, ignore_errors=True)
        importlib.invalidate_caches()

    def _info(self, name: str, version: str, file_name: str, origin: str, data: bytes) -> PackageInfo:
        error = self._errors.get(name, "")
        wheel = None if error else Wheel(file_name, data)
        return PackageInfo(
            name=name,
            version=version,
            origin=origin,
            size=len(data),
            imports=wheel.imports if wheel else [],
            missing=wheel.missing if wheel else [],
            error=error,
        )
