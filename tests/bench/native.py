"""llama.cpp compiled for this machine: what the engines in the browser are measured against.

Owns its environment, which is made at the first use (minutes: it is compiled), and talking to it (native_run.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from toolchain.errors import BuildError
from toolchain.own_env import own_python

RUN = Path(__file__).with_name("native_run.py")
CONTEXT = 2048
#: How it is compiled without instructions that only some processors have, as the plain C of every platform. What pip
#: has compiled with other settings must not be taken for it.
PLAIN = {
    "CMAKE_ARGS": " ".join(
        f"-DGGML_{name}=OFF"
        for name in ("NATIVE", "SSE42", "AVX", "AVX2", "BMI2", "FMA", "F16C", "CPU_REPACK", "LLAMAFILE")
    ),
    "PIP_NO_CACHE_DIR": "1",
}
#: GCC 12 takes eight of the 64 bytes for read that configure AMX and leaves the others out, so that products end in a
#: crash: llama.cpp is compiled without it where a processor has it.
WITHOUT_AMX = {"CMAKE_ARGS": "-DCMAKE_C_FLAGS=-mno-amx-int8 -DCMAKE_CXX_FLAGS=-mno-amx-int8", "PIP_NO_CACHE_DIR": "1"}
PROCESSORS = Path("/proc/cpuinfo")
#: stands for a picture in a text
MARKER = "<__media__>"


class Native:
    """A loaded model in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(
        self,
        messages: list[dict[str, Any]],
        tokens: int,
        *,
        tools: list[dict[str, Any]] | None = None,
        images: tuple[str, ...] = (),
        logits: bool = False,
    ) -> dict[str, Any]:
        """A greedy answer from nothing, with the keys of the benchmark's pages.

        `images` are files in base64; each has a MARKER in the text.
        """
        question = {"messages": messages, "tools": tools, "images": images, "tokens": tokens, "logits": logits}
        return self._say({"ask": question})

    def load(self, weights: Path, projector: Path | None, threads: int) -> None:
        files = {"weights": str(weights), "projector": str(projector or "")}
        self._say({"load": {**files, "threads": threads, "context": CONTEXT}})

    def _say(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def native(
    weights: Path, projector: Path | None = None, *, threads: int = 1, plain: bool = False
) -> Iterator[Native | None]:
    """A model in native llama.cpp, or in its plain C; None where that cannot be compiled."""
    python = _python(plain)
    if python is None:
        yield None
        return
    with subprocess.Popen(
        [python, RUN], text=True, encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            found = Native(process)
            found.load(weights, projector, threads)
            yield found
        finally:
            process.kill()


@cache
def _python(plain: bool) -> Path | None:
    try:
        if plain:
            return own_python("plain", "llama.cpp's plain C (compiled, some minutes)", lock="native", env=PLAIN)
        amx = PROCESSORS.exists() and "amx_tile" in PROCESSORS.read_text("utf-8")
        return own_python(
            "native", "llama.cpp for this machine (compiled, some minutes)", env=WITHOUT_AMX if amx else None
        )
    except BuildError as error:
        print(f"Nothing is compared with native llama.cpp: {error}", file=sys.stderr, flush=True)
        return None
