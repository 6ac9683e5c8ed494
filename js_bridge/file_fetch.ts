/**
 * `files.fetch`: brings the files of a model into a store and vouches for every byte.
 *
 * Owns fetching with resume, checking size and sha256, and what to do when they differ (delete, fetch once more, then
 * give up). Does not know where the store keeps its bytes (model_files.ts). Used by the downloads worker, and by an
 * engine's worker for files that can be kept in memory only.
 */

import { createSHA256, type IHasher } from 'hash-wasm';
import type { FetchFiles, FetchProgress, ModelFile } from './contract.gen';
import { isNamed, type ModelStore, type PartFile } from './model_files';
import { RpcError } from './rpc';

/** Up to this size a file that is there is hashed at every start; above, its size must do. */
const HASHED_EVERY_TIME = 64 * 2 ** 20;
const READ_STEP = 4 * 2 ** 20;
const PROGRESS_MS = 50;

export interface FetchContext {
  signal: AbortSignal;
  push(progress: FetchProgress): void;
}

/** Brings every file; returns how many bytes came over the network. */
export async function fetchFiles(request: FetchFiles, store: ModelStore, context: FetchContext): Promise<number> {
  const fetching = new Fetching(request, store, context, await createSHA256());
  for (const file of request.files) await fetching.bring(file);
  return fetching.fetchedBytes;
}

class Fetching {
  fetchedBytes = 0;
  private doneBytes = 0;
  private reportedAt = -Infinity;
  private readonly totalBytes: number;

  constructor(
    private readonly request: FetchFiles,
    private readonly store: ModelStore,
    private readonly context: FetchContext,
    private readonly hasher: IHasher,
  ) {
    this.totalBytes = request.files.reduce((sum, file) => sum + file.size, 0);
  }

  /** Makes sure that the file is there and right. */
  async bring(file: ModelFile): Promise<void> {
    const { model_id } = this.request;
    if (!(await this.isThere(file))) {
      await this.store.remove(model_id, file.name);
      if (!(await this.fetchWhole(file)) && !(await this.fetchWhole(file))) {
        throw new RpcError(
          'file_corrupt',
          `${file.name} arrived damaged twice: its contents are not what the model's card promises.`,
          'The copy on the server is damaged; reload later or tell its owner.',
          true,
        );
      }
    }
    this.doneBytes += file.size;
    this.report(file, 'checking', 0, true);
  }

  private async isThere(file: ModelFile): Promise<boolean> {
    const there = await this.store.find(this.request.model_id, file.name);
    if (there?.size !== file.size) return false;
    if (file.size > HASHED_EVERY_TIME) return true;
    this.hasher.init();
    for (let offset = 0; offset < there.size; offset += READ_STEP) {
      this.context.signal.throwIfAborted();
      this.hasher.update(new Uint8Array(await there.slice(offset, offset + READ_STEP).arrayBuffer()));
      this.report(file, 'checking', Math.min(offset + READ_STEP, there.size));
    }
    return this.hasher.digest('hex') === file.sha256;
  }

  /** Fetches until the file is whole; false when what came is not the file, in which case nothing of it is left. */
  private async fetchWhole(file: ModelFile): Promise<boolean> {
    let part: PartFile | undefined;
    try {
      part = await this.store.openPart(this.request.model_id, file.name);
      this.hashPart(part, file);
      if ((await this.fetchAllOf(part, file)) && this.hasher.digest('hex') === file.sha256) {
        await part.finish();
        return true;
      }
      part.clear();
      part.close();
      return false;
    } catch (thrown) {
      const error = explain(thrown, file, this.context.signal);
      // Half a file on a full disk helps nobody; after any other failure the next attempt goes on from it.
      if (error.code === 'storage_full') part?.clear();
      part?.close();
      throw error;
    }
  }

  /** Feeds the hash with what an earlier attempt left. */
  private hashPart(part: PartFile, file: ModelFile): void {
    this.hasher.init();
    if (part.size > file.size) part.clear();
    for (let offset = 0; offset < part.size; offset += READ_STEP) {
      this.hasher.update(part.read(offset, READ_STEP));
      this.report(file, 'checking', Math.min(offset + READ_STEP, part.size));
    }
  }

  /** Asks again after every broken connection, until two in a row have brought nothing. False: see fetchRest. */
  private async fetchAllOf(part: PartFile, file: ModelFile): Promise<boolean> {
    let fruitless = 0;
    while (part.size < file.size) {
      const before = part.size;
      try {
        if (!(await this.fetchRest(part, file))) return false;
      } catch (error) {
        fruitless = part.size > before ? 0 : fruitless + 1;
        if (!(error instanceof TypeError) || fruitless === 2) throw error;
      }
    }
    return true;
  }

  /** One request for what is missing; false when the answer cannot be the file. */
  private async fetchRest(part: PartFile, file: ModelFile): Promise<boolean> {
    const { signal } = this.context;
    const asked = part.size;
    const response = await fetch(new URL(file.url, this.request.base_url), {
      cache: 'no-store',
      signal,
      headers: asked > 0 ? { Range: `bytes=${asked}-` } : {},
    });
    const continues = response.status === 206 && response.headers.get('Content-Range')?.startsWith(`bytes ${asked}-`);
    if (asked > 0 && !continues) {
      part.clear();
      this.hasher.init();
      if (response.status !== 200) {
        await response.body?.cancel();
        return true;
      }
    }
    if (!response.ok) throw new RpcError('fetch_failed', `The server answered ${response.status} for ${file.name}.`);
    for await (const bytes of response.body ?? []) {
      if (part.size + bytes.byteLength > file.size) return false;
      part.append(bytes);
      this.hasher.update(bytes);
      this.fetchedBytes += bytes.byteLength;
      this.report(file, 'fetching', part.size);
    }
    return part.size === file.size;
  }

  private report(file: ModelFile, stage: FetchProgress['stage'], bytes: number, always = false): void {
    const now = performance.now();
    if (!always && now - this.reportedAt < PROGRESS_MS) return;
    this.reportedAt = now;
    this.context.push({
      stage,
      file: file.name,
      loaded_bytes: this.doneBytes + bytes,
      total_bytes: this.totalBytes,
    });
  }
}

function explain(thrown: unknown, file: ModelFile, signal: AbortSignal): RpcError {
  if (signal.aborted) return new RpcError('aborted', 'Stopped on request.');
  if (thrown instanceof RpcError) return thrown;
  if (isNamed(thrown, 'QuotaExceededError')) {
    return new RpcError(
      'storage_full',
      `There is no room for ${file.name} (${Math.ceil(file.size / 1e6)} MB).`,
      'Free some disk space, or delete other models, then try again.',
      true,
    );
  }
  if (isNamed(thrown, 'NoModificationAllowedError')) {
    return new RpcError(
      'fetch_failed',
      `Another tab is fetching ${file.name}.`,
      'Wait for it, then press Retry.',
      true,
    );
  }
  const why = navigator.onLine ? 'the server could not be reached or broke off' : 'this device is offline';
  return new RpcError(
    'fetch_failed',
    `${file.name} could not be fetched: ${why}.`,
    'Check the connection and press Retry; what is already here is kept.',
    true,
  );
}
