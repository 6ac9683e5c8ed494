"""Wheels as values: read one, change its files, write it again with a right RECORD and the same bytes every time.

Does not own what goes into which wheel: amplifier_wheel.py, app_wheel.py and bytecode.py do.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
COMPRESSION_LEVEL = 9


def normalised(name: str) -> str:
    """A project's name as package indexes compare it: pydantic_core and Pydantic-Core are pydantic-core."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass
class Wheel:
    """A wheel's files in memory, without RECORD, which is made on writing."""

    file_name: str
    files: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Wheel:
        """Reads every file of a wheel but its RECORD."""
        with zipfile.ZipFile(path) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        return cls(path.name, {name: data for name, data in files.items() if not name.endswith(".dist-info/RECORD")})

    @property
    def name(self) -> str:
        """The project's normalised name."""
        return normalised(self.file_name.split("-")[0])

    @property
    def version(self) -> str:
        """The version in the file's name."""
        return self.file_name.split("-")[1]

    @property
    def dist_info(self) -> str:
        """The folder of the metadata, e.g. "cloche-0.1.0.dist-info"."""
        return next(name.split("/")[0] for name in self.files if name.endswith(".dist-info/METADATA"))

    @property
    def dependencies(self) -> list[str]:
        """Normalised names that METADATA requires, without those behind an extra."""
        metadata = HeaderParser().parsestr(self.files[f"{self.dist_info}/METADATA"].decode())
        required = [str(value) for value in metadata.get_all("Requires-Dist", [])]
        names = [re.match(r"[A-Za-z0-9._-]+", value) for value in required if "extra ==" not in value]
        return sorted({normalised(match.group()) for match in names if match})

    @property
    def imports(self) -> list[str]:
        """The top-level packages and modules it installs."""
        parts = [name.split("/") for name in self.files if not name.startswith(f"{self.dist_info}/")]
        packages = {part[0] for part in parts if len(part) == 2 and part[1] == "__init__.py"}
        modules = {part[0].split(".")[0] for part in parts if len(part) == 1 and part[0].endswith((".py", ".so"))}
        return sorted(packages | modules)

    def write(self, folder: Path) -> Path:
        """Writes the wheel into a folder: sorted names, fixed times, RECORD last."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file_name
        partial = path.with_suffix(".part")
        record_name = f"{self.dist_info}/RECORD"
        lines = [f"{name},{_record_hash(data)},{len(data)}" for name, data in sorted(self.files.items())]
        record = "\n".join([*lines, f"{record_name},,", ""]).encode()
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
            for name, data in [*sorted(self.files.items()), (record_name, record)]:
                info = zipfile.ZipInfo(name, EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3
                info.external_attr = 0o100644 << 16
                archive.writestr(info, data)
        partial.replace(path)
        return path


def _record_hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def wheel_metadata(name: str, version: str, summary: str, requires: list[str]) -> dict[str, bytes]:
    """The dist-info files of a pure-Python wheel of ours."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {name}",
        f"Version: {version}",
        f"Summary: {summary}",
        "License-Expression: MIT",
        *(f"Requires-Dist: {requirement}" for requirement in requires),
        "",
    ]
    return {f"{folder}/METADATA": "\n".join(metadata).encode(), f"{folder}/WHEEL": PURE_WHEEL}


PURE_WHEEL = b"Wheel-Version: 1.0\nGenerator: cloche-toolchain\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
