/**
 * Where the files of models rest.
 *
 * Owns the paths (`models/<model id>/<file name>` in OPFS), opening, renaming, removing and listing files there, and the
 * same in memory for browsers without OPFS. Beside a file lies `<file name>.journal` (download_journal.ts), and as long as
 * it is not whole it is called `<file name>.part`. Does not fetch and does not judge contents: that is file_fetch.ts.
 */

import type { StoredFile, StoredModel } from './contract.gen';
import { Journal } from './download_journal';
import type { SyncFile } from './opfs_fs';

const FOLDER = 'models';
const PART = '.part';
const JOURNAL = '.journal';

export const partOf = (name: string): string => name + PART;
export const journalOf = (name: string): string => name + JOURNAL;

/** A place for model files. `kept` tells whether they outlive the tab. */
export interface ModelStore {
  readonly kept: boolean;
  /** The file as it is now, or undefined. */
  find(modelId: string, name: string): Promise<File | undefined>;
  /** A file for reading and writing, new and empty where there is none. */
  open(modelId: string, name: string): Promise<SyncFile>;
  rename(modelId: string, from: string, to: string): Promise<void>;
  /** One file, or all of the model; what is not there counts as removed. */
  remove(modelId: string, name?: string): Promise<void>;
}

/** Takes away what there is of a file that did not come whole. */
export async function removeUnfinished(store: ModelStore, modelId: string, name: string): Promise<void> {
  await store.remove(modelId, partOf(name));
  await store.remove(modelId, journalOf(name));
}

/** `move` and locks that others may share are in browsers that have OPFS, but not yet in TypeScript's library. */
interface OpfsFileHandle extends FileSystemFileHandle {
  move(name: string): Promise<void>;
  createSyncAccessHandle(options?: { mode: 'readwrite-unsafe' }): Promise<FileSystemSyncAccessHandle>;
}

const handles = new WeakMap<File, FileSystemFileHandle>();

/** Where a file that a store has found lies in OPFS; undefined when it lies elsewhere. */
export function handleOf(file: File): FileSystemFileHandle | undefined {
  return handles.get(file);
}

/** Files in the origin's private file system. */
export class OpfsStore implements ModelStore {
  readonly kept = true;

  private constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** The store, or undefined where the browser gives no private file system (private windows, old browsers). */
  static async open(): Promise<OpfsStore | undefined> {
    if (!('FileSystemFileHandle' in globalThis)) return undefined;
    if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return undefined;
    try {
      return new OpfsStore(await navigator.storage.getDirectory());
    } catch {
      return undefined;
    }
  }

  async find(modelId: string, name: string): Promise<File | undefined> {
    return unlessMissing(async () => {
      const folder = await this.folder(modelId, false);
      const handle = await folder.getFileHandle(name);
      const file = await handle.getFile();
      handles.set(file, handle);
      return file;
    });
  }

  /**
   * Whoever writes holds the model's lock (file_fetch.ts). The file's own lock is shared, because the browser gives back
   * that of a worker that was ended only some time later.
   */
  async open(modelId: string, name: string): Promise<SyncFile> {
    const folder = await this.folder(modelId, true);
    const handle = (await folder.getFileHandle(name, { create: true })) as OpfsFileHandle;
    return handle.createSyncAccessHandle({ mode: 'readwrite-unsafe' });
  }

  async rename(modelId: string, from: string, to: string): Promise<void> {
    const folder = await this.folder(modelId, false);
    await ((await folder.getFileHandle(from)) as OpfsFileHandle).move(to);
  }

  async remove(modelId: string, name?: string): Promise<void> {
    await unlessMissing(async () => {
      if (name !== undefined) return (await this.folder(modelId, false)).removeEntry(name);
      return (await this.root.getDirectoryHandle(FOLDER)).removeEntry(modelId, { recursive: true });
    });
  }

  /** Everything that is kept. */
  async list(): Promise<StoredModel[]> {
    const models = await unlessMissing(() => this.root.getDirectoryHandle(FOLDER));
    const found: StoredModel[] = [];
    for await (const [modelId, folder] of models?.entries() ?? []) {
      if (folder.kind !== 'directory') continue;
      const files: StoredFile[] = [];
      for await (const [name, entry] of (folder as FileSystemDirectoryHandle).entries()) {
        if (entry.kind === 'file' && !name.endsWith(JOURNAL)) files.push(await this.describe(modelId, name));
      }
      found.push({ model_id: modelId, files });
    }
    return found;
  }

  private async describe(modelId: string, stored: string): Promise<StoredFile> {
    const whole = !stored.endsWith(PART);
    const name = whole ? stored : stored.slice(0, -PART.length);
    const file = await this.find(modelId, stored);
    const journal = whole ? undefined : await this.find(modelId, journalOf(name));
    const size = whole ? (file?.size ?? 0) : Journal.of((await journal?.text()) ?? '').durableBytes;
    return { name, size, whole, modified_at: (file?.lastModified ?? 0) / 1000 };
  }

  private async folder(modelId: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    const models = await this.root.getDirectoryHandle(FOLDER, { create });
    return models.getDirectoryHandle(modelId, { create });
  }
}

/** Files of this visit only. */
export class MemoryStore implements ModelStore {
  readonly kept = false;
  private readonly files = new Map<string, MemoryFile>();

  async find(modelId: string, name: string): Promise<File | undefined> {
    return this.files.get(key(modelId, name))?.toFile(name);
  }

  async open(modelId: string, name: string): Promise<SyncFile> {
    const id = key(modelId, name);
    const file = this.files.get(id) ?? new MemoryFile();
    this.files.set(id, file);
    return file;
  }

  async rename(modelId: string, from: string, to: string): Promise<void> {
    const file = this.files.get(key(modelId, from));
    if (!file) throw new DOMException(`There is no ${from}.`, 'NotFoundError');
    this.files.delete(key(modelId, from));
    this.files.set(key(modelId, to), file);
  }

  async remove(modelId: string, name?: string): Promise<void> {
    for (const id of [...this.files.keys()]) {
      if (name === undefined ? id.startsWith(key(modelId, '')) : id === key(modelId, name)) this.files.delete(id);
    }
  }
}

/** Bytes that can be written anywhere; once they are asked for as a File they are the browser's, not held twice. */
class MemoryFile implements SyncFile {
  private bytes = new Uint8Array(0);
  private size = 0;
  private file: File | undefined;

  getSize(): number {
    return this.size;
  }

  read(into: AllowSharedBufferSource, { at = 0 } = {}): number {
    const target = into as Uint8Array;
    const part = this.bytes.subarray(at, Math.min(at + target.length, this.size));
    target.set(part);
    return part.length;
  }

  write(bytes: AllowSharedBufferSource, { at = 0 } = {}): number {
    const source = bytes as Uint8Array;
    if (at + source.length > this.size) this.truncate(at + source.length);
    this.bytes.set(source, at);
    return source.length;
  }

  truncate(size: number): void {
    if (size > this.bytes.length) {
      const larger = new Uint8Array(Math.max(size, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.fill(0, size, this.size);
    this.size = size;
  }

  flush(): void {
    // There is nothing behind it.
  }

  close(): void {
    // It stays in this object.
  }

  toFile(name: string): File {
    if (!this.file) {
      this.file = new File([this.bytes.subarray(0, this.size)], name);
      this.bytes = new Uint8Array(0);
    }
    return this.file;
  }
}

function key(modelId: string, name: string): string {
  return `${modelId}/${name}`;
}

/** The result of `look`, undefined where there is no such file. */
export async function unlessMissing<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return undefined;
    throw error;
  }
}

/** Whether `error` is a DOMException of that name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
