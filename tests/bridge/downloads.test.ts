/** The downloads worker against a server that breaks off, lies and forgets, in the browser's real file system. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FetchedFiles, FetchProgress, ModelFile } from '../../js_bridge/contract.gen';
import {
  clearStorage,
  type DownloadsLink,
  fetchOf,
  plant,
  planted,
  startDownloads,
  stopWorkers,
} from './engine_workers';
import { fileBytes, type LoggedRequest } from './faulty_files';

const SIZE = 300_000;

beforeEach(clearStorage);
afterEach(stopWorkers);

let lastId = 0;
/** A file on the faulty server that goes through `plan`. */
async function faulty(plan: string, size = SIZE): Promise<ModelFile & { id: string }> {
  const id = `${Date.now()}-${++lastId}`;
  const digest = await crypto.subtle.digest('SHA-256', fileBytes(size));
  const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { id, role: 'weights', name: 'file.bin', url: `/faulty/${id}/${plan}/${size}.bin`, size, sha256 };
}

async function requests(file: { id: string }): Promise<LoggedRequest[]> {
  return (await fetch(`/faulty/${file.id}/log`)).json() as Promise<LoggedRequest[]>;
}

/** Whether the file in OPFS is the server's, byte for byte (`toEqual` takes seconds for that). */
async function isWhole(): Promise<boolean> {
  return isStartOfFile(await planted('file.bin'), SIZE);
}

function isStartOfFile(bytes: Uint8Array | undefined, length: number): boolean {
  const right = fileBytes(SIZE);
  return bytes?.length === length && bytes.every((byte, i) => byte === right[i]);
}

function fileOf({ id: _id, ...file }: ModelFile & { id: string }): ModelFile {
  return file;
}

/** Fetches it with the worker of `link`; a connection that hangs half-way is cut once something has arrived. */
async function bring(
  file: ModelFile & { id: string },
  { link = startDownloads(), seen = [], hold = false }: { link?: DownloadsLink; seen?: FetchProgress[]; hold?: boolean } = {},
): Promise<FetchedFiles> {
  return link.call('files.fetch', { ...fetchOf([fileOf(file)]), hold }, {
    onChunks: (chunks) => {
      seen.push(...chunks);
      if (chunks.some(({ stage }) => stage === 'fetching')) void fetch(`/faulty/${file.id}/cut`);
    },
  });
}

describe('a file that is not there', () => {
  test('is fetched, checked and kept, with progress in bytes', async () => {
    const file = await faulty('ok');
    const seen: FetchProgress[] = [];
    expect(await bring(file, { seen })).toMatchObject({ kept: true, fetched_bytes: SIZE, reason: '' });
    expect(await isWhole()).toBe(true);
    expect(await planted('file.bin.part')).toBeUndefined();
    expect(seen.at(-1)).toMatchObject({ stage: 'checking', file: 'file.bin', loaded_bytes: SIZE, total_bytes: SIZE });
    expect(seen.map(({ loaded_bytes }) => loaded_bytes)).toEqual(
      seen.map(({ loaded_bytes }) => loaded_bytes).sort((a, b) => a - b),
    );
  });

  test('is refused with the server’s status when the server does not have it', async () => {
    const failure = bring(await faulty('404'));
    await expect(failure).rejects.toMatchObject({
      code: 'fetch_failed',
      message: 'The server answered 404 for file.bin.',
    });
  });

  test('is refused as unreachable when the server breaks off at once', async () => {
    await expect(bring(await faulty('refuse'))).rejects.toMatchObject({ code: 'fetch_failed', retryable: true });
  });

  test('is not looked for elsewhere where nothing enforces which addresses may be reached', async () => {
    const file = { ...(await faulty('ok')), url: 'http://127.0.0.1:9/file.bin' };
    await expect(bring(file)).rejects.toMatchObject({ code: 'remote_off' });
  });
});

describe('a file that is there', () => {
  test('is not fetched again', async () => {
    const file = await faulty('ok');
    await bring(file);
    expect(await bring(file)).toMatchObject({ kept: true, fetched_bytes: 0, reason: '' });
    expect(await requests(file)).toHaveLength(1);
  });

  test('is fetched again when a byte of it changed', async () => {
    const file = await faulty('ok');
    const damaged = fileBytes(SIZE);
    damaged[SIZE / 2] = 255 - (damaged[SIZE / 2] as number);
    await plant('file.bin', new Blob([damaged]), 'weights');
    expect(await bring(file)).toMatchObject({ fetched_bytes: SIZE });
    expect(await isWhole()).toBe(true);
  });

  test('is fetched again when it was cut short', async () => {
    const file = await faulty('ok');
    await plant('file.bin', new Blob([fileBytes(SIZE).subarray(0, 1000)]), 'weights');
    expect(await bring(file)).toMatchObject({ fetched_bytes: SIZE });
  });
});

describe('a connection that breaks', () => {
  test('is taken up at the byte where it broke', async () => {
    const file = await faulty('half,ok');
    expect(await bring(file)).toMatchObject({ kept: true, fetched_bytes: SIZE });
    const [, second] = await requests(file);
    expect(second?.status).toBe(206);
    expect(await isWhole()).toBe(true);
  });

  test('leaves what came for the next call when it brings nothing more', async () => {
    await expect(bring(await faulty('half,refuse'))).rejects.toMatchObject({ code: 'fetch_failed', retryable: true });
    const [model] = (await startDownloads().call('files.list', {})).models;
    const came = model!.files[0]!.size;
    expect(model!.files).toEqual([expect.objectContaining({ name: 'file.bin', whole: false })]);
    expect(came).toBeGreaterThan(0);
    stopWorkers();
    const later = await faulty('ok');
    expect(await bring(later)).toMatchObject({ fetched_bytes: SIZE - came });
    expect(await requests(later)).toEqual([{ range: `bytes=${came}-${SIZE - 1}`, status: 206 }]);
    expect(await isWhole()).toBe(true);
  });

  test('starts over where the server does not know ranges', async () => {
    const file = await faulty('half,whole');
    await bring(file);
    expect((await requests(file)).map(({ status }) => status)).toEqual([206, 200, 200]);
    expect(await isWhole()).toBe(true);
  });

  test('does not trust what an earlier visit left: damage in it is found and fetched anew', async () => {
    const file = await faulty('ok');
    await expect(bring(await faulty('half,refuse'))).rejects.toMatchObject({ code: 'fetch_failed' });
    stopWorkers();
    const part = (await planted('file.bin.part')) as Uint8Array<ArrayBuffer>;
    part[1000] = 255 - part[1000]!;
    await plant('file.bin.part', new Blob([part]), 'weights');
    await bring(file);
    expect(await isWhole()).toBe(true);
  });
});

describe('a server that sends something else', () => {
  test('is believed at the second try', async () => {
    const file = await faulty('wrong,ok');
    expect(await bring(file)).toMatchObject({ kept: true, fetched_bytes: 2 * SIZE });
    expect(await isWhole()).toBe(true);
  });

  test('is given up after two, and nothing of it stays', async () => {
    const file = await faulty('wrong');
    await expect(bring(file)).rejects.toMatchObject({ code: 'file_corrupt' });
    expect(await requests(file)).toHaveLength(2);
    expect(await planted('file.bin')).toBeUndefined();
    expect(await planted('file.bin.part')).toBeUndefined();
  });

  test('is given up when its file has another size', async () => {
    await expect(bring(await faulty('short'))).rejects.toMatchObject({ code: 'file_corrupt' });
  });
});

test('a stop leaves the part for later and is told as such', async () => {
  const file = await faulty('ok', 60_000_000);
  const stop = new AbortController();
  const downloads = startDownloads();
  const started = Promise.withResolvers<void>();
  const call = downloads.call('files.fetch', fetchOf([fileOf(file)]), {
    signal: stop.signal,
    onChunks: (chunks) => chunks.some(({ stage }) => stage === 'fetching') && started.resolve(),
  });
  await started.promise;
  stop.abort();
  await expect(call).rejects.toMatchObject({ code: 'aborted' });
  const again = await downloads.call('files.fetch', fetchOf([fileOf(file)]));
  expect(again.kept).toBe(true);
  expect(again.fetched_bytes).toBeLessThan(60_000_000);
});

test('a stop while another tab holds the model is told as such', async () => {
  const request = fetchOf([fileOf(await faulty('ok'))]);
  const held = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const holding = navigator.locks.request(`cloche-files:${request.model_id}`, async () => {
    taken.resolve();
    await held.promise;
  });
  await taken.promise;
  const worker = new Worker(new URL('../../js_bridge/downloads.worker.ts', import.meta.url), { type: 'module' });
  const answer = new Promise<unknown>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<{ chunks?: FetchProgress[] }>) => {
      if (data.chunks?.some(({ stage }) => stage === 'waiting')) worker.postMessage({ id: 1, abort: true });
      else resolve(data);
    };
  });
  worker.postMessage({ id: 1, method: 'files.fetch', params: request });
  expect(await answer).toMatchObject({ error: { code: 'aborted' } });
  held.resolve();
  await holding;
  worker.terminate();
});

describe('without room on the disk', () => {
  test('the downloads worker says so and holds the files in memory', async () => {
    const file = await faulty('ok');
    const worker = new Worker(new URL('./downloads_on_a_full_disk.worker.ts', import.meta.url), { type: 'module' });
    const { Rpc } = await import('../../js_bridge/rpc');
    const downloads = new Rpc(worker) as ReturnType<typeof startDownloads>;
    const answer = await downloads.call('files.fetch', fetchOf([fileOf(file)]));
    expect(answer).toMatchObject({ kept: false, fetched_bytes: SIZE });
    expect(answer.reason).toContain('no room for file.bin');
    expect(await planted('file.bin.part')).toBeUndefined();
    expect(await downloads.call('files.fetch', fetchOf([fileOf(file)]))).toMatchObject({ kept: false, fetched_bytes: 0 });
    worker.terminate();
  });

  test('it resumes in memory, too', async () => {
    const link = startDownloads();
    await expect(bring(await faulty('half,refuse'), { link, hold: true })).rejects.toMatchObject({ code: 'fetch_failed' });
    const later = await faulty('ok');
    await bring(later, { link, hold: true });
    expect((await requests(later)).map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=[1-9]/)]);
  });
});
