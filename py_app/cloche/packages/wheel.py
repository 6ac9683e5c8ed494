"""A wheel in memory: what it is, whether it may be added, its files.

Owns the checks. Only pure Python can be added, and nothing that takes the place of what is there already.
"""

from __future__ import annotations

import importlib.metadata
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from ..errors import BadPackage

FILE_NAME = re.compile(r"([A-Za-z0-9][\w.]*)-([A-Za-z0-9][\w.!+]*)(?:-\d[\w.]*)?-([\w.]+)-none-any\.whl")
REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
MAX_UNPACKED_BYTES = 128 * 1024 * 1024
MAX_FILES = 20_000
#: how zipfile says that a file is damaged, locked, or packed in a way that it does not know
UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError)


class Wheel:
    """A wheel that may be added. Raises BadPackage for one that may not."""

    def __init__(self, file_name: str, data: bytes) -> None:
        found = FILE_NAME.fullmatch(file_name)
        if found is None or not any(tag in ("py3", "py314") for tag in found[3].split(".")):
            raise BadPackage(
                f"“{file_name}” is not a wheel of pure Python: its name would end in “-py3-none-any.whl”.",
            )
        self.file_name, self.data = file_name, data
        self.name, self.version = normalised(found[1]), found[2]
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            self._files = [info for info in self._archive.infolist() if not info.is_dir()]
            self._check()
            metadata = next(info for info in self._files if info.filename.endswith(".dist-info/METADATA"))
            head = HeaderParser().parsestr(self._archive.read(metadata).decode())
        except (StopIteration, *UNREADABLE) as error:
            raise self._not_whole() from error
        self._requires = [str(value) for value in head.get_all("Requires-Dist", [])]

    @property
    def imports(self) -> list[str]:
        """The top-level names that it brings."""
        paths = [PurePosixPath(info.filename).parts for info in self._files]
        tops = {parts[0].removesuffix(".py") for parts in paths if parts[-1].endswith(".py")}
        return sorted(top for top in tops if top.isidentifier())

    @property
    def missing(self) -> list[str]:
        """What it needs in every case and what is not there."""
        needed = [REQUIREMENT.match(value) for value in self._requires if ";" not in value]
        return sorted({normalised(name[0]) for name in needed if name and not is_there(name[0])})

    def unpack(self) -> Path:
        """Write its files into a new folder. Raises BadPackage where they cannot be read; then there is no folder."""
        folder = Path(tempfile.mkdtemp(prefix=f"cloche-{self.name}-"))
        try:
            for info in self._files:
                path = folder / info.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._archive.read(info))
        except UNREADABLE as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise self._not_whole() from error
        return folder

    def _not_whole(self) -> BadPackage:
        return BadPackage(f"“{self.file_name}” is not a whole wheel.")

    def _check(self) -> None:
        if len(self._files) > MAX_FILES or sum(info.file_size for info in self._files) > MAX_UNPACKED_BYTES:
            raise BadPackage(f"“{self.file_name}” unpacks to more than there is room for.")
        for info in self._files:
            path = PurePosixPath(info.filename)
            if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
                raise BadPackage(f"“{self.file_name}” holds a file outside of itself: {info.filename[:100]}.")
            if path.suffix in (".so", ".pyd", ".dll", ".dylib"):
                raise BadPackage(f"“{self.file_name}” is not pure Python: it holds {path.name}.")


def normalised(name: str) -> str:
    """A project's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_there(name: str) -> bool:
    """Whether a project is installed."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
