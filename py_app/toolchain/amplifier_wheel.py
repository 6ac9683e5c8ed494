"""Repacks the published amplifier-core wheel for the browser.

The published Python files stay as they are. Out go the native engine and what only a server needs; in comes our
pure-Python engine (py_app/amplifier_engine) as `amplifier_core/_engine`.
"""

from __future__ import annotations

from pathlib import Path

from toolchain.errors import BuildError
from toolchain.paths import shown
from toolchain.wheel import PURE_WHEEL, Wheel

LEFT_OUT = ("loader_grpc.py", "cli.py", "pytest_plugin.py", "_engine.pyi")
LEFT_OUT_FOLDERS = ("_grpc_gen/",)
NATIVE_SUFFIXES = (".so", ".pyd", ".dylib")
# What only the left-out files import.
DROPPED_REQUIREMENTS = ("click", "grpcio", "protobuf", "pyyaml", "tomli")


def repack(published: Wheel, engine: Path) -> Wheel:
    """The published wheel without its native parts and with our engine in their place."""
    dist_info = published.dist_info
    files = {name: data for name, data in published.files.items() if _kept(name, dist_info)}
    files[f"{dist_info}/METADATA"] = _metadata(published.files[f"{dist_info}/METADATA"])
    files[f"{dist_info}/WHEEL"] = PURE_WHEEL
    sources = sorted(path for path in engine.rglob("*.py"))
    if engine / "__init__.py" not in sources:
        raise BuildError(
            f"{shown(engine)} is not a package, so amplifier-core would have no engine.",
            todo=f"restore {shown(engine)}/__init__.py (git checkout).",
        )
    for path in sources:
        files[f"amplifier_core/_engine/{path.relative_to(engine).as_posix()}"] = path.read_bytes()
    return Wheel(f"amplifier_core-{published.version}-py3-none-any.whl", files)


def _kept(name: str, dist_info: str) -> bool:
    if name.startswith(f"{dist_info}/"):
        return not name.endswith("entry_points.txt") and "/sboms/" not in name
    inner = name.removeprefix("amplifier_core/")
    return (
        name.startswith("amplifier_core/")
        and not name.endswith(NATIVE_SUFFIXES)
        and inner not in LEFT_OUT
        and not inner.startswith(LEFT_OUT_FOLDERS)
    )


def _metadata(published: bytes) -> bytes:
    head, _, _readme = published.decode().partition("\n\n")
    dropped = tuple(f"Requires-Dist: {name}" for name in DROPPED_REQUIREMENTS)
    lines = [line for line in head.splitlines() if not line.startswith(dropped)]
    return ("\n".join(lines) + "\n\n").encode()
