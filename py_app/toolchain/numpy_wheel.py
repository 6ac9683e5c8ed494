"""numpy for the browser: optional, because only Pyodide's distribution host has it for this ABI.

One short attempt; its outcome is remembered until `build.py build --retry-numpy` or until Pyodide's version changes.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from pathlib import Path

from toolchain.paths import DOWNLOADS

HOST = "https://cdn.jsdelivr.net/pyodide"
TIMEOUT_SECONDS = 10


def numpy_wheel(pyodide: Path, *, retry: bool = False) -> tuple[Path | None, str]:
    """The wheel that belongs to this Pyodide, or None; and a sentence about it for people."""
    version = json.loads((pyodide / "package.json").read_text("utf-8"))["version"]
    entry = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))["packages"]["numpy"]
    target = DOWNLOADS / entry["file_name"]
    if target.exists() and _sha256(target.read_bytes()) == entry["sha256"]:
        return target, f"numpy {entry['version']} is included."
    missed = DOWNLOADS / f"numpy-missing-{version}"
    if missed.exists() and not retry:
        return None, "numpy is left out (its host could not be reached earlier; --retry-numpy tries again)."
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(f"{HOST}/v{version}/full/{target.name}", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - a fixed https address
            data: bytes = answer.read()
    except (OSError, urllib.error.URLError) as error:
        missed.touch()
        reason = getattr(error, "reason", error)
        return None, f"numpy is left out: Pyodide's distribution host cannot be reached ({reason}). Nothing needs it."
    if _sha256(data) != entry["sha256"]:
        missed.touch()
        return None, "numpy is left out: the file that its host sent is not the one that Pyodide's lock names."
    target.write_bytes(data)
    missed.unlink(missing_ok=True)
    return target, f"numpy {entry['version']} is included."


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
