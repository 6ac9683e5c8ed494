/**
 * A file on its way: parts that are written in any order, and the hash of the whole that follows behind.
 *
 * Owns which bytes are there, which of them are durable (the data is flushed, then the journal says so), the sha256 over
 * the stretch from the start without a gap, and the checksum of each part, by which damage on the disk is found. Does not
 * fetch: that is file_download.ts.
 */

import { createSHA256, createXXHash3, type IHasher } from 'hash-wasm';
import { Journal, type JournalHead, writeAll } from './download_journal';
import { journalOf, partOf, removeUnfinished, type ModelStore } from './model_files';
import type { SyncFile } from './opfs_fs';

const READ_STEP = 2 ** 20;
/** So much is hashed before others get their turn. */
const HASHED_AT_A_TIME = 8 * 2 ** 20;

export interface Part {
  readonly index: number;
  readonly start: number;
  /** Infinity while the size of the file is not known. */
  length: number;
  /** Bytes from the start of the part that have been written. */
  received: number;
  /** Somebody is fetching it. */
  busy: boolean;
}

export class PartedFile {
  parts: Part[] = [];
  /** Bytes of the file that have been hashed. */
  hashed = 0;
  private front = 0;
  private unsaved = 0;
  private closed = false;
  private hashing: Promise<void> | undefined;
  private readonly buffer = new Uint8Array(READ_STEP);

  private constructor(
    private readonly store: ModelStore,
    private readonly modelId: string,
    readonly name: string,
    private readonly data: SyncFile,
    private readonly journal: Journal,
    private readonly whole: IHasher,
    private readonly part: IHasher,
  ) {}

  /** Opens what an earlier attempt left, or nothing yet. */
  static async open(store: ModelStore, modelId: string, name: string): Promise<PartedFile> {
    const hashers = await Promise.all([createSHA256(), createXXHash3()]);
    let data: SyncFile | undefined;
    try {
      data = await store.open(modelId, partOf(name));
      const journal = Journal.open(await store.open(modelId, journalOf(name)));
      const file = new PartedFile(store, modelId, name, data, journal, ...hashers);
      file.takeUp();
      return file;
    } catch (error) {
      data?.close();
      // Bytes of which no journal tells are no beginning.
      if (!(await store.find(modelId, journalOf(name)))?.size) await removeUnfinished(store, modelId, name);
      throw error;
    }
  }

  get head(): JournalHead | undefined {
    return this.journal.head;
  }

  /** Bytes that are here. */
  get received(): number {
    return this.parts.reduce((sum, { received }) => sum + received, 0);
  }

  /** Whether every byte is here and hashed. */
  get complete(): boolean {
    return this.parts.every(isFull) && this.parts.length > 0 && this.hashed === this.received;
  }

  /** Whether there is something to hash that nobody hashes. */
  get behind(): boolean {
    return !this.hashing && this.hashed < this.contiguous();
  }

  /** Begins anew with a file that the server has described. */
  begin(head: JournalHead): void {
    this.journal.begin(head);
    this.data.truncate(0);
    this.takeUp();
    // Takes the room now: better no beginning than an end for want of it.
    if (head.size > 0) this.data.truncate(head.size);
  }

  /** Forgets everything. */
  discard(): void {
    this.journal.begin();
    this.data.truncate(0);
    this.takeUp();
  }

  /** The first part that is missing something and that nobody fetches. */
  next(): Part | undefined {
    return this.parts.find((part) => !part.busy && !isFull(part));
  }

  /** Adds bytes to what is there of a part. Throws a DOMException "QuotaExceededError" when there is no room. */
  write(part: Part, bytes: Uint8Array): void {
    const at = part.start + part.received;
    writeAll(this.data, bytes, at);
    part.received += bytes.byteLength;
    this.unsaved += bytes.byteLength;
    const { part_bytes: size } = this.head!;
    if (isFull(part) || (size > 0 && this.unsaved >= size / 2)) this.save();
    if (at === this.hashed && !this.hashing) this.absorb(bytes);
  }

  /** The part has ended where it is, for a file whose size was not known. */
  end(part: Part): void {
    part.length = part.received;
    this.save();
  }

  /** Fetch this part again from its start. */
  rewind(part: Part): void {
    part.received = 0;
    this.journal.note(part.index, 0);
    this.startHash();
  }

  /** Makes what is here durable: first the bytes, then the word that they are. */
  save(): void {
    this.unsaved = 0;
    // Without ranges a part is of use only when it is whole.
    const changed = this.parts.filter(
      (part) => part.received !== (this.journal.durable[part.index] ?? 0) && (this.head!.part_bytes > 0 || isFull(part)),
    );
    if (changed.length === 0) return;
    this.data.flush();
    for (const { index, received } of changed) this.journal.note(index, received);
    this.journal.flush();
  }

  /** The same when something has gone wrong already, the disk perhaps. */
  saveIfPossible(): void {
    try {
      if (this.head) this.save();
    } catch {
      // What is not durable is fetched again.
    }
  }

  /** Hashes what is here without a gap and has not been hashed. */
  hashOn(): Promise<void> {
    this.hashing ??= this.hashAll().finally(() => (this.hashing = undefined));
    return this.hashing;
  }

  digest(): string {
    return this.whole.digest('hex');
  }

  /** Puts the file, whose digest is this, in the place of the whole one. */
  async finish(sha256: string): Promise<void> {
    this.save();
    this.journal.whole(sha256);
    this.journal.flush();
    this.close();
    await this.store.rename(this.modelId, partOf(this.name), this.name);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.data.close();
    this.journal.close();
  }

  /** Lays out the parts as the journal has them; what it promises beyond the end of the file is not there. */
  private takeUp(): void {
    const { size, part_bytes } = this.head ?? { size: 0, part_bytes: 0 };
    const there = this.data.getSize();
    this.parts = [];
    if (this.head) {
      const step = part_bytes || size || Infinity;
      for (let start = 0; start < (size || 1); start += step) {
        const index = this.parts.length;
        const length = size ? Math.min(step, size - start) : Infinity;
        const received = Math.max(0, Math.min(this.journal.durable[index] ?? 0, length, there - start));
        this.parts.push({ index, start, length, received, busy: false });
      }
    }
    this.unsaved = 0;
    this.startHash();
  }

  private startHash(): void {
    this.hashed = 0;
    this.front = 0;
    this.whole.init();
    this.part.init();
  }

  /** How far the file is there without a gap. */
  private contiguous(): number {
    while (this.front < this.parts.length - 1 && isFull(this.parts[this.front]!)) this.front += 1;
    const part = this.parts[this.front];
    return part ? part.start + part.received : 0;
  }

  private async hashAll(): Promise<void> {
    let pause = HASHED_AT_A_TIME;
    for (let left; (left = this.contiguous() - this.hashed) > 0; ) {
      const piece = this.buffer.subarray(0, Math.min(READ_STEP, left));
      const length = this.data.read(piece, { at: this.hashed });
      if (length === 0) throw new DOMException(`${this.name} is shorter than it was.`, 'NotReadableError');
      this.absorb(piece.subarray(0, length));
      if ((pause -= length) <= 0) {
        pause = HASHED_AT_A_TIME;
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
  }

  /** Feeds both hashes with the bytes that follow, part by part. */
  private absorb(bytes: Uint8Array): void {
    while (bytes.length > 0) {
      const part = this.parts[this.partAt(this.hashed)]!;
      const piece = bytes.subarray(0, part.start + part.length - this.hashed);
      this.whole.update(piece);
      this.part.update(piece);
      this.hashed += piece.length;
      bytes = bytes.subarray(piece.length);
      if (this.hashed < part.start + part.length) continue;
      const sum = this.part.digest('hex');
      this.part.init();
      const before = this.journal.sums[part.index];
      // It is not what it was when it was hashed first: the disk has changed it.
      if (before !== undefined && before !== sum) return this.rewind(part);
      this.journal.sum(part.index, sum);
    }
  }

  private partAt(offset: number): number {
    const step = this.head!.part_bytes;
    return step > 0 ? Math.floor(offset / step) : 0;
  }
}

export function isFull(part: Part): boolean {
  return part.received === part.length;
}

/**
 * Hashes a whole file and tells its sha256, and the parts whose bytes are not those that were hashed when it came.
 * `each` hears how far it is and may throw.
 */
export async function inspect(
  file: File,
  journal: Journal,
  each: (bytes: number) => void,
): Promise<{ sha256: string; damaged: number[] }> {
  const [whole, part] = await Promise.all([createSHA256(), createXXHash3()]);
  const step = journal.head?.part_bytes || file.size;
  const damaged: number[] = [];
  whole.init();
  for (let start = 0, index = 0; start < file.size; start += step, index++) {
    const end = Math.min(start + step, file.size);
    part.init();
    for (let at = start; at < end; at += READ_STEP) {
      const bytes = new Uint8Array(await file.slice(at, Math.min(at + READ_STEP, end)).arrayBuffer());
      whole.update(bytes);
      part.update(bytes);
      each(at + bytes.length);
    }
    if (journal.sums[index] !== undefined && journal.sums[index] !== part.digest('hex')) damaged.push(index);
  }
  return { sha256: whole.digest('hex'), damaged };
}
