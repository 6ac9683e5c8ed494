"""TVM's runtime for the web as WebAssembly, and everything linked into one library.

Owns the compiler (zig's Clang for wasm32-wasi), which of TVM's sources go in, and what the library exports. Sources
come from the wheels of apache-tvm and apache-tvm-ffi; headers that these lack, and what the runtime wants from its
surroundings, are in runtime/. Remote procedure calls, sorting, timing and files are left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import tvm
import tvm_ffi

TVM, FFI = (Path(package.__file__).parent for package in (tvm, tvm_ffi))
OURS = Path(__file__).with_name("runtime")
COMPILER = [sys.executable, "-m", "ziglang", "c++", "-target", "wasm32-wasi", "-O2"]
LEFT_OUT = re.compile(r'^#include ".*/(rpc/\w+|extra/contrib/\w+/\w+|timer|file_utils|testing)\.cc"\n', re.MULTILINE)
EXPORTS = (
    *("malloc", "free", "TVMWasmAllocSpace", "TVMWasmFreeSpace", "TVMFFIWasmFunctionCreate", "TVMFFIWasmGetLastError"),
    *("TVMFFIFunctionCall", "TVMFFIFunctionGetGlobal", "TVMFFIFunctionSetGlobal", "TVMFFIErrorSetRaisedFromCStr"),
    *("TVMFFIObjectIncRef", "TVMFFIObjectDecRef", "TVMFFIAnyViewToOwnedAny", "TVMFFIDataTypeToString"),
    *("TVMFFIGetTypeInfo", "TVMFFITypeKeyToIndex"),
)


class Linker:
    """Works in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sources = folder / "sources"

    def runtime(self) -> list[Path]:
        """Object files of the runtime; takes about a minute."""
        self._gather()
        return [self._compile(name) for name in ("support", "web/emcc/webgpu_runtime", "web/emcc/wasm_runtime")]

    def link(self, objects: list[Path], library: Path) -> None:
        """One module without names. Its code and memory start together, and it is no program with an end."""
        exports = ",".join(f"--export={name}" for name in EXPORTS)
        options = ["-s", "-mexec-model=reactor", f"-Wl,--no-entry,--gc-sections,{exports}", "-Wl,-z,stack-size=1048576"]
        self._run([*options, *map(str, objects), "-o", str(library)])

    def _gather(self) -> None:
        """The tree that the sources expect around them."""
        shutil.rmtree(self._sources, ignore_errors=True)
        for origin, place in (
            (TVM / "include", "include"),
            (TVM / "src" / "runtime", "src/runtime"),
            (TVM / "web" / "emcc", "web/emcc"),
            (FFI / "include", "3rdparty/tvm-ffi/include"),
            (FFI / "src", "3rdparty/tvm-ffi/src"),
            (FFI / "3rdparty" / "dlpack", "3rdparty/tvm-ffi/3rdparty/dlpack"),
            (OURS, "."),
        ):
            shutil.copytree(origin, self._sources / place, dirs_exist_ok=True)
        pack = self._sources / "web" / "emcc" / "wasm_runtime.cc"
        pack.write_text(LEFT_OUT.sub("", pack.read_text()))

    def _compile(self, name: str) -> Path:
        compiled = self.folder / f"{Path(name).name}.o"
        folders = ("", "include", "3rdparty/tvm-ffi/include", "3rdparty/tvm-ffi/3rdparty/dlpack/include")
        options = ["-c", "-std=c++20", "-fexceptions", "-w", "-DTVM_FFI_CMAKE_LITTLE_ENDIAN=1"]
        options += [f"-I{self._sources / folder}" for folder in folders]
        self._run([*options, str(self._sources / f"{name}.cc"), "-o", str(compiled)])
        return compiled

    def _run(self, arguments: list[str]) -> None:
        subprocess.run([*COMPILER, *arguments], check=True)
