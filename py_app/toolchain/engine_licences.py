"""The licences of what is inside Cloche's own engine, as their authors worded them: engine/licences.json for the page.

Owns which parts there are and where each has its licence: a file beside its sources, or a comment in its only file.
What upstream adds to its folder of other people's code must be added here; the build fails until it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import BuildError

FREE = "This is free and unencumbered software released into the public domain."


@dataclass(frozen=True)
class Part:
    """A part with its licence; with a `start` the licence stands in a comment of that file and begins so."""

    name: str
    path: str
    start: str = ""


UPSTREAM = (
    Part("llama.cpp with ggml and mtmd", "LICENSE"),
    Part("JSON for Modern C++", "licenses/LICENSE-jsonhpp"),
    Part("cpp-httplib", "vendor/cpp-httplib/LICENSE"),
    Part("SHA-256", "vendor/hash/sha256/LICENSE"),
    Part("SHA-1", "vendor/hash/sha1/sha1.h", "SHA-1 in C"),
    Part("xxHash", "vendor/hash/xxhash/LICENSE"),
    Part("rotate-bits", "vendor/hash/rotate-bits/LICENSE.md"),
    Part("stb_image", "vendor/stb/stb_image.h", "This software is available under 2 licenses"),
    Part(
        "miniaudio", "vendor/miniaudio/miniaudio.h", "This software is available as a choice of the following licenses"
    ),
    Part("subprocess.h", "vendor/sheredom/subprocess.h", FREE),
    Part("base64.hpp", "common/base64.hpp", FREE),
)
#: of Zig's package, whose C and C++ libraries are linked
ZIG = (
    Part("LLVM libc++", "lib/libcxx/LICENSE.TXT"),
    Part("LLVM libc++abi", "lib/libcxxabi/LICENSE.TXT"),
    Part("LLVM libunwind", "lib/libunwind/LICENSE.TXT"),
    Part("musl", "lib/libc/musl/COPYRIGHT"),
    Part("wasi-libc", "lib/libc/wasi/LICENSE"),
    Part("wasi-libc: MIT licence", "lib/libc/wasi/LICENSE-MIT"),
    Part("cloudlibc", "lib/libc/wasi/libc-bottom-half/cloudlibc/LICENSE"),
    Part("Zig's compiler-rt", "LICENSE"),
)
JSON_FOLDER = {"nlohmann"}
TODO = "bring toolchain/engine_licences.py up to date with the sources."


def write_licences(llama: Path, zig: Path, target: Path) -> None:
    """Gathers all licences from upstream's sources and Zig's package. Raises BuildError where one is missing."""
    known = {part.path.split("/")[1] for part in UPSTREAM if part.path.startswith("vendor/")} | JSON_FOLDER
    strange = sorted(path.name for path in (llama / "vendor").iterdir() if path.is_dir() and path.name not in known)
    if strange:
        raise BuildError(f"llama.cpp has new parts of other people: {', '.join(strange)}.", todo=TODO)
    found = [(part, llama) for part in UPSTREAM] + [(part, zig) for part in ZIG]
    notices = [{"name": part.name, "text": text_of(part, folder)} for part, folder in found]
    target.write_text(json.dumps(notices, indent=1, ensure_ascii=False) + "\n", "utf-8", newline="\n")


def text_of(part: Part, folder: Path) -> str:
    """The licence as it stands there."""
    path = folder / part.path
    text = path.read_text("utf-8", errors="replace") if path.exists() else ""
    if part.start:
        _, start, rest = text.partition(part.start)
        text = (start + rest).partition("*/")[0]
    if not text.strip():
        raise BuildError(f"The licence of {part.name} is not where it was.", todo=TODO)
    return text.strip()
