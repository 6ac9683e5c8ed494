/**
 * Python that a model wrote, in an interpreter of its own: no page, no network, no database, little memory.
 *
 * Owns the loading of that interpreter and the closing of this worker before foreign code runs: whatever reaches the
 * network, storage or other workers is taken off the worker's global objects for good, memory has a limit, and the
 * policy of this script knows no other origin anyway. One worker runs one piece of code; whoever started it ends it
 * when the time is over, which stops anything. What the code does is sandbox_program.py's business.
 */
import type { PyodideAPI } from 'pyodide';
import program from '../py_app/cloche/tools/sandbox_program.py?raw';
import type { Workers } from './contract.gen';
import { Rpc, RpcError } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

const PAGE_BYTES = 65_536;
const CLOSED = [
  'fetch', 'fetchLater', 'XMLHttpRequest', 'WebSocket', 'WebSocketStream', 'WebTransport', 'EventSource', 'importScripts',
  'indexedDB', 'IDBFactory', 'caches', 'CacheStorage', 'Cache', 'cookieStore', 'BroadcastChannel',
  'Worker', 'SharedWorker', 'ServiceWorker', 'Notification', 'RTCPeerConnection', 'RTCDataChannel', 'FileReaderSync',
  'StorageManager', 'FileSystemHandle', 'FileSystemFileHandle', 'FileSystemDirectoryHandle', 'FileSystemSyncAccessHandle',
  'createImageBitmap', 'OffscreenCanvas',
];
const CLOSED_OF_NAVIGATOR = [
  'storage', 'storageBuckets', 'locks', 'serviceWorker', 'permissions', 'usb', 'hid', 'serial', 'gpu', 'sendBeacon',
  'connection', 'mediaCapabilities', 'userAgentData',
];

/** Takes names off an object and everything it inherits from, so that they cannot come back. */
function close(target: object, names: readonly string[]): void {
  for (const name of names) {
    for (let owner: object | null = target; owner; owner = Object.getPrototypeOf(owner) as object | null) {
      Reflect.deleteProperty(owner, name);
    }
    Object.defineProperty(target, name, { value: undefined, configurable: false, writable: false });
  }
}

/** No interpreter of this worker grows beyond so many bytes: Python then raises MemoryError. */
function limitMemory(bytes: number): void {
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function limited(this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE_BYTES > bytes) throw new RangeError('The memory of the sandbox is full.');
    return grow.call(this, pages);
  };
}

let python: PyodideAPI | undefined;

async function start({ base_url, memory_bytes }: Workers['sandbox']['sandbox.start']['params']): Promise<null> {
  const folder = `${base_url}python/`;
  limitMemory(memory_bytes);
  const { loadPyodide } = (await import(/* @vite-ignore */ `${folder}pyodide.mjs`)) as typeof import('pyodide');
  python = await loadPyodide({ indexURL: folder, packageBaseUrl: folder, lockFileURL: `${folder}pyodide-lock.json` });
  python.runPython(program);
  close(self, CLOSED);
  close(self.navigator, CLOSED_OF_NAVIGATOR);
  return null;
}

async function run({ code }: Workers['sandbox']['sandbox.run']['params']): Promise<Workers['sandbox']['sandbox.run']['result']> {
  if (!python) throw new RpcError('bad_input', 'The sandbox has not been started.');
  const ran = python.globals.get('run') as (code: string) => string;
  return JSON.parse(ran(code)) as Workers['sandbox']['sandbox.run']['result'];
}

new Rpc<{}, Workers['sandbox']>(self).serve({ 'sandbox.start': start, 'sandbox.run': run });
