"""Cloche's own engine: llama.cpp and our kernels, compiled to WebAssembly into .build/vendor/engine.

Owns fetching the pinned sources and compiler, compiling what has changed, linking, and engine.json, which tells the
page what is there. Does not own what is compiled with which flags (engine_units.py), nor whose it is
(engine_licences.py). An app that was built without it is whole all the same; it uses wllama.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from toolchain.engine_licences import write_licences
from toolchain.engine_units import BEFORE_SHARED_WORK, MISSING, OWN, Trees, Unit, kernels, units
from toolchain.errors import BuildError
from toolchain.paths import BUILD, ENGINE, REQUIREMENTS, ROOT, WINDOWS, python_of
from toolchain.process import run_tool
from toolchain.progress import Progress
from toolchain.python_env import NETWORK, make_venv
from toolchain.steps import Step, fingerprint, is_done

LOCK = REQUIREMENTS / "engine.txt"
#: what comes of it on every machine, as `sha256sum` writes it
RECORD = REQUIREMENTS / "engine.sha256"
FOLDER = BUILD / "engine"
SOURCE = FOLDER / "source"
ZIG = FOLDER / "zig"
CACHE = FOLDER / "cache"
OBJECTS = FOLDER / "objects"
HEADERS = FOLDER / "headers"
MANIFEST = ENGINE / "engine.json"
LLAMA = "vendor/llama.cpp"
SOURCE_PARTS = (
    *("ggml/include", "ggml/src", "include", "src", "common", "tools/mtmd", "tools/server", "vendor"),
    "licenses",
)
SINGLE_FILES = {f"{LLAMA}/{name}" for name in ("LICENSE", "CMakeLists.txt", "ggml/CMakeLists.txt")}
STACK_BYTES = 8 << 20
# js_bridge/engine_instance.ts makes memory of the same size.
MEMORY_BYTES = (32 << 20, 4 << 30)
MEND = "mend the file that is named above, then run the same command again."
# What tests compare: our kernels and, of most, upstream's plain C for the same.
EXPORTS = (
    "--export=ggml_cpu_init",
    *(f"--export=__wrap_ggml_vec_{name}_f32" for name in ("silu", "soft_max", "swiglu")),
    "--export=quantize_row_q8_0",
    "--export=ggml_quantize_mat_q8_K_4x4",
    "--export=ggml_quantize_mat_q8_K_4x4_generic",
    "--export=llamafile_sgemm",
    *(
        f"--export=ggml_{kind}_{layout}{suffix}"
        for kind in ("gemm", "gemv")
        for layout in ("q8_0_4x4_q8_0", "q4_0_4x4_q8_0", "q4_K_8x4_q8_K", "q6_K_8x4_q8_K")
        for suffix in ("", "_generic")
    ),
)

# What Zig builds its C library for: memory that threads share.
SHARING = ("-target", "wasm32-wasi", "-mcpu=generic+atomics+bulk_memory")
# Calls that pass through threads.cpp.
ALONE = ("malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "free")
# Calls of upstream's that pass through ours.
WRAPPED = (
    "ggml_backend_dev_init",
    "ggml_compute_forward_flash_attn_ext",
    "ggml_compute_forward_glu",
    "ggml_compute_forward_unary",
    "ggml_vec_silu_f32",
    "ggml_vec_soft_max_f32",
    "ggml_vec_swiglu_f32",
    "llama_process",
    "mtmd_batch_encode",
    "mtmd_tokenize",
    "_Z21common_sampler_sampleP14common_samplerP13llama_contextib",
    "_ZN13server_tokens10keep_firstEm",
    "_ZN19server_prompt_cache5allocERK13server_promptmm",
    "_ZN19server_prompt_cache4loadER13server_promptRK13server_tokensP13llama_contextS6_i",
)


def engine_step() -> Step:
    """Builds the engine unless nothing of it has changed."""
    return Step(
        "engine",
        "Building the engine (llama.cpp for WebAssembly)",
        [
            LOCK,
            OWN,
            *(Path(__file__).with_name(name) for name in ("engine.py", "engine_units.py", "engine_licences.py")),
        ],
        [MANIFEST],
        build_engine,
    )


def is_built() -> bool:
    """Whether the engine is there and nothing that it is made from has changed."""
    return is_done(engine_step())


def record() -> str:
    """What RECORD says where it tells of the engine that was built."""
    names = json.loads(MANIFEST.read_text("utf-8"))["files"]
    digests = {kind: hashlib.sha256((ENGINE / name).read_bytes()).hexdigest() for kind, name in names.items()}
    return "".join(f"{digest}  {kind}.wasm\n" for kind, digest in digests.items())


def build_engine(progress: Progress) -> str:
    """Fetches, compiles and links; says how large the result is."""
    source, zig = _fetch(progress)
    version = _headers(source)
    trees = Trees(source, zig.parent / "lib", HEADERS)
    common, variants = units(trees, version), kernels(trees, version)
    _compile([*common, *variants[0], *variants[1]], zig, progress)
    progress.detail("linking")
    libraries = _c_library(zig)
    ENGINE.mkdir(parents=True, exist_ok=True)
    MANIFEST.unlink(missing_ok=True)
    names = {}
    for kind, variant in zip(("relaxed", "plain"), variants, strict=True):
        linked = FOLDER / f"{kind}.wasm"
        _link([_object(unit) for unit in (*common, *variant)], libraries, linked, zig)
        digest = hashlib.sha256(linked.read_bytes()).hexdigest()
        names[kind] = f"engine-{kind}-{digest[:12]}.wasm"
        shutil.copyfile(linked, ENGINE / names[kind])
    for path in ENGINE.iterdir():
        if path.name not in names.values():
            path.unlink()
    write_licences(source, zig.parent, ENGINE / "licences.json")
    MANIFEST.write_text(json.dumps({"llama_cpp": version, "files": names}, indent=1) + "\n", "utf-8", newline="\n")
    size = (ENGINE / names["relaxed"]).stat().st_size
    return f"llama.cpp {version}, {size / 1e6:.1f} MB"


def _fetch(progress: Progress) -> tuple[Path, Path]:
    """Upstream's sources, and the compiler in an environment of its own."""
    python = python_of(ZIG)
    mark = ZIG / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != LOCK.read_text("utf-8"):
        progress.detail("fetching the sources and the compiler")
        shutil.rmtree(FOLDER, ignore_errors=True)
        make_venv(ZIG)
        pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        wanted, compiler = locks()
        run_tool(
            [*pip, "install", "--require-hashes", "--only-binary=:all:", "-r", compiler],
            what="Installing the compiler",
            todo=NETWORK,
            on_line=progress.detail,
        )
        run_tool(
            [
                *pip,
                "download",
                "--no-deps",
                "--require-hashes",
                "--no-binary=llama-cpp-python",
                "-d",
                FOLDER,
                "-r",
                wanted,
            ],
            what="Downloading llama.cpp's sources",
            todo=NETWORK,
            on_line=progress.detail,
        )
        mark.write_text(LOCK.read_text("utf-8"), "utf-8")
    if not all((SOURCE / LLAMA / part).exists() for part in SOURCE_PARTS):
        progress.detail("unpacking the sources")
        unpack(next(FOLDER.glob("llama_cpp_python-*.tar.gz")))
    program = next(ZIG.rglob("ziglang/zig.exe" if WINDOWS else "ziglang/zig"))
    return SOURCE / LLAMA, program


def locks() -> tuple[Path, Path]:
    """The lock's two entries as files of their own: pip takes one as source, the other as a wheel."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = re.split(r"\n(?=\S)", "\n".join(_lines(LOCK)))
    files = []
    for name in ("llama-cpp-python", "ziglang"):
        path = FOLDER / f"{name}.txt"
        path.write_text(next(entry for entry in entries if entry.startswith(name)) + "\n", "utf-8")
        files.append(path)
    return files[0], files[1]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def unpack(archive: Path) -> None:
    """What is compiled, out of an archive of thousands of other files: all of it, or nothing where this is ended."""
    fresh = SOURCE.with_name("source.part")
    shutil.rmtree(fresh, ignore_errors=True)
    parts = tuple(f"{LLAMA}/{part}/" for part in SOURCE_PARTS)
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            contents = tar.extractfile(member) if name.startswith(parts) or name in SINGLE_FILES else None
            if contents:
                target = fresh / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(contents.read())
    shutil.rmtree(SOURCE, ignore_errors=True)
    fresh.rename(SOURCE)


def _headers(source: Path) -> str:
    """Writes the headers that upstream's CMake would; llama.cpp's version."""
    HEADERS.mkdir(parents=True, exist_ok=True)
    versions = {}
    for name, path in (("llama", source / "CMakeLists.txt"), ("ggml", source / "ggml/CMakeLists.txt")):
        text = path.read_text("utf-8")
        numbers = [
            re.search(rf"set\({name.upper()}_VERSION_{part} (\d+)\)", text) for part in ("MAJOR", "MINOR", "PATCH")
        ]
        if not all(numbers):
            raise BuildError(f"{path.name} of llama.cpp names no version.", todo="adapt engine.py to the new sources.")
        versions[name] = ".".join(number.group(1) for number in numbers if number)
        upper = name.upper()
        header = f'#pragma once\n#define {upper}_VERSION "{versions[name]}"\n#define {upper}_COMMIT "unknown"\n'
        (HEADERS / f"{name}-version.h").write_text(header, "utf-8", newline="\n")
    return versions["llama"]


def _object(unit: Unit) -> Path:
    return OBJECTS / unit.object_name


def _compile(parts: Sequence[Unit], zig: Path, progress: Progress) -> None:
    """Compiles what has changed, on all processors but never in the way of other programs."""
    OBJECTS.mkdir(parents=True, exist_ok=True)
    own = fingerprint([OWN])
    stale = [unit for unit in parts if not is_fresh(unit, own)]
    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting = {pool.submit(_compile_one, unit, zig, own): unit for unit in stale}
        try:
            for future in as_completed(waiting):
                future.result()
                done += 1
                progress.detail(f"{done} of {len(stale)} files: {waiting[future].name}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _from_here(argument: str) -> str:
    return argument.replace(f"{ROOT}{os.sep}", "")


def stamp(unit: Unit, own: str) -> str:
    """Upstream's files never change under the same lock; our headers may, for the files that include them.

    Where the project lies does not count: a copy of it need not compile anything again.
    """
    ours = unit.folder == OWN or {str(MISSING), str(BEFORE_SHARED_WORK)}.intersection(unit.flags)
    facts = [*map(_from_here, unit.flags), *([own] if ours else [])]
    return hashlib.sha256("\0".join(facts).encode() + unit.path.read_bytes()).hexdigest()


def is_fresh(unit: Unit, own: str) -> bool:
    mark = _object(unit).with_suffix(".stamp")
    return _object(unit).exists() and mark.exists() and mark.read_text("utf-8") == stamp(unit, own)


def _compile_one(unit: Unit, zig: Path, own: str) -> None:
    target = _object(unit)
    mark = target.with_suffix(".stamp")
    mark.unlink(missing_ok=True)
    # Seen from the project's folder, where it runs: the compiler's order of instructions depends on how long names are.
    arguments = [_from_here(part) for part in (*unit.flags, "-c", str(unit.path), "-o", str(target))]
    _zig(zig, arguments, what=f"Compiling {unit.name}", todo=MEND)
    mark.write_text(stamp(unit, own), "utf-8")


def _c_library(zig: Path) -> list[Path]:
    """Zig's C library for WASI and the compiler's own helpers: made when it links something."""
    kept = FOLDER / "c-sharing"
    names = ("libc.a", "libzigc.a", "libcompiler_rt.a")
    if not all((kept / name).exists() for name in names):
        kept.mkdir(parents=True, exist_ok=True)
        probe = kept / "probe.c"
        probe.write_text("int main(void) { return 0; }\n", "utf-8")
        shutil.rmtree(CACHE, ignore_errors=True)
        _zig(
            zig,
            ["cc", *SHARING, "-O2", str(probe), "-o", str(kept / "probe.wasm")],
            what="Building the C library",
            todo=NETWORK,
        )
        for name in names:
            shutil.copyfile(next(CACHE.rglob(name)), kept / name)
    return [kept / name for name in names]


def _link(objects: list[Path], libraries: list[Path], target: Path, zig: Path) -> None:
    response = FOLDER / "objects.txt"
    response.write_text("".join(f'"{path.as_posix()}"\n' for path in [*objects, *libraries]), "utf-8")
    arguments = [
        "wasm-ld",
        "--no-entry",
        "--gc-sections",
        "--stack-first",
        "-z",
        f"stack-size={STACK_BYTES}",
        "--strip-all",
        "--import-memory",
        "--shared-memory",
        f"--initial-memory={MEMORY_BYTES[0]}",
        f"--max-memory={MEMORY_BYTES[1]}",
        "--export=_initialize",
        "--export=__stack_pointer",
        "--export=__wasm_init_tls",
        *EXPORTS,
        *(f"--wrap={name}" for name in (*WRAPPED, *ALONE)),
        f"@{response}",
        "-o",
        str(target),
    ]
    _zig(zig, arguments, what="Linking the engine", todo=MEND)


def _zig(zig: Path, arguments: Sequence[str], *, what: str, todo: str) -> None:
    run_tool(
        [zig, *arguments],
        what=what,
        todo=todo,
        env={"ZIG_GLOBAL_CACHE_DIR": str(CACHE), "ZIG_LOCAL_CACHE_DIR": str(CACHE)},
    )
