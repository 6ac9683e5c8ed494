/**
 * The files that Python needs before it can run, fetched with progress in bytes.
 *
 * Owns counting and checking these downloads, and the list of the app's own wheels in the lock file. It does not keep
 * anything: the service worker and the browser's cache do.
 */
import { chunksOf } from './chunks';
import { RpcError } from './rpc';

/** `pyodide-lock.json` as py_app/toolchain writes it: Pyodide's format plus sizes. */
export interface PythonLock {
  info: Record<string, string>;
  packages: Record<string, { file_name: string; sha256: string; size: number; depends: string[] }>;
  /** Sizes of the interpreter's own files. */
  runtime: Record<string, number>;
}

const REPORT_MS = 50;

export class BootDownloads {
  private loaded = 0;
  private total = 0;
  private reportedAt = -Infinity;
  private readonly sizes = new Map<string, number>();
  private readonly fail = Promise.withResolvers<never>();

  /** Rejects when any download fails: Pyodide itself would wait for ever. */
  readonly failure: Promise<never> = this.fail.promise;

  constructor(
    private readonly folder: string,
    private readonly report: (loaded: number, total: number) => void,
  ) {
    this.failure.catch(() => undefined);
  }

  async lock(): Promise<PythonLock> {
    const response = await this.fetch(`${this.folder}pyodide-lock.json`);
    return (await response.json()) as PythonLock;
  }

  /** Says which files will come, so that the total is known from the start. */
  expect(files: Record<string, number>): void {
    for (const [name, size] of Object.entries(files)) {
      this.sizes.set(this.folder + name, size);
      this.total += size;
    }
  }

  /** The wheels of `name` and of everything it needs, dependencies first; each is checked by its sha256. */
  wheels(lock: PythonLock, name: string): Promise<{ name: string; data: ArrayBuffer }[]> {
    const names = withDependencies(lock, name);
    const entries = names.map((each) => ({ name: each, ...lock.packages[each]! }));
    this.expect(Object.fromEntries(entries.map((entry) => [entry.file_name, entry.size])));
    return Promise.all(
      entries.map(async ({ name: each, file_name, sha256 }) => {
        const response = await this.fetch(this.folder + file_name, { integrity: integrityOf(sha256) });
        return { name: each, data: await response.arrayBuffer() };
      }),
    );
  }

  /** Imports a module of the folder; its bytes count when it has arrived. */
  async module<T>(name: string): Promise<T> {
    const url = this.folder + name;
    try {
      const module = (await import(/* @vite-ignore */ url)) as T;
      this.add(this.sizes.get(url) ?? 0);
      return module;
    } catch (error) {
      throw this.reject(url, error);
    }
  }

  /** `fetch` that counts the body's bytes. The response itself is untouched, so its compiled code can be cached. */
  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input, this.folder).href;
    try {
      const response = await globalFetch.call(globalThis, input, init);
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      if (this.sizes.has(url)) void this.count(url, response.clone()).catch((error) => this.reject(url, error));
      return response;
    } catch (error) {
      throw this.reject(url, error);
    }
  };

  private async count(url: string, { body }: Response): Promise<void> {
    let received = 0;
    for await (const chunk of chunksOf(body)) {
      received += chunk.length;
      this.add(chunk.length);
    }
    const size = this.sizes.get(url);
    if (received !== size) throw new Error(`it has ${received} bytes instead of ${size}`);
  }

  private add(bytes: number): void {
    this.loaded += bytes;
    const now = performance.now();
    if (now - this.reportedAt < REPORT_MS && this.loaded < this.total) return;
    this.reportedAt = now;
    this.report(this.loaded, this.total);
  }

  private reject(url: string, error: unknown): RpcError {
    const name = url.slice(url.lastIndexOf('/') + 1);
    const reason = error instanceof Error ? error.message : String(error);
    const failure = new RpcError(
      'fetch_failed',
      `A part of the app (${name}) could not be fetched: ${reason}.`,
      'Check the connection, then press Retry.',
      true,
    );
    this.fail.reject(failure);
    return failure;
  }
}

const globalFetch = globalThis.fetch;

/** Runs `work` while every `fetch` of this thread goes through `downloads`. */
export async function fetchingThrough<T>(downloads: BootDownloads, work: () => Promise<T>): Promise<T> {
  globalThis.fetch = downloads.fetch;
  try {
    return await Promise.race([work(), downloads.failure]);
  } finally {
    globalThis.fetch = globalFetch;
  }
}

function withDependencies(lock: PythonLock, name: string, found = new Set<string>()): string[] {
  for (const needed of lock.packages[name]?.depends ?? []) withDependencies(lock, needed, found);
  found.add(name);
  return [...found];
}

/** A sha256 in hexadecimal as Subresource Integrity writes it. */
function integrityOf(sha256: string): string {
  const bytes = sha256.match(/../g)!.map((pair) => parseInt(pair, 16));
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}
