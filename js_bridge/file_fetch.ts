/**
 * `files.fetch`: brings the files of a model into a store and vouches for every byte.
 *
 * Owns the order of things for a model: one fetcher at a time, also across tabs; room before the first byte; each file
 * checked if it is there, mended if it is damaged, fetched if it is not; a wrong hash deletes it. Does not know where the
 * store keeps its bytes (model_files.ts) nor how they come (file_download.ts).
 */

import type { FetchedFiles, FetchFiles, FetchProgress, ModelFile } from './contract.gen';
import { Journal } from './download_journal';
import { FileDownload } from './file_download';
import { isNamed, journalOf, type ModelStore, partOf, removeUnfinished } from './model_files';
import { inspect, PartedFile } from './parted_file';
import { Patience } from './patience';
import { RpcError } from './rpc';

/** Up to this size a file that is there is hashed at every start; above, its size must do. */
const HASHED_EVERY_TIME = 64 * 2 ** 20;
const PROGRESS_MS = 50;

export interface FetchContext {
  signal: AbortSignal;
  push(progress: FetchProgress): void;
  /** Rejects where an address that is to be asked may not be. */
  allow?(addresses: URL[]): Promise<void>;
  /** Why a request to this address got no answer, where that is not the network's doing. */
  held?(address: URL): Promise<RpcError | undefined>;
}

/** What came of it, but for where it is kept. */
export type Fetched = Required<Pick<FetchedFiles, 'fetched_bytes' | 'files' | 'repaired'>>;

/** Brings every file. */
export function fetchFiles(request: FetchFiles, store: ModelStore, context: FetchContext): Promise<Fetched> {
  const fetching = new Fetching(request, store, context);
  return exclusively(request.model_id, store, context.signal, () => fetching.run(), () => fetching.wait());
}

/** Runs `work` while nobody else, in any tab, changes the files of the model. */
export async function exclusively<T>(
  modelId: string,
  store: ModelStore,
  signal: AbortSignal,
  work: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  if (!store.kept || !('locks' in navigator)) return work();
  const lock = `cloche-files:${modelId}`;
  const held = await navigator.locks.query();
  if (held.held?.some(({ name }) => name === lock)) onWait?.();
  return navigator.locks.request(lock, { signal }, work);
}

class Fetching {
  private readonly fetched: Fetched = { fetched_bytes: 0, files: [], repaired: [] };
  private readonly sizes: number[];
  private readonly loaded: number[];
  private at = 0;
  private reportedAt = -Infinity;
  private due: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly request: FetchFiles,
    private readonly store: ModelStore,
    private readonly context: FetchContext,
  ) {
    this.sizes = request.files.map(({ size }) => size);
    this.loaded = request.files.map(() => 0);
  }

  /** Says that another tab fetches the same. */
  wait(): void {
    this.report('waiting', true);
  }

  async run(): Promise<Fetched> {
    try {
      return await this.all();
    } finally {
      clearTimeout(this.due);
    }
  }

  private async all(): Promise<Fetched> {
    const { files } = this.request;
    this.context.signal.throwIfAborted();
    const there: boolean[] = [];
    for (const [index, file] of files.entries()) {
      this.at = index;
      there.push(await this.guard(file, () => this.isThere(file)));
    }
    const missing = files.filter((file, index) => !there[index] && file.url);
    await this.context.allow?.(missing.map(({ url }) => new URL(url, this.request.base_url)));
    try {
      await this.makeSureOfRoom(there);
      for (const [index, file] of files.entries()) {
        this.at = index;
        if (!there[index]) await this.guard(file, () => this.bring(file));
        this.settle();
      }
    } catch (thrown) {
      // Of what is to be kept, what is here waits for room; halves of a model that need not be kept help nobody.
      const full = thrown instanceof RpcError && thrown.code === 'storage_full';
      if (full && !this.request.keep) for (const file of files) await this.forget(file);
      throw thrown;
    }
    return this.fetched;
  }

  /** Whether the file is there and right. One that is damaged is made ready to be mended. */
  private async isThere(file: ModelFile): Promise<boolean> {
    const { model_id, thorough } = this.request;
    const there = await this.store.find(model_id, file.name);
    if (!there) return false;
    const journal = Journal.of((await (await this.store.find(model_id, journalOf(file.name)))?.text()) ?? '');
    const expected = file.sha256 || journal.sha256;
    const sizeIsRight = file.size === 0 || there.size === file.size;
    if (sizeIsRight && !thorough && (there.size > HASHED_EVERY_TIME || !expected)) {
      // Another revision may have the same size.
      if (!file.sha256 || !journal.sha256 || journal.sha256 === file.sha256) return this.found(there.size);
    } else if (sizeIsRight) {
      const { sha256, damaged } = await inspect(there, journal, (bytes) => this.checked(bytes, there.size));
      if (!expected || sha256 === expected) {
        this.fetched.files.push({ name: file.name, size: there.size, sha256 });
        return this.found(there.size);
      }
      if (thorough) this.fetched.repaired.push(file.name);
      if (thorough && !file.url) throw noSource(file);
      if (this.store.kept && damaged.length > 0 && journal.sha256 === expected) {
        await this.condemn(file, damaged);
        return false;
      }
    }
    await this.store.remove(model_id, file.name);
    await this.store.remove(model_id, journalOf(file.name));
    return false;
  }

  private found(size: number): true {
    this.sizes[this.at] = this.loaded[this.at] = size;
    return true;
  }

  private checked(bytes: number, size: number): void {
    this.context.signal.throwIfAborted();
    this.sizes[this.at] = size;
    this.loaded[this.at] = bytes;
    this.report('checking');
  }

  /** Takes the word back that these parts are here; the others stay. */
  private async condemn(file: ModelFile, damaged: number[]): Promise<void> {
    const { model_id } = this.request;
    const journal = Journal.open(await this.store.open(model_id, journalOf(file.name)));
    for (const part of damaged) journal.note(part, 0);
    journal.flush();
    journal.close();
    await this.store.rename(model_id, file.name, partOf(file.name));
  }

  /**
   * Takes the room that the whole model needs before the first byte is asked for. What a browser says of its quota may be
   * a round figure that means nothing; the room that it really gives is known once it is taken.
   */
  private async makeSureOfRoom(there: boolean[]): Promise<void> {
    if (!this.store.kept) return;
    const { model_id, files } = this.request;
    let missing = 0;
    for (const [index, file] of files.entries()) {
      if (there[index]) continue;
      const part = await this.store.find(model_id, partOf(file.name));
      missing += Math.max(0, file.size - (part?.size ?? 0));
    }
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    if (missing > 0 && quota > 0 && missing > quota - usage) {
      const short = Math.ceil((missing - (quota - usage)) / 1e6);
      throw full(`There is no room for this model: ${short} MB more would have to be free.`);
    }
    const taken: ModelFile[] = [];
    try {
      for (const [index, file] of files.entries()) {
        this.at = index;
        if (there[index] || file.size === 0 || (await this.store.find(model_id, partOf(file.name)))) continue;
        taken.push(file);
        await this.guard(file, () => this.reserve(file));
      }
    } catch (thrown) {
      for (const file of taken) await this.forget(file);
      throw thrown;
    }
  }

  private async reserve(file: ModelFile): Promise<void> {
    const part = await this.store.open(this.request.model_id, partOf(file.name));
    try {
      part.truncate(file.size);
    } finally {
      part.close();
    }
  }

  /** Fetches until the file is whole and right; what came wrong is deleted, and fetched anew once. */
  private async bring(file: ModelFile): Promise<void> {
    const { model_id, base_url, tuning = {} } = this.request;
    const parted = await PartedFile.open(this.store, model_id, file.name);
    try {
      const patience = new Patience({
        attempts: tuning.attempts ?? 2,
        retryMs: tuning.retry_ms ?? 250,
        waitOnline: tuning.wait_online ?? false,
        onWait: (stage) => this.report(stage, true),
      });
      const download = new FileDownload(file, parted, patience, {
        baseUrl: base_url,
        signal: this.context.signal,
        partBytes: tuning.part_bytes ?? 16 * 2 ** 20,
        connections: tuning.connections ?? 4,
        stallMs: tuning.stall_ms ?? 30_000,
        held: async (address) => this.context.held?.(address),
        onBytes: (bytes) => {
          this.fetched.fetched_bytes += bytes;
          this.arrived(parted);
        },
      });
      if (parted.received > 0) this.arrived(parted);
      for (let last = false; ; last = true) {
        const facts = await download.run();
        const expected = file.sha256 || download.linkedSha256;
        if (!expected || facts.sha256 === expected) {
          await parted.finish(facts.sha256);
          this.fetched.files.push(facts);
          this.found(facts.size);
          return;
        }
        parted.discard();
        if (last) throw damagedAtTheSource(file);
      }
    } catch (thrown) {
      parted.saveIfPossible();
      throw thrown;
    } finally {
      parted.close();
      if (parted.received === 0) await this.forget(file);
    }
  }

  /** Leaves nothing of a file that is not whole. */
  private async forget({ name }: ModelFile): Promise<void> {
    const { model_id } = this.request;
    if (!(await this.store.find(model_id, partOf(name)))) return;
    await removeUnfinished(this.store, model_id, name);
  }

  private arrived(parted: PartedFile): void {
    this.loaded[this.at] = parted.received;
    this.sizes[this.at] = parted.head?.size || this.sizes[this.at]!;
    this.report('fetching');
  }

  private settle(): void {
    this.report('checking', this.at === this.request.files.length - 1);
  }

  private async guard<T>(file: ModelFile, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw explain(thrown, file, this.context.signal);
    }
  }

  private report(stage: FetchProgress['stage'], always = false): void {
    const wait = this.reportedAt + PROGRESS_MS - performance.now();
    clearTimeout(this.due);
    if (!always && wait > 0) {
      this.due = setTimeout(() => this.report(stage, true), wait);
      return;
    }
    this.reportedAt = performance.now();
    this.context.push({
      stage,
      file: this.request.files[this.at]?.name ?? '',
      loaded_bytes: this.loaded.reduce((sum, bytes) => sum + bytes, 0),
      total_bytes: this.sizes.includes(0) ? 0 : this.sizes.reduce((sum, bytes) => sum + bytes, 0),
      file_loaded_bytes: this.loaded[this.at] ?? 0,
      file_total_bytes: this.sizes[this.at] ?? 0,
    });
  }
}

function full(message: string): RpcError {
  return new RpcError('storage_full', message, 'Free some disk space, or delete other models, then try again.', true);
}

function damagedAtTheSource(file: ModelFile): RpcError {
  return new RpcError(
    'file_corrupt',
    `${file.name} arrived damaged twice: its contents are not what the model's card promises. It was deleted.`,
    'The copy on the server is damaged; try again later or tell its owner.',
    true,
  );
}

function noSource(file: ModelFile): RpcError {
  return new RpcError(
    'file_corrupt',
    `${file.name} has changed on the disk, and it came from a file of yours, so it cannot be fetched again.`,
    'Delete the model and drop the file once more.',
  );
}

function explain(thrown: unknown, file: ModelFile, signal: AbortSignal): RpcError {
  if (signal.aborted) return new RpcError('aborted', 'Stopped on request.');
  if (thrown instanceof RpcError) return thrown;
  if (isNamed(thrown, 'QuotaExceededError')) {
    return full(`There is no room for ${file.name}${file.size ? ` (${Math.ceil(file.size / 1e6)} MB)` : ''}.`);
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new RpcError('fetch_failed', `${file.name} could not be fetched: ${why}`, 'Press Retry.', true);
}
