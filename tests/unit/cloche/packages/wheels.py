"""Wheels made by hand. Exists only for tests."""

from __future__ import annotations

import io
import zipfile


def wheel(name: str, version: str = "1.0", *, requires: str = "", files: dict[str, str] | None = None) -> bytes:
    """A wheel with these files, or with one module of its own name."""
    folder = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {needed}\n" for needed in requires.split(",") if needed)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, source in (files or {f"{name}.py": "answer = 42\n"}).items():
            archive.writestr(path, source)
        archive.writestr(f"{folder}/METADATA", metadata + "\n")
        archive.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{folder}/RECORD", "")
    return packed.getvalue()


def file_name(name: str, version: str = "1.0") -> str:
    """The name of the file that holds it."""
    return f"{name}-{version}-py3-none-any.whl"
