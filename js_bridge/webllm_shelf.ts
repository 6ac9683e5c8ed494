/**
 * The files of a model as WebLLM finds them: what it takes for its own store in the origin's private file system.
 *
 * WebLLM keeps what it fetches under `tvmjs-opfs-store/<scope>/<sha256 of the address>.bin`, with a `.record.json` beside
 * it. Ours were fetched and checked already and rest with the files of all other models, so this worker shows WebLLM a
 * folder whose entries are those files: nothing is fetched by it, nothing stored twice, nothing left behind. Owns the
 * addresses (which exist nowhere), that folder, and pictures on their way to the engine.
 */

import { handleOf } from './model_files';
import { RpcError } from './rpc';

const MODELS = 'https://models.invalid/';
const PICTURES = 'https://pictures.invalid/';

/** The part of a file handle that WebLLM uses to read. */
interface Readable {
  getFile(): Promise<Blob>;
  createSyncAccessHandle(options?: object): Promise<FileSystemSyncAccessHandle>;
}

/** A picture for the engine; sizes in pixels. */
export interface ShelfPicture {
  url: string;
  width: number;
  height: number;
}

/** Where WebLLM is told that a model lies. */
export function addressOf(modelId: string): string {
  return `${MODELS}${encodeURIComponent(modelId)}/resolve/main/`;
}

export class Shelf {
  private entries = new Map<string, Readable>();
  private readonly pictures = new Map<string, Blob>();

  /** Takes the place of this worker's store and, for its own addresses only, of `fetch`. */
  install(): void {
    const folder = this.folder();
    Object.defineProperty(navigator.storage, 'getDirectory', { value: async () => folder });
    const fetchElsewhere = self.fetch.bind(self);
    self.fetch = (request, options) => this.answer(request) ?? fetchElsewhere(request, options);
  }

  /** Shows these files and no others. */
  async show(modelId: string, files: readonly File[]): Promise<void> {
    this.entries = new Map();
    for (const file of files) {
      const url = new URL(encodeURIComponent(file.name), addressOf(modelId)).href;
      const name = await sha256(new TextEncoder().encode(url));
      const record = new Blob([JSON.stringify({ url, nbytes: file.size })]);
      this.entries.set(`${name}.bin`, readable(file, handleOf(file)));
      this.entries.set(`${name}.record.json`, readable(record));
    }
  }

  /**
   * Gives WebLLM the picture until `dropPictures`. Its address is its contents', because WebLLM goes on with what it has
   * read of a conversation only where the addresses are the same. Throws `bad_image`.
   */
  async addPicture(bytes: Uint8Array<ArrayBuffer>): Promise<ShelfPicture> {
    const [url, blob] = [PICTURES + (await sha256(bytes)), new Blob([bytes])];
    const bitmap = await createImageBitmap(blob).catch(() => {
      throw new RpcError('bad_image', 'The engine cannot decode the picture.', 'Choose another picture.');
    });
    this.pictures.set(url, blob);
    const { width, height } = bitmap;
    bitmap.close();
    return { url, width, height };
  }

  dropPictures(): void {
    this.pictures.clear();
  }

  private answer(request: RequestInfo | URL): Promise<Response> | undefined {
    const url = request instanceof Request ? request.url : String(request);
    if (url.startsWith(PICTURES)) return Promise.resolve(new Response(this.pictures.get(url) ?? null));
    if (url.startsWith(MODELS)) return Promise.reject(new TypeError(`${url} is not among the model's files`));
    return undefined;
  }

  /** A folder for the store and everything in it: names of files are unique, so that one will do. */
  private folder(): object {
    const folder = {
      getDirectoryHandle: async () => folder,
      getFileHandle: async (name: string) => {
        const entry = this.entries.get(name);
        if (!entry) throw new DOMException(`${name} is not there.`, 'NotFoundError');
        return entry;
      },
    };
    return folder;
  }
}

/** What lies in OPFS is read through a synchronous handle, many times faster; what does not, or is locked, as a Blob. */
function readable(file: Blob, handle?: FileSystemFileHandle): Readable {
  return {
    getFile: async () => file,
    createSyncAccessHandle: async (options) => {
      const opened = (handle as Readable | undefined)?.createSyncAccessHandle(options);
      const access = await opened?.catch(() => undefined);
      // By this name WebLLM knows that it is to read the Blob.
      return access ?? Promise.reject(new DOMException('This file has no such handle now.', 'NoModificationAllowedError'));
    },
  };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
