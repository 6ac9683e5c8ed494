/** What Python needs at start: counted in bytes, and a damaged or missing file ends the wait with a reason. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BootDownloads, fetchingThrough, type PythonLock } from '../../js_bridge/boot_downloads';

const FOLDER = `${location.origin}/python/`;
const realFetch = globalThis.fetch;

function downloads() {
  const told: [loaded: number, total: number][] = [];
  return { told, boot: new BootDownloads(FOLDER, (loaded, total) => told.push([loaded, total])) };
}

let lock: PythonLock;
beforeEach(async () => {
  lock = await downloads().boot.lock();
});
afterEach(() => {
  expect(globalThis.fetch).toBe(realFetch);
  vi.restoreAllMocks();
});

test('the bytes of every file are counted up to the total that was known from the start', async () => {
  const { boot, told } = downloads();
  boot.expect(lock.runtime);
  const wheels = boot.wheels(lock, 'cloche');
  await boot.module('pyodide.mjs');
  await boot.module('pyodide.asm.mjs');
  await fetchingThrough(boot, async () => {
    for (const name of ['pyodide.asm.wasm', 'python_stdlib.zip']) await (await fetch(FOLDER + name)).arrayBuffer();
  });
  const names = (await wheels).map(({ name }) => name);
  const total = told[0]![1];
  await vi.waitFor(() => expect(told.at(-1)).toEqual([total, total]));
  expect(told.every(([loaded], index) => index === 0 || loaded > told[index - 1]![0])).toBe(true);
  expect(names.at(-1)).toBe('cloche');
  expect(names.indexOf('pydantic-core')).toBeLessThan(names.indexOf('pydantic'));
});

test('a wheel whose bytes are not the locked ones is refused', async () => {
  const { boot } = downloads();
  const wheel = { ...lock.packages['typing-extensions']!, sha256: '0'.repeat(64) };
  const wrong = { ...lock, packages: { 'typing-extensions': wheel } };
  await expect(boot.wheels(wrong, 'typing-extensions')).rejects.toMatchObject({
    code: 'fetch_failed',
    retryable: true,
    message: expect.stringContaining('typing_extensions'),
  });
});

test('a missing file ends whatever waits for it', async () => {
  const { boot } = downloads();
  const waiting = fetchingThrough(boot, async () => {
    await fetch(`${FOLDER}missing.wasm`).catch(() => undefined);
    return new Promise(() => undefined);
  });
  await expect(waiting).rejects.toMatchObject({ code: 'fetch_failed', message: expect.stringContaining('404') });
});

test('a file that ends too early ends the wait, too', async () => {
  const { boot } = downloads();
  boot.expect({ 'python_stdlib.zip': lock.runtime['python_stdlib.zip']! + 1 });
  const waiting = fetchingThrough(boot, async () => {
    await fetch(`${FOLDER}python_stdlib.zip`);
    return new Promise(() => undefined);
  });
  await expect(waiting).rejects.toMatchObject({ message: expect.stringMatching(/python_stdlib\.zip.*instead of/) });
});
