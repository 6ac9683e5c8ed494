/**
 * The worker in which Python runs. Besides sandbox.worker.ts the only TypeScript file that starts Pyodide.
 *
 * Owns start-up: the database lock, the OPFS files, the interpreter, the app's wheels, then Python's own `start`. After
 * that it only relays (python_bridge.ts). The page greets with {boot: {base_url, interrupt}}, `interrupt` being shared
 * memory through which it signals Python while that is busy, and may say {takeOver: true}; commands that arrive before
 * Python is ready wait for it. Start-up that fails is the event boot:failed: the page ends this worker and starts a new
 * one to try again. The same holds for a worker that lost the database to another tab.
 */
import type { PyodideAPI } from 'pyodide';
import { BootDownloads, fetchingThrough } from './boot_downloads';
import type { BootProgress, Commands, Events } from './contract.gen';
import { afterRelease, lockDatabase } from './database_lock';
import { setInterruptBuffer } from './interrupt_buffer';
import { closeFiles, mountFiles, openFiles, type EmscriptenFS, type SyncFile } from './opfs_fs';
import { PythonBridge, type Surroundings } from './python_bridge';
import { Rpc, RpcError } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

/** What the page says besides commands. */
export interface Greeting {
  boot?: { base_url: string; interrupt?: Uint8Array; browser_model: MessagePort };
  takeOver?: true;
}

const APP = 'cloche';
const DATA = '/data';
const DATABASE_FILES = ['app.db', 'app.db-journal'];

const WORKERS = {
  llamacpp: () => new Worker(new URL('./llamacpp.worker.ts', import.meta.url), { type: 'module' }),
  webllm: () => new Worker(new URL('./webllm.worker.ts', import.meta.url), { type: 'module' }),
  downloads: () => new Worker(new URL('./downloads.worker.ts', import.meta.url), { type: 'module' }),
  device: () => new Worker(new URL('./device.worker.ts', import.meta.url), { type: 'module' }),
  sandbox: () => new Worker(new URL('./sandbox.worker.ts', import.meta.url), { type: 'module' }),
  remote: () => new Worker(new URL('./remote.worker.ts', import.meta.url), { type: 'module' }),
  browser: () => Object.assign(browserModel!, { terminate: () => undefined }),
};

/** The browser's own model can be asked in the page only. */
let browserModel: MessagePort | undefined;

const page = new Rpc<{}, Commands, Events>(self);
const running = Promise.withResolvers<PythonBridge>();
const takeOver = Promise.withResolvers<void>();
let databaseLost = false;

running.promise.catch(() => undefined);
page.serve(async (method, params, { signal }) => (await running.promise).request(method, params, signal));

self.addEventListener('message', ({ data }: MessageEvent<Greeting>) => {
  if (data.takeOver) takeOver.resolve();
  if (!data.boot) return;
  browserModel = data.boot.browser_model;
  void boot(data.boot.base_url, data.boot.interrupt);
});

self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  report(event.reason);
});
self.addEventListener('error', (event) => {
  event.preventDefault();
  report(event.error ?? event.message);
});

/** Tells people about a fault that belongs to no request. */
function report(fault: unknown): void {
  console.error(fault);
  const { message } = RpcError.from(fault);
  page.emit([['notice', { level: 'error', code: 'internal', message, action: 'Reload the page if something is stuck.' }]]);
}

function progress(stage: BootProgress['stage'], label: string, loaded_bytes = 0, total_bytes = 0): void {
  page.emit([['boot:progress', { stage, label, loaded_bytes, total_bytes }]]);
}

async function boot(baseUrl: string, interrupt?: Uint8Array): Promise<void> {
  const files = new Map<string, SyncFile>();
  try {
    await lockDatabase({
      taken: () => page.emit([['database:owner', { owner: 'other' }]]),
      takeOver: takeOver.promise,
      lost: () => loseDatabase(files),
    });
    page.emit([['database:owner', { owner: 'this' }]]);
    const [python, kept] = await Promise.all([loadPython(`${baseUrl}python/`), openDatabase(files)]);
    if (interrupt) setInterruptBuffer(python, interrupt);
    progress('database', 'Opening the database');
    if (kept.durable) mountFiles(python.FS as unknown as EmscriptenFS, DATA, files);
    progress('app', 'Starting the app');
    const bridge = new PythonBridge({ baseUrl, ...kept }, page, WORKERS);
    await startApp(python, bridge);
    running.resolve(bridge);
  } catch (thrown) {
    closeFiles(files);
    if (databaseLost) return;
    console.error(thrown);
    const error = bootError(thrown);
    running.reject(error);
    page.emit([['boot:failed', { error: error.toWire() }]]);
  }
}

/** Every failed start says why and what to do. */
function bootError(thrown: unknown): RpcError {
  const error = RpcError.from(thrown);
  if (error.code !== 'internal') return error;
  const action = 'Press Retry. If it fails again, update the browser or close other tabs to free memory.';
  return new RpcError('boot_failed', `Cloche could not start: ${lastLine(error.message)}`, action, true);
}

/** Of a Python traceback only its last line is for people. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? text;
}

/** The interpreter with the app's wheels installed. Wheels are fetched while the interpreter compiles. */
async function loadPython(folder: string): Promise<PyodideAPI> {
  const downloads = new BootDownloads(folder, (loaded, total) => progress('python', 'Fetching Python', loaded, total));
  progress('python', 'Fetching Python');
  const lock = await downloads.lock();
  downloads.expect(lock.runtime);
  const wheels = downloads.wheels(lock, APP);
  wheels.catch(() => undefined);
  const [{ loadPyodide }] = await Promise.all([
    downloads.module<typeof import('pyodide')>('pyodide.mjs'),
    downloads.module('pyodide.asm.mjs'),
  ]);
  const python = await fetchingThrough(downloads, () =>
    loadPyodide({
      indexURL: folder,
      packageBaseUrl: folder,
      lockFileContents: JSON.stringify(lock),
    }),
  );
  progress('packages', 'Installing the packages');
  const extractDir = python.runPython('import site; site.getsitepackages()[0]') as string;
  for (const { name, data } of await wheels) {
    python.unpackArchive(data, 'wheel', { extractDir });
    python.loadedPackages[name] = 'default channel';
  }
  return python;
}

/** Opens the database's files, or says why nothing will be kept. */
async function openDatabase(files: Map<string, SyncFile>): Promise<Omit<Surroundings, 'baseUrl'>> {
  const memory = (reason: string) => ({ database: ':memory:', durable: false, reason });
  if (!navigator.storage?.getDirectory) return memory('This browser offers no private file system.');
  let directory: FileSystemDirectoryHandle;
  try {
    directory = await navigator.storage.getDirectory();
  } catch {
    return memory('The browser does not let this page keep files (a private window, or storage is switched off).');
  }
  const opened = await afterRelease(() => openFiles(directory, DATABASE_FILES));
  for (const [name, file] of opened) files.set(name, file);
  return { database: `${DATA}/${DATABASE_FILES[0]}`, durable: true, reason: '' };
}

/** Runs Python's `start`, which gives the error as JSON when the app cannot start. */
async function startApp(python: PyodideAPI, bridge: PythonBridge): Promise<void> {
  const module = python.pyimport('cloche.host.browser');
  const failure = (await module.start(bridge)) as string;
  module.destroy();
  if (failure) throw RpcError.from(JSON.parse(failure));
}

async function loseDatabase(files: Map<string, SyncFile>): Promise<void> {
  const lost = new RpcError(
    'storage_lost',
    'Another tab has taken Cloche over.',
    'Use the other tab, or press Use here to take it back.',
  );
  databaseLost = true;
  running.reject(lost);
  try {
    await (await running.promise.catch(() => undefined))?.shutdown(lost);
  } finally {
    closeFiles(files);
    page.emit([['database:owner', { owner: 'lost' }]]);
  }
}
