/**
 * What a model has read, kept in OPFS, so that a conversation goes on after a reload without being read again.
 *
 * Owns the files (`prompts/<model id>/<key>-<moment>`), how many and how large they may be, and that none is used that is
 * not whole: behind the engine's bytes lies a checksum. The key stands for everything that the state depends on; files
 * with another key are deleted. Which prompt goes on from which file is the engine's affair (engine/prompts.cpp).
 */

import { createXXHash64, type IHasher } from 'hash-wasm';
import type { ReadableFile, WritableFile } from './wasi';

/** Where a model's prompts are kept, and what they must fit. */
export interface PromptPlace {
  modelId: string;
  key: string;
}

const FOLDER = 'prompts';
/** Of one model: the newest ones stay. */
const MOST_FILES = 4;
const MOST_BYTES = 512 * 2 ** 20;
const CHECKSUM_BYTES = 8;
/** Magic number, version and count of tokens come first (llama_state_seq_save_file). */
const HEAD_BYTES = 12;
/** Read ahead, because the engine may ask for a few bytes at a time. */
const PIECE_BYTES = 2 ** 20;

/** `move` is in browsers that have OPFS, but not yet in TypeScript's library. */
interface MovableHandle extends FileSystemFileHandle {
  move(name: string): Promise<void>;
}

interface Entry {
  handle: MovableHandle;
  file: File;
}

export class PromptFiles {
  private readonly entries = new Map<number, Entry>();
  private lastId = 0;

  private constructor(
    private readonly place: PromptPlace,
    private readonly hasher: IHasher,
  ) {}

  /** The prompts of a model that were kept before; undefined where nothing can be kept. */
  static async open(place: PromptPlace): Promise<PromptFiles | undefined> {
    try {
      const files = new PromptFiles(place, await createXXHash64());
      await files.find();
      return files;
    } catch {
      return undefined;
    }
  }

  /** The number of every prompt, the oldest first. */
  get ids(): number[] {
    return [...this.entries.keys()];
  }

  /** The tokens that a prompt consists of, packed as the engine does it; throws for a file that holds none. */
  async tokensOf(id: number): Promise<number[]> {
    const { file } = this.entries.get(id) as Entry;
    const head = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
    const end = HEAD_BYTES + 4 * head.getUint32(HEAD_BYTES - 4, true);
    if (end > file.size) throw new RangeError('the file is cut off');
    return [...new Int32Array(await file.slice(HEAD_BYTES, end).arrayBuffer())];
  }

  /** The prompt for the engine to read. */
  readable(id: number): ReadableFile {
    const reader = new FileReaderSync();
    const entry = (): File => (this.entries.get(id) as Entry).file;
    let piece = new Uint8Array(0);
    let start = 0;
    // The engine opens a file twice. What changes after it was found to be sound cannot be read any more.
    let checked: File | undefined;
    const bytes = (from: number, to: number): Uint8Array<ArrayBuffer> => new Uint8Array(reader.readAsArrayBuffer(entry().slice(from, to)));
    const size = (): number => Math.max(0, entry().size - CHECKSUM_BYTES);
    return {
      get size() {
        return size();
      },
      sound: () => {
        try {
          if (checked === entry()) return true;
          this.hasher.init();
          for (let at = 0; at < size(); at += PIECE_BYTES) this.hasher.update(bytes(at, Math.min(at + PIECE_BYTES, size())));
          if (!same(this.hasher.digest('binary'), bytes(size(), size() + CHECKSUM_BYTES))) return false;
          checked = entry();
          return true;
        } catch {
          return false; // Another tab has deleted it.
        }
      },
      read(into, at) {
        if (at < start || at + into.length > start + piece.length) {
          try {
            start = at;
            piece = bytes(at, Math.min(at + Math.max(into.length, PIECE_BYTES), size()));
          } catch {
            return 0;
          }
        }
        const part = piece.subarray(at - start, at - start + into.length);
        into.set(part);
        return part.length;
      },
    };
  }

  /** Keeps one more prompt, which `save` writes from start to end; its number, or undefined where there is no room. */
  async keep(save: (file: WritableFile) => void): Promise<number | undefined> {
    const name = this.newName();
    try {
      const handle = (await (await this.folder()).getFileHandle(name, { create: true })) as MovableHandle;
      const access = await handle.createSyncAccessHandle();
      try {
        this.write(access, save);
      } finally {
        access.close();
      }
      const id = ++this.lastId;
      this.entries.set(id, { handle, file: await handle.getFile() });
      await this.shrink();
      return id;
    } catch {
      await this.remove(name);
      return undefined;
    }
  }

  /** The prompt was of use: it is the newest now. */
  async touch(id: number): Promise<void> {
    const entry = this.entries.get(id);
    if (!entry) return;
    await entry.handle.move(this.newName()).catch(() => undefined);
    entry.file = await entry.handle.getFile().catch(() => entry.file);
    this.entries.delete(id);
    this.entries.set(id, entry);
  }

  async forget(id: number): Promise<void> {
    const entry = this.entries.get(id);
    this.entries.delete(id);
    if (entry) await this.remove(entry.handle.name);
  }

  /** It is made anew where a person has deleted it meanwhile. */
  private async folder(): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    const prompts = await root.getDirectoryHandle(FOLDER, { create: true });
    return prompts.getDirectoryHandle(this.place.modelId, { create: true });
  }

  private async remove(name: string): Promise<void> {
    await this.folder().then((folder) => folder.removeEntry(name)).catch(() => undefined);
  }

  private write(access: FileSystemSyncAccessHandle, save: (file: WritableFile) => void): void {
    let size = 0;
    this.hasher.init();
    save({
      get size() {
        return size;
      },
      read: () => 0,
      write: (bytes, at) => {
        if (at !== size || access.write(bytes as never, { at }) !== bytes.length) return 0;
        this.hasher.update(bytes);
        size += bytes.length;
        return bytes.length;
      },
    });
    if (size > MOST_BYTES) throw new RangeError('it is too large to keep');
    access.write(this.hasher.digest('binary') as never, { at: size });
    access.flush();
  }

  private async find(): Promise<void> {
    const found: Entry[] = [];
    for await (const handle of (await this.folder()).values()) {
      if (!handle.name.startsWith(`${this.place.key}-`)) await this.remove(handle.name);
      else found.push({ handle: handle as MovableHandle, file: await (handle as FileSystemFileHandle).getFile() });
    }
    found.sort((a, b) => (a.handle.name < b.handle.name ? -1 : 1));
    for (const entry of found) this.entries.set(++this.lastId, entry);
  }

  private async shrink(): Promise<void> {
    const bytes = (): number => [...this.entries.values()].reduce((sum, { file }) => sum + file.size, 0);
    while (this.entries.size > MOST_FILES || bytes() > MOST_BYTES) await this.forget(this.ids[0] as number);
  }

  private newName(): string {
    return `${this.place.key}-${Date.now()}-${crypto.randomUUID().slice(0, 8)}`;
  }
}

/** Deletes what was kept of a model, or of all. */
export async function removePrompts(modelId?: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  try {
    if (modelId === undefined) await root.removeEntry(FOLDER, { recursive: true });
    else await (await root.getDirectoryHandle(FOLDER)).removeEntry(modelId, { recursive: true });
  } catch (error) {
    if ((error as DOMException).name !== 'NotFoundError') throw error;
  }
}

/** How many bytes are kept of all models. */
export async function promptBytes(): Promise<number> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER).catch(() => undefined);
  let bytes = 0;
  for await (const model of folder?.values() ?? []) {
    for await (const entry of (model as FileSystemDirectoryHandle).values()) {
      if (entry.kind === 'file') bytes += (await (entry as FileSystemFileHandle).getFile()).size;
    }
  }
  return bytes;
}

/** What stands for a text in the name of a file. */
export async function keyOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
