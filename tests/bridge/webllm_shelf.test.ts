/** What WebLLM finds of a model and of pictures, without WebLLM: the engine itself is in tests/e2e/test_webllm.py. */

import { beforeAll, expect, test, vi } from 'vitest';
import { OpfsStore } from '../../js_bridge/model_files';
import { addressOf, Shelf } from '../../js_bridge/webllm_shelf';

interface Entry {
  getFile(): Promise<Blob>;
  createSyncAccessHandle(options: object): Promise<FileSystemSyncAccessHandle>;
}
interface Folder {
  getFileHandle(name: string): Promise<Entry>;
}

const shelf = new Shelf();
/** Pages have no synchronous handles; this stands for what a worker's would be. */
const opened = vi.fn<(options: object) => Promise<FileSystemSyncAccessHandle>>();
let kept: File;

beforeAll(async () => {
  Object.defineProperty(FileSystemFileHandle.prototype, 'createSyncAccessHandle', { value: opened });
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
  const handle = await (await models.getDirectoryHandle('toy', { create: true })).getFileHandle('kept.bin', { create: true });
  const writable = await handle.createWritable();
  await writable.write('kept weights');
  await writable.close();
  kept = (await (await OpfsStore.open())?.find('toy', 'kept.bin')) as File;
  shelf.install();
});

async function pngOf(color: string): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(30, 20);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.fillStyle = color;
  context.fillRect(0, 0, 30, 20);
  return new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
}

async function entryOf(name: string): Promise<Entry> {
  const url = new TextEncoder().encode(`${addressOf('toy')}${name}`);
  const hash = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', url)), (byte) => byte.toString(16).padStart(2, '0'));
  return ((await navigator.storage.getDirectory()) as unknown as Folder).getFileHandle(`${hash.join('')}.bin`);
}

test('the same picture has the same address every time, another one another, and both are there until they are dropped', async () => {
  const red = await shelf.addPicture(await pngOf('red'));
  const blue = await shelf.addPicture(await pngOf('blue'));
  expect(red).toMatchObject({ width: 30, height: 20 });
  expect(blue.url).not.toBe(red.url);
  expect(new Uint8Array(await (await fetch(red.url)).arrayBuffer())).toEqual(await pngOf('red'));
  shelf.dropPictures();
  expect((await (await fetch(red.url)).arrayBuffer()).byteLength).toBe(0);
  expect((await shelf.addPicture(await pngOf('red'))).url).toBe(red.url);
});

test('what is no picture is refused before the engine sees it', async () => {
  await expect(shelf.addPicture(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'bad_image' });
});

test('a file in memory is read as a Blob: it has no handle to be read by', async () => {
  await shelf.show('toy', [new File(['weights'], 'params_shard_0.bin')]);
  const entry = await entryOf('params_shard_0.bin');
  expect(await (await entry.getFile()).text()).toBe('weights');
  await expect(entry.createSyncAccessHandle({ mode: 'read-only' })).rejects.toMatchObject({
    name: 'NoModificationAllowedError',
  });
});

test('a file in OPFS is read by its handle, and as a Blob while somebody else holds that', async () => {
  await shelf.show('toy', [kept]);
  const entry = await entryOf('kept.bin');
  expect(await (await entry.getFile()).text()).toBe('kept weights');
  const access = {} as FileSystemSyncAccessHandle;
  opened.mockResolvedValueOnce(access);
  expect(await entry.createSyncAccessHandle({ mode: 'read-only' })).toBe(access);
  expect(opened).toHaveBeenLastCalledWith({ mode: 'read-only' });
  opened.mockRejectedValueOnce(new DOMException('Locked.', 'InvalidStateError'));
  await expect(entry.createSyncAccessHandle({ mode: 'read-only' })).rejects.toMatchObject({
    name: 'NoModificationAllowedError',
  });
});
