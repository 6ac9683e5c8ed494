"""Keeps two build.py of one checkout from working on the same files at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from toolchain.paths import BUILD
from toolchain.progress import say


@contextmanager
def build_lock(name: str = "lock") -> Iterator[None]:
    """Waits for another build of this checkout; the system frees the lock when a process ends, however it ends."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / name).open("a+b") as file:
        if not _lock(file, wait=False):
            say("  .. Waiting for another build.py of this checkout")
            _lock(file, wait=True)
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], *, wait: bool) -> bool:
        file.seek(0)
        mode = msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK
        while True:
            try:
                msvcrt.locking(file.fileno(), mode, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True

else:
    import fcntl

    def _lock(file: IO[bytes], *, wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
