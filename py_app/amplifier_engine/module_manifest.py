"""What kind of module lies in a folder.

Owns the reading of `amplifier.toml` and the detection of a Python package or a
WASM file. It imports and loads nothing.
"""

from pathlib import Path
from typing import Any

from . import arguments

_TYPES = ("orchestrator", "provider", "tool", "context", "hook", "resolver", "approval")


def resolve_module(path: str) -> dict[str, Any]:
    """Transport, type and artifact of the module in the folder `path`."""
    path = arguments.text(path)
    folder = Path(path)
    if not path or not folder.exists():
        raise RuntimeError(f"module path does not exist: {path}")
    manifest = folder / "amplifier.toml"
    if manifest.is_file():
        try:
            return _declared(path, manifest)
        except _ManifestError as fault:
            raise RuntimeError(f"failed to parse amplifier.toml at {path}: {fault}") from None
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.suffix == ".wasm" and entry.is_file():
                raise RuntimeError(
                    f"failed to load WASM component at {entry}: a browser tab has no engine "
                    "for WASM components, so the type of this module cannot be read"
                )
        package = _package(folder)
        if package is not None:
            return _found("python", "tool", "python", package_name=package)
    raise RuntimeError(
        f"could not detect module transport at {path}. "
        "Expected: .wasm file, amplifier.toml, or Python package (__init__.py)."
    )


class _ManifestError(Exception):
    """What is wrong with a manifest."""


def _found(transport: str, kind: str, artifact: str, **details: str) -> dict[str, Any]:
    return {
        "transport": transport,
        "module_type": kind,
        "artifact_type": artifact,
        **details,
    }


def _package(folder: Path) -> str | None:
    if (folder / "__init__.py").exists():
        return folder.name.replace("-", "_")
    for entry in folder.iterdir():
        if (entry / "__init__.py").exists():
            return entry.name
    return None


def _declared(path: str, manifest: Path) -> dict[str, Any]:
    import tomllib

    folder = Path(path)
    try:
        document = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise _ManifestError(f"TOML parse error: {error}") from None
    module = document.get("module")
    if not isinstance(module, dict):
        raise _ManifestError("missing [module] section")
    kind = module.get("type")
    if not isinstance(kind, str):
        raise _ManifestError("missing 'type' field in [module] section")
    if kind not in _TYPES:
        raise _ManifestError(f"unknown module type: {kind}")
    transport = module.get("transport")
    if transport == "grpc":
        section = document.get("grpc")
        endpoint = section.get("endpoint") if isinstance(section, dict) else None
        if not isinstance(endpoint, str):
            raise _ManifestError("gRPC transport requires [grpc] section with 'endpoint' field")
        return _found("grpc", kind, "grpc", endpoint=endpoint)
    if transport == "wasm":
        name = module.get("artifact")
        file = folder / (name if isinstance(name, str) else "module.wasm")
        return _found("wasm", kind, "wasm", artifact_path=str(file))
    if transport == "rust":
        crate = module.get("crate")
        if not isinstance(crate, str):
            raise _ManifestError("Rust transport requires 'crate' field in [module] section")
        return _found("rust", kind, "rust", crate_name=crate)
    return _found("python", kind, "python", package_name=folder.name or "unknown")
