/**
 * Where the files of models rest.
 *
 * Owns the paths (`models/<model id>/<file name>` in OPFS), opening a file there, writing one piece by piece under the
 * name `<file name>.part` until it is whole, and the same in memory for browsers without OPFS. Does not fetch and does
 * not judge contents: that is file_fetch.ts.
 */

const FOLDER = 'models';

/** A place for model files. `kept` tells whether they outlive the tab. */
export interface ModelStore {
  readonly kept: boolean;
  /** The whole file, or undefined. */
  find(modelId: string, name: string): Promise<File | undefined>;
  /** The unfinished file, new or as an earlier visit left it; one writer at a time. */
  openPart(modelId: string, name: string): Promise<PartFile>;
  remove(modelId: string, name: string): Promise<void>;
}

/** A file that is being written. Every method but `finish` and `close` is synchronous. */
export interface PartFile {
  readonly size: number;
  /** Up to `length` bytes from `offset` on. */
  read(offset: number, length: number): Uint8Array;
  /** Adds at the end; throws a DOMException "QuotaExceededError" when there is no room. */
  append(bytes: Uint8Array): void;
  /** Empties it. */
  clear(): void;
  /** Puts it in the place of the whole file and closes it. */
  finish(): Promise<void>;
  /** Writes out what is there, for a later visit, and closes it. */
  close(): void;
}

/** `move` is in every browser that has OPFS, but not yet in TypeScript's library. */
interface MovableHandle extends FileSystemFileHandle {
  move(name: string): Promise<void>;
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
    try {
      const folder = await this.folder(modelId, false);
      return await (await folder.getFileHandle(name)).getFile();
    } catch (error) {
      if (isNamed(error, 'NotFoundError')) return undefined;
      throw error;
    }
  }

  async openPart(modelId: string, name: string): Promise<PartFile> {
    const folder = await this.folder(modelId, true);
    const handle = await folder.getFileHandle(`${name}.part`, { create: true });
    return new OpfsPart(handle as MovableHandle, name, await handle.createSyncAccessHandle());
  }

  async remove(modelId: string, name: string): Promise<void> {
    try {
      await (await this.folder(modelId, false)).removeEntry(name);
    } catch (error) {
      if (!isNamed(error, 'NotFoundError')) throw error;
    }
  }

  private async folder(modelId: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    const models = await this.root.getDirectoryHandle(FOLDER, { create });
    return models.getDirectoryHandle(modelId, { create });
  }
}

class OpfsPart implements PartFile {
  size: number;

  constructor(
    private readonly handle: MovableHandle,
    private readonly name: string,
    private readonly access: FileSystemSyncAccessHandle,
  ) {
    this.size = access.getSize();
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.size - offset));
    return bytes.subarray(0, this.access.read(bytes, { at: offset }));
  }

  append(bytes: Uint8Array): void {
    const written = this.access.write(bytes as Uint8Array<ArrayBuffer>, { at: this.size });
    if (written < bytes.byteLength) throw new DOMException('The disk took only a part.', 'QuotaExceededError');
    this.size += written;
  }

  clear(): void {
    this.access.truncate(0);
    this.size = 0;
  }

  async finish(): Promise<void> {
    this.close();
    await this.handle.move(this.name);
  }

  close(): void {
    this.access.flush();
    this.access.close();
  }
}

/** Files of this visit only. */
export class MemoryStore implements ModelStore {
  readonly kept = false;
  private readonly files = new Map<string, File>();
  private readonly parts = new Map<string, MemoryPart>();

  async find(modelId: string, name: string): Promise<File | undefined> {
    return this.files.get(key(modelId, name));
  }

  async openPart(modelId: string, name: string): Promise<PartFile> {
    const id = key(modelId, name);
    const part =
      this.parts.get(id) ??
      new MemoryPart((whole) => {
        this.parts.delete(id);
        this.files.set(id, new File(whole, name));
      });
    this.parts.set(id, part);
    return part;
  }

  async remove(modelId: string, name: string): Promise<void> {
    this.files.delete(key(modelId, name));
  }
}

class MemoryPart implements PartFile {
  size = 0;
  private pieces: Uint8Array<ArrayBuffer>[] = [];

  constructor(private readonly done: (pieces: Uint8Array<ArrayBuffer>[]) => void) {}

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.size - offset));
    let start = -offset;
    for (const piece of this.pieces) {
      const from = Math.max(0, -start);
      const to = Math.min(piece.length, bytes.length - start);
      if (from < to) bytes.set(piece.subarray(from, to), start + from);
      start += piece.length;
    }
    return bytes;
  }

  append(bytes: Uint8Array): void {
    this.pieces.push(bytes.slice());
    this.size += bytes.byteLength;
  }

  clear(): void {
    this.pieces = [];
    this.size = 0;
  }

  async finish(): Promise<void> {
    this.done(this.pieces);
    this.clear();
  }

  close(): void {
    // What was fetched stays in this object; there is nothing to write out.
  }
}

function key(modelId: string, name: string): string {
  return `${modelId}/${name}`;
}

/** Whether `error` is a DOMException of that name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
