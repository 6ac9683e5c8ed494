"""Module transports that a browser tab does not have.

Owns the names of the WASM component and protobuf bridges, so that code that imports
them still imports, and the errors that say why they cannot work here. Python
modules need none of this.
"""

from typing import Any, NoReturn

from . import arguments
from .coordinator import RustCoordinator
from .module_manifest import resolve_module
from .sealed import Sealed

_NO_COMPONENTS = "Module loading failed: a browser tab has no engine for WASM components; use a Python module instead"
_NO_PROTOBUF = "protobuf messages serve gRPC sidecars, which a browser tab cannot reach; use a Python module instead"


def _none_of(kind: type) -> TypeError:
    return TypeError(f"cannot create 'builtins.{kind.__name__}' instances")


class WasmTool(Sealed):
    """A tool inside a WASM component."""

    __slots__ = ()

    def __new__(cls) -> NoReturn:
        raise _none_of(cls)


class WasmProvider(Sealed):
    """A provider inside a WASM component."""

    __slots__ = ()

    def __new__(cls) -> NoReturn:
        raise _none_of(cls)


class WasmHook(Sealed):
    """A hook handler inside a WASM component."""

    __slots__ = ()

    def __new__(cls) -> NoReturn:
        raise _none_of(cls)


class WasmContext(Sealed):
    """A context manager inside a WASM component."""

    __slots__ = ()

    def __new__(cls) -> NoReturn:
        raise _none_of(cls)


class WasmOrchestrator(Sealed):
    """An orchestrator inside a WASM component."""

    __slots__ = ()

    def __new__(cls) -> NoReturn:
        raise _none_of(cls)


class WasmApproval(Sealed):
    """An approval provider inside a WASM component."""

    __slots__ = ()

    def __new__(cls) -> NoReturn:
        raise _none_of(cls)


def load_wasm_from_path(path: str) -> dict[str, Any]:
    """Raise: ValueError for a module that is no WASM module, else RuntimeError."""
    transport = resolve_module(path)["transport"]
    if transport == "rust":
        raise ValueError("load_wasm_from_path cannot load Rust modules. Use the gRPC sidecar pattern instead.")
    _require_wasm("load_wasm_from_path", transport)
    raise RuntimeError(_NO_COMPONENTS)


def load_and_mount_wasm(coordinator: RustCoordinator, path: str) -> dict[str, Any]:
    """Raise: ValueError for a module that is no WASM module, else RuntimeError."""
    if not isinstance(coordinator, RustCoordinator):
        arguments.mismatch(coordinator, "RustCoordinator")
    _require_wasm("load_and_mount_wasm", resolve_module(path)["transport"])
    raise RuntimeError(_NO_COMPONENTS)


def _require_wasm(name: str, transport: str) -> None:
    if transport != "wasm":
        raise ValueError(f"{name} only handles WASM modules, got transport '{transport.capitalize()}'")


def proto_chat_request_to_json(proto_bytes: bytes) -> str:
    """Raise ValueError: there is no protobuf in a tab."""
    if not isinstance(proto_bytes, bytes):
        arguments.mismatch(proto_bytes, "bytes")
    raise ValueError(f"Failed to decode proto ChatRequest: {_NO_PROTOBUF}")


def json_to_proto_chat_response(json_str: str) -> bytes:
    """Raise ValueError: there is no protobuf in a tab."""
    arguments.text(json_str)
    raise ValueError(f"Failed to encode proto ChatResponse: {_NO_PROTOBUF}")
