"""What the engine is made of: every file that is compiled, and with which flags.

Owns the list of upstream's files that Cloche links (ggml on the processor, llama, mtmd, `common` and the server's
core), the C++ runtime around them, and the flags. Does not own fetching, compiling or linking: that is engine.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from toolchain.paths import ROOT

OWN = ROOT / "engine"
# Compiled twice, and linked with what is there for both.
KERNELS = ("activations.cpp", "attention.cpp", "kernels.cpp", "kernels_k.cpp")

# Addresses stay a pointer and a number that is known beforehand: a load of WebAssembly takes both. The pass left
# out would add them up before each load.
FOLDED = ("-mllvm", "-disable-lsr")

TARGET = ("-target", "wasm32-wasi", "-mcpu=generic")
FEATURES = (
    *("-msimd128", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext", "-mmutable-globals"),
    *("-matomics", "-mthread-model", "posix"),
)
# The older form of WebAssembly's exceptions: every browser that has the newer one runs it, and so does Node.
EXCEPTIONS = ("-fwasm-exceptions", "-mllvm", "-wasm-use-legacy-eh=true")
# std::thread and std::mutex are there for upstream's sake; threads come in by engine/threads.cpp alone.
THREADS = ("-D_LIBCPP_HAS_THREADS=1", "-D_LIBCPP_HAS_THREAD_API_PTHREAD")
LIBCXX = (
    "-D_LIBCPP_ABI_VERSION=1",
    "-D_LIBCPP_ABI_NAMESPACE=__1",
    "-D_LIBCPP_HAS_MONOTONIC_CLOCK=1",
    "-D_LIBCPP_HAS_TERMINAL=0",
    "-D_LIBCPP_HAS_MUSL_LIBC=1",
    "-D_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS",
    "-D_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS",
    "-D_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=0",
    "-D_LIBCPP_HAS_FILESYSTEM=1",
    "-D_LIBCPP_HAS_RANDOM_DEVICE=1",
    "-D_LIBCPP_HAS_LOCALIZATION=1",
    "-D_LIBCPP_HAS_UNICODE=1",
    "-D_LIBCPP_HAS_WIDE_CHARACTERS=1",
    "-D_LIBCPP_HAS_TIME_ZONE_DATABASE=0",
    "-D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE",
    "-D_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE",
    "-D_LIBCPP_PSTL_BACKEND_SERIAL",
)
WASI = (
    "-D_GNU_SOURCE",
    "-D_WASI_EMULATED_MMAN",
    "-D_WASI_EMULATED_SIGNAL",
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_GETPID",
)
GGML = (
    "-DGGML_USE_CPU",
    "-DGGML_USE_CPU_REPACK",
    "-DGGML_USE_LLAMAFILE",
    "-DGGML_SCHED_MAX_COPIES=4",
)
QUIET = ("-w", "-fvisibility=hidden", "-fno-ident")


@dataclass(frozen=True)
class Unit:
    """One file to compile. `folder` says in which of the three trees it lies: source, zig or own."""

    folder: Path
    name: str
    flags: tuple[str, ...]
    variant: str = ""

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def object_name(self) -> str:
        return self.name.replace("/", "__") + self.variant + ".o"


# Files that call what WASI does not have, and where that is declared.
MISSING = OWN / "include/missing.h"
MISSING_CALLS = {"common/common.cpp", "tools/server/server-common.cpp"}

# The file whose work is shared among threads, by OpenMP's directives (engine/threads.cpp has their bodies), and what
# stands before it.
SHARED_WORK = "ggml/src/ggml-cpu/ggml-cpu.c"
BEFORE_SHARED_WORK = OWN / "include/shared_work.h"

# Folders of many small files that include the same large headers: several are compiled as one.
JOINED = {"src/models": 12, "tools/mtmd/models": 4, "common/parsers": 2}


@dataclass(frozen=True)
class Trees:
    """Where upstream's llama.cpp, Zig's library and the generated headers lie."""

    llama: Path
    zig_lib: Path
    headers: Path

    def shown_as(self) -> tuple[tuple[Path, str], ...]:
        """How folders are called in messages of the program, the same on every machine."""
        return ((self.llama, "llama.cpp"), (self.zig_lib, "zig"), (self.headers, "headers"), (OWN, "engine"))

    def system_includes(self) -> tuple[str, ...]:
        lib = self.zig_lib
        folders = (
            lib / "include",
            lib / "libc/include/wasm-wasi-musl",
            lib / "libc/include/generic-musl",
            lib / "libc/include/wasm32-wasi-any",
            lib / "libc/include/any-wasi-any",
        )
        return tuple(part for folder in folders for part in ("-isystem", str(folder)))

    def cxx_includes(self) -> tuple[str, ...]:
        lib = self.zig_lib
        return ("-isystem", str(lib / "libcxx/include"), "-isystem", str(lib / "libcxxabi/include"))

    def own_includes(self) -> tuple[str, ...]:
        """`common` before `src`: each has a unicode.h."""
        return (
            f"-I{OWN / 'include'}",
            f"-I{self.headers}",
            *(
                f"-I{self.llama / name}"
                for name in (
                    "include",
                    "ggml/include",
                    "ggml/src",
                    "ggml/src/ggml-cpu",
                    "common",
                    "src",
                    "tools/mtmd",
                    "tools/server",
                    "vendor",
                )
            ),
        )


def units(trees: Trees, version: str) -> list[Unit]:
    """Everything that is linked but the kernels; `version` is llama.cpp's."""
    own = [_own_unit(trees, path.name, version) for path in sorted(OWN.glob("*.cpp")) if path.name not in KERNELS]
    return [*_runtime(trees), *_upstream(trees), *own]


def kernels(trees: Trees, version: str) -> tuple[list[Unit], list[Unit]]:
    """The kernels with relaxed SIMD, and without."""
    units = [_own_unit(trees, name, version) for name in KERNELS]
    plain = [replace(unit, flags=(*unit.flags, *FOLDED)) for unit in units]
    relaxed = [replace(unit, flags=(*unit.flags, "-mrelaxed-simd"), variant=".relaxed") for unit in plain]
    return relaxed, plain


def _flags(trees: Trees, name: str, speed: str, *more: str) -> tuple[str, ...]:
    cxx = not name.endswith(".c")
    return (
        "clang",
        *TARGET,
        *FEATURES,
        *EXCEPTIONS,
        *QUIET,
        *WASI,
        speed,
        "-DNDEBUG",
        "-nostdinc",
        *(f"-ffile-prefix-map={folder}={shown}" for folder, shown in trees.shown_as()),
        *(("-nostdinc++",) if cxx else ()),
        *(("-std=c++20", *LIBCXX, *THREADS, *trees.cxx_includes()) if cxx else ("-std=c11",)),
        *trees.system_includes(),
        *more,
    )


def _runtime(trees: Trees) -> Iterator[Unit]:
    """libc++, libc++abi and the unwinder: Zig's own builds of them know neither exceptions nor threads."""
    lib = trees.zig_lib
    src = lib / "libcxx/src"
    skipped = {"src/pstl/libdispatch.cpp", "src/experimental/log_hardening_failure.cpp"}
    cxx = sorted(
        path.relative_to(lib / "libcxx").as_posix()
        for path in src.rglob("*.cpp")
        if path.parent.name in {"src", "ryu", "filesystem"}
    )
    for name in cxx:
        if name in skipped or name.endswith(("int128_builtins.cpp",)):
            continue
        more: tuple[str, ...] = (
            "-D_LIBCPP_BUILDING_LIBRARY",
            "-DLIBCXX_BUILDING_LIBCXXABI",
            f"-I{src}",
            f"-I{lib / 'libcxx/libc'}",
        )
        if name.endswith("filesystem/operations.cpp"):
            more += ("-U_LIBCPP_HAS_MUSL_LIBC", "-D_LIBCPP_HAS_MUSL_LIBC=0")  # WASI has no copy_file_range.
        yield Unit(lib, f"libcxx/{name}", _flags(trees, name, "-O2", "-std=c++23", *more))
    for path in sorted((lib / "libcxxabi/src").glob("*.cpp")):
        if path.name in {"cxa_noexception.cpp", "cxa_thread_atexit.cpp"}:
            continue
        name = f"libcxxabi/src/{path.name}"
        more = (
            "-D_LIBCXXABI_BUILDING_LIBRARY",
            "-D_LIBCPP_BUILDING_LIBRARY",
            f"-I{src}",
            f"-I{lib / 'libcxxabi/src'}",
        )
        yield Unit(lib, name, _flags(trees, name, "-O2", "-std=c++23", *more))
    name = "libunwind/src/Unwind-wasm.c"
    yield Unit(lib, name, _flags(trees, name, "-O2", "-D_LIBUNWIND_HIDE_SYMBOLS", f"-I{lib / 'libunwind/include'}"))


def _upstream(trees: Trees) -> Iterator[Unit]:
    fast, small = "-O3", "-Os"
    groups = {
        "ggml/src": (fast, set[str]()),
        "ggml/src/ggml-cpu": (fast, {"hbm.cpp", "repack.cpp"}),
        "src": ("-O2", set[str]()),
        "src/models": (small, set[str]()),
        "tools/mtmd": ("-O2", {"deprecation-warning.cpp", "mtmd-cli.cpp"}),
        "tools/mtmd/models": (small, set[str]()),
        "common": (
            small,
            {
                "arg.cpp",
                "console.cpp",
                "debug.cpp",
                "download.cpp",
                "fit.cpp",
                "hf-cache.cpp",
                "log.cpp",
                "preset.cpp",
                "subproc.cpp",
                "imatrix-loader.cpp",
            },
        ),
        "common/jinja": (small, set[str]()),
        "common/parsers": (small, set[str]()),
        "vendor/hash": (small, set[str]()),
        "vendor/hash/sha256": (small, set[str]()),
    }
    for folder, (speed, left_out) in groups.items():
        files = [
            f"{folder}/{path.name}"
            for path in sorted((trees.llama / folder).iterdir())
            if path.suffix in {".c", ".cpp"} and path.name not in left_out
        ]
        if folder in JOINED:
            yield from _joined(trees, folder, files, speed)
        else:
            for name in files:
                yield _upstream_unit(trees, name, speed)
    yield _upstream_unit(trees, "ggml/src/ggml-cpu/amx/amx.cpp", fast)
    yield _upstream_unit(trees, "ggml/src/ggml-cpu/amx/mmq.cpp", fast)
    for name in ("tiled.cpp", "tiled-kernel.cpp"):
        yield _upstream_unit(trees, f"ggml/src/ggml-cpu/tiled/{name}", fast)
    arch = _upstream_unit(trees, "ggml/src/ggml-cpu/arch/wasm/quants.c", fast)
    # Upstream's version truncates where every other one rounds; ours is in kernels.
    yield replace(arch, flags=(*arch.flags, "-Dquantize_row_q8_0=quantize_row_q8_0_truncated"))
    for name in ("context", "task", "chat", "common", "schema", "stream"):
        yield _upstream_unit(trees, f"tools/server/server-{name}.cpp", small)


def _joined(trees: Trees, folder: str, files: list[str], speed: str) -> Iterator[Unit]:
    """Units that include every n-th file: neighbours, which sometimes share names of helpers, never meet."""
    count = JOINED[folder]
    for index in range(count):
        name = f"{folder.replace('/', '_')}_{index}.cpp"
        text = "".join(f'#include "{file}"\n' for file in files[index::count])
        (trees.headers / name).write_text(text, "utf-8", newline="\n")
        unit = _upstream_unit(trees, name, speed)
        yield replace(unit, folder=trees.headers, flags=(*unit.flags, f"-I{trees.llama}"))


def _upstream_unit(trees: Trees, name: str, speed: str) -> Unit:
    more = [*GGML, "-DMA_NO_THREADING", "-DMA_NO_DEVICE_IO", *trees.own_includes()]
    if name.startswith("vendor/hash/"):
        more.append(f"-I{trees.llama / 'vendor/hash'}")
    if name in MISSING_CALLS:
        more += ["-include", str(MISSING)]
    if name == SHARED_WORK:
        more += ["-fopenmp", "-DGGML_USE_OPENMP", "-include", str(BEFORE_SHARED_WORK)]
    return Unit(trees.llama, name, _flags(trees, name, speed, *more))


def _own_unit(trees: Trees, name: str, version: str) -> Unit:
    more = (f'-DCLOCHE_LLAMA_VERSION="{version}"', *GGML, *trees.own_includes())
    return Unit(OWN, name, _flags(trees, name, "-O3", *more))
