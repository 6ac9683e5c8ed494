"""Breaks things from outside, as the world does: the disk, the engine, files on disk and on the server.

Owns how a fault is brought about in a shipped, unmodified app: through the browser's debugging of its workers, and
through OPFS from a document of the same origin. Does not judge how the app takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Worker

FILL_THE_DISK = """() => {
  const { prototype } = FileSystemSyncAccessHandle;
  globalThis.honestWrite ??= prototype.write;
  prototype.write = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
}"""
FREE_THE_DISK = "() => { FileSystemSyncAccessHandle.prototype.write = honestWrite; }"

# When the next request is copied into the engine's memory, WebAssembly runs into `unreachable`.
TRAP = """() => {
  const unreachable = Uint8Array.of(
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x74, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b);
  const { t: trap } = new WebAssembly.Instance(new WebAssembly.Module(unreachable)).exports;
  const { set } = Uint8Array.prototype;
  Uint8Array.prototype.set = function (...bytes) {
    if (this.buffer.byteLength < 2 ** 26) return set.apply(this, bytes);
    Uint8Array.prototype.set = set;
    trap();
  };
}"""

# Turns one byte of a kept model file over.
DAMAGE_FILE = """async ([folder, name]) => {
  let directory = await navigator.storage.getDirectory();
  for (const step of ['models', folder]) directory = await directory.getDirectoryHandle(step);
  const handle = await directory.getFileHandle(name);
  const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
  bytes[bytes.length >> 1] ^= 0xff;
  const writable = await handle.createWritable();
  await writable.write(bytes);
  await writable.close();
}"""
SHA256_OF_FILE = """async ([folder, name]) => {
  let directory = await navigator.storage.getDirectory();
  for (const step of ['models', folder]) directory = await directory.getDirectoryHandle(step);
  const bytes = await (await (await directory.getFileHandle(name)).getFile()).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}"""


def worker(page: Page, address: str) -> Worker:
    """The page's youngest worker whose address matches."""
    return [worker for worker in page.workers if re.search(address, worker.url)][-1]


@contextmanager
def full_disk(page: Page) -> Iterator[None]:
    """Every write of the database fails with the browser's quota error."""
    python = worker(page, r"python\.worker")
    python.evaluate(FILL_THE_DISK)
    try:
        yield
    finally:
        python.evaluate(FREE_THE_DISK)


def trap_engine(page: Page) -> None:
    """The engine's WASM instance dies at the next request."""
    worker(page, r"cloche_engine\.worker|^blob:").evaluate(TRAP)
