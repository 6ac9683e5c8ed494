/** Moving a model into a folder of the person's own, here one of the private file system. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseFolder, type FolderHandle } from '../../js_bridge/folder_handle';
import { clearStorage, plant, startDownloads, stopWorkers } from './engine_workers';

const WRONG = '0'.repeat(64);
const root = await navigator.storage.getDirectory();
const folder = (await root.getDirectoryHandle('folder of mine', { create: true })) as FolderHandle;

beforeAll(() => chooseFolder(folder));
afterAll(async () => {
  stopWorkers();
  await chooseFolder(null);
  await clearStorage();
  await root.removeEntry('folder of mine', { recursive: true });
});

async function entriesOf(directory: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of directory.keys()) names.push(name);
  return names.sort();
}

test('what fails takes its own files away and nothing else', async () => {
  const files = [await plant('a.gguf', new Blob(['aaa']), 'weights', 'bird'), await plant('b.gguf', new Blob(['bb']), 'weights', 'bird')];
  const facts = (sha256: string) => files.map(({ name, size }) => ({ name, size: size ?? 0, sha256: name === 'b.gguf' ? sha256 : '' }));
  const downloads = startDownloads();
  const take = (sha256: string): Promise<null> => downloads.call('folder.take', { model_id: 'bird', files: facts(sha256) });
  await expect(take(WRONG)).rejects.toMatchObject({ code: 'file_corrupt' });
  expect(await entriesOf(folder)).toEqual([]);

  await take('');
  const bird = await folder.getDirectoryHandle('bird');
  expect(await (await (await bird.getFileHandle('b.gguf')).getFile()).text()).toBe('bb');
  await bird.getFileHandle('notes.txt', { create: true });
  await expect(take(WRONG)).rejects.toMatchObject({ code: 'file_corrupt' });
  expect(await entriesOf(bird)).toEqual(['a.gguf', 'notes.txt']);
});
