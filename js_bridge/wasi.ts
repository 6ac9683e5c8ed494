/**
 * The part of WASI (preview 1) that the engine's C library calls: files to read, a log, a clock, randomness.
 *
 * Owns a folder of files whose bytes go straight between where they lie and the engine's memory. Knows nothing of models.
 * Whatever else the library may ask for is answered with "not supported".
 */

/** Something that can be read at any place, synchronously; how many bytes came. */
export interface ReadableFile {
  readonly size: number;
  read(into: Uint8Array, at: number): number;
  /** Looks at the whole file before it is opened; one that is not sound is not there. */
  sound?(): boolean;
}

/** Something that can be written from start to end as well; fewer bytes than were given are a failure. */
export interface WritableFile extends ReadableFile {
  write(bytes: Uint8Array, at: number): number;
}

const SUCCESS = 0;
const BAD_FILE = 8;
const FAILED = 29;
const NO_ENTRY = 44;
const NOT_SUPPORTED = 52;

const DIRECTORY = 3;
const REGULAR_FILE = 4;
const CHARACTER_DEVICE = 2;
const STDERR = 2;
/** The one folder; its files are "/<name>". */
const ROOT = 3;
const FIRST_FILE = 4;

type SystemCall = (...values: never[]) => number;

/** Thrown when the program ends itself; the instance is unusable then. */
export class ProgramExit extends Error {
  constructor(readonly code: number) {
    super(`the engine ended itself with code ${code}`);
  }
}

export class Wasi {
  private readonly open = new Map<number, { file: ReadableFile | WritableFile; at: number }>();
  private lastHandle = FIRST_FILE;
  private line = '';
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly files: ReadonlyMap<string, ReadableFile | WritableFile>,
    private readonly onLine: (line: string) => void,
  ) {}

  /** Everything the module imports from WASI. */
  imports(module: WebAssembly.Module): Record<string, SystemCall> {
    const calls = this.calls() as Record<string, SystemCall>;
    const wanted = WebAssembly.Module.imports(module).filter(({ module: from }) => from === 'wasi_snapshot_preview1');
    return Object.fromEntries(wanted.map(({ name }) => [name, calls[name] ?? (() => NOT_SUPPORTED)]));
  }

  private get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  private bytes(start: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, start >>> 0, length >>> 0);
  }

  /** The pieces of memory that a list of `count` vectors names. */
  private vectors(list: number, count: number): Uint8Array[] {
    const { view } = this;
    return Array.from({ length: count }, (_, index) => {
      const at = (list >>> 0) + 8 * index;
      return this.bytes(view.getUint32(at, true), view.getUint32(at + 4, true));
    });
  }

  private calls() {
    return {
      environ_sizes_get: (count: number, size: number) => {
        this.view.setUint32(count >>> 0, 0, true);
        this.view.setUint32(size >>> 0, 0, true);
        return SUCCESS;
      },
      environ_get: () => SUCCESS,
      clock_time_get: (id: number, _precision: bigint, result: number) => {
        const milliseconds = id === 0 ? Date.now() : performance.now();
        this.view.setBigUint64(result >>> 0, BigInt(Math.round(milliseconds * 1e6)), true);
        return SUCCESS;
      },
      random_get: (start: number, length: number) => {
        const random = new Uint8Array(Math.min(length, 65_536));
        for (let done = 0; done < length; done += random.length) {
          crypto.getRandomValues(random);
          this.bytes(start + done, Math.min(random.length, length - done)).set(random.subarray(0, length - done));
        }
        return SUCCESS;
      },
      sched_yield: () => SUCCESS,
      proc_exit: (code: number): number => {
        throw new ProgramExit(code);
      },
      fd_prestat_get: (handle: number, result: number) => {
        if (handle !== ROOT) return BAD_FILE;
        this.view.setUint32(result >>> 0, 0, true);
        this.view.setUint32((result >>> 0) + 4, 1, true);
        return SUCCESS;
      },
      fd_prestat_dir_name: (handle: number, start: number, length: number) => {
        if (handle !== ROOT || length < 1) return BAD_FILE;
        this.bytes(start, 1)[0] = 0x2f;
        return SUCCESS;
      },
      fd_fdstat_get: (handle: number, result: number) => {
        const type = this.typeOf(handle);
        if (type === undefined) return BAD_FILE;
        this.bytes(result, 24).fill(0);
        this.view.setUint8(result >>> 0, type);
        this.view.setBigUint64((result >>> 0) + 8, 0xffff_ffffn, true);
        this.view.setBigUint64((result >>> 0) + 16, 0xffff_ffffn, true);
        return SUCCESS;
      },
      fd_filestat_get: (handle: number, result: number) => {
        const type = this.typeOf(handle);
        if (type === undefined) return BAD_FILE;
        this.stat(result, type, this.open.get(handle)?.file.size ?? 0);
        return SUCCESS;
      },
      path_filestat_get: (_folder: number, _flags: number, path: number, length: number, result: number) => {
        const file = this.find(path, length);
        if (!file) return NO_ENTRY;
        this.stat(result, REGULAR_FILE, file.size);
        return SUCCESS;
      },
      path_open: (
        _folder: number,
        _dirflags: number,
        path: number,
        length: number,
        _oflags: number,
        _rights: bigint,
        _inherited: bigint,
        _flags: number,
        result: number,
      ) => {
        const file = this.find(path, length);
        if (!file || file.sound?.() === false) return NO_ENTRY;
        const handle = ++this.lastHandle;
        this.open.set(handle, { file, at: 0 });
        this.view.setUint32(result >>> 0, handle, true);
        return SUCCESS;
      },
      fd_close: (handle: number) => (this.open.delete(handle) ? SUCCESS : BAD_FILE),
      fd_read: (handle: number, list: number, count: number, result: number) => {
        const entry = this.open.get(handle);
        if (!entry) return BAD_FILE;
        let done = 0;
        for (const piece of this.vectors(list, count)) {
          const came = entry.file.read(piece, entry.at);
          entry.at += came;
          done += came;
          if (came < piece.length) break;
        }
        this.view.setUint32(result >>> 0, done, true);
        return SUCCESS;
      },
      fd_seek: (handle: number, offset: bigint, whence: number, result: number) => {
        const entry = this.open.get(handle);
        if (!entry) return BAD_FILE;
        entry.at = Number(offset) + [0, entry.at, entry.file.size][whence]!;
        this.view.setBigUint64(result >>> 0, BigInt(entry.at), true);
        return SUCCESS;
      },
      fd_write: (handle: number, list: number, count: number, result: number) => {
        const entry = this.open.get(handle);
        if (handle > STDERR && !(entry && 'write' in entry.file)) return BAD_FILE;
        let done = 0;
        for (const piece of this.vectors(list, count)) {
          if (!entry) this.hear(this.decoder.decode(piece.slice(), { stream: true }));
          else if ((entry.file as WritableFile).write(piece, entry.at) !== piece.length) return FAILED;
          else entry.at += piece.length;
          done += piece.length;
        }
        this.view.setUint32(result >>> 0, done, true);
        return SUCCESS;
      },
    };
  }

  private typeOf(handle: number): number | undefined {
    if (handle <= STDERR) return CHARACTER_DEVICE;
    if (handle === ROOT) return DIRECTORY;
    return this.open.has(handle) ? REGULAR_FILE : undefined;
  }

  private find(path: number, length: number): ReadableFile | WritableFile | undefined {
    return this.files.get(new TextDecoder().decode(this.bytes(path, length).slice()).replace(/^\/+/, ''));
  }

  private stat(result: number, type: number, size: number): void {
    this.bytes(result, 64).fill(0);
    this.view.setUint8((result >>> 0) + 16, type);
    this.view.setBigUint64((result >>> 0) + 32, BigInt(size), true);
  }

  private hear(text: string): void {
    const lines = (this.line + text).split('\n');
    this.line = lines.pop() ?? '';
    for (const line of lines) if (line) this.onLine(line);
  }
}
