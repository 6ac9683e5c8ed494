"""Building the engine beside a running server: at the lowest priority, so that nobody waits for it.

Owns the two processes that do it and what they say. When the engine is there, dist/ is built anew, and open pages offer
the update like any other. What goes wrong is told in a sentence; the app goes on without the engine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.engine import is_built
from toolchain.paths import BUILD, ROOT, shown
from toolchain.progress import say

LOG = BUILD / "engine.log"
LOWEST = 19
STEPS = ("engine", "build")


class _Builder:
    """Runs the verbs one after the other until one fails or the person stops the server."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.stopped = False
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def run(self) -> None:
        self._say(
            "A faster engine is being compiled beside this; the page offers it in some minutes (--no-engine: never)."
        )
        for verb in STEPS:
            code = self._run(verb)
            if self.stopped:
                return
            if code != 0:
                self._say(f"The faster engine could not be made; {shown(LOG)} says why. The app uses wllama.")
                return
        self._say("The faster engine is there: open pages offer the update.")

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            if self.process:
                self.process.terminate()

    def _run(self, verb: str) -> int:
        with LOG.open("ab") as log:
            with self.lock:
                if self.stopped:
                    return 1
                self.process = _start([sys.executable, ROOT / "build.py", verb], log.fileno())
            return self.process.wait()

    def _say(self, words: str) -> None:
        if not self.quiet:
            say(words)


@contextmanager
def engine_in_background(*, wanted: bool, quiet: bool) -> Iterator[None]:
    """While the body runs, the engine is built, unless it is there or not wanted."""
    if not wanted or is_built():
        yield
        return
    builder = _Builder(quiet=quiet)
    thread = threading.Thread(target=builder.run, name="engine", daemon=True)
    thread.start()
    try:
        yield
    finally:
        builder.stop()
        thread.join()


def _start(command: list[str | Path], log: int) -> subprocess.Popen[bytes]:
    words = [str(part) for part in command]
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.IDLE_PRIORITY_CLASS
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, creationflags=flags)
    if sys.platform != "win32":
        os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST)
    return process
