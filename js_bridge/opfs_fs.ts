/**
 * A directory for SQLite whose files are OPFS files that were opened beforehand.
 *
 * Owns the Emscripten file system over `FileSystemSyncAccessHandle`s: reads, writes and flushes go straight to the disk,
 * synchronously, as SQLite wants them. The set of files is fixed (a database and its rollback journal), because OPFS
 * opens files asynchronously and SQLite cannot wait: a file that SQLite deletes is emptied and hidden until it is created
 * again, and an empty file counts as absent at the start. It does not own who may open the files (database_lock.ts).
 */

/** What this file system needs of a `FileSystemSyncAccessHandle`. */
export type SyncFile = Pick<FileSystemSyncAccessHandle, 'read' | 'write' | 'truncate' | 'getSize' | 'flush' | 'close'>;

interface Node {
  id: number;
  mode: number;
  name: string;
  node_ops: object;
  stream_ops: object;
}

interface Stream {
  node: Node;
  position: number;
}

interface Attributes {
  mode?: number;
  size?: number;
  mtime?: number;
}

/** What this file system needs of Emscripten's `FS`. */
export interface EmscriptenFS {
  createNode(parent: object | null, name: string, mode: number, device: number): object;
  mkdirTree(path: string): void;
  mount(type: object, options: object, path: string): object;
  ErrnoError: new (errno: number) => Error;
}

// Emscripten's numbers, which are not Linux's: ENOSPC is what lets SQLite say "database or disk is full".
const ERRNO = { EACCES: 2, EINVAL: 28, EIO: 29, ENOENT: 44, ENOSPC: 51 } as const;

const DIRECTORY_MODE = 0o040777;
const FILE_MODE = 0o100666;
const SEEK_CUR = 1;
const SEEK_END = 2;
const BLOCK = 4096;

/** Opens (and creates where needed) the named files of an OPFS directory; all or none. */
export async function openFiles(directory: FileSystemDirectoryHandle, names: string[]): Promise<Map<string, SyncFile>> {
  const files = new Map<string, SyncFile>();
  try {
    for (const name of names) {
      const handle = await directory.getFileHandle(name, { create: true });
      files.set(name, await handle.createSyncAccessHandle());
    }
  } catch (error) {
    closeFiles(files);
    throw error;
  }
  return files;
}

export function closeFiles(files: Map<string, SyncFile>): void {
  for (const file of files.values()) file.close();
  files.clear();
}

/** Makes `files` appear as the directory `path` of Emscripten's file system. */
export function mountFiles(fs: EmscriptenFS, path: string, files: ReadonlyMap<string, SyncFile>): void {
  fs.mkdirTree(path);
  fs.mount(fileSystem(fs, files), {}, path);
}

function fileSystem(fs: EmscriptenFS, files: ReadonlyMap<string, SyncFile>): object {
  const present = new Set([...files].filter(([, file]) => file.getSize() > 0).map(([name]) => name));
  const born = Date.now();
  const changed = new Map<string, number>();

  /** Runs a file operation; what OPFS throws becomes the number that C code understands. */
  function attempt<T>(operation: () => T): T {
    try {
      return operation();
    } catch (error) {
      if (error instanceof fs.ErrnoError) throw error;
      const full = error instanceof DOMException && error.name === 'QuotaExceededError';
      throw new fs.ErrnoError(full ? ERRNO.ENOSPC : ERRNO.EIO);
    }
  }

  function fileOf(name: string): SyncFile {
    const file = files.get(name);
    if (!file) throw new fs.ErrnoError(ERRNO.EACCES);
    return file;
  }

  function resize(name: string, size: number): void {
    attempt(() => fileOf(name).truncate(size));
    changed.set(name, Date.now());
  }

  const sharedNodeOps = {
    getattr(node: Node) {
      const isDirectory = node.mode === DIRECTORY_MODE;
      const size = isDirectory ? BLOCK : attempt(() => fileOf(node.name).getSize());
      const time = new Date(changed.get(node.name) ?? born);
      const owner = { dev: 1, ino: node.id, mode: node.mode, nlink: 1, uid: 0, gid: 0, rdev: 0 };
      return { ...owner, size, atime: time, mtime: time, ctime: time, blksize: BLOCK, blocks: Math.ceil(size / BLOCK) };
    },
    setattr(node: Node, attributes: Attributes) {
      if (attributes.size !== undefined) resize(node.name, attributes.size);
    },
  };

  /** Listing a directory moves its position, too. */
  function llseek(stream: Stream, offset: number, whence: number): number {
    let position = offset;
    if (whence === SEEK_CUR) position += stream.position;
    if (whence === SEEK_END) position += sharedNodeOps.getattr(stream.node).size;
    if (position < 0) throw new fs.ErrnoError(ERRNO.EINVAL);
    return position;
  }

  const fileStreamOps = {
    llseek,
    read(stream: Stream, memory: Int8Array, offset: number, length: number, position: number): number {
      return attempt(() => fileOf(stream.node.name).read(memory.subarray(offset, offset + length), { at: position }));
    },
    write(stream: Stream, memory: Int8Array, offset: number, length: number, position: number): number {
      changed.set(stream.node.name, Date.now());
      return attempt(() => fileOf(stream.node.name).write(memory.subarray(offset, offset + length), { at: position }));
    },
    fsync(stream: Stream): number {
      attempt(() => fileOf(stream.node.name).flush());
      return 0;
    },
  };

  const directoryOps = {
    ...sharedNodeOps,
    lookup(parent: Node, name: string): object {
      if (!present.has(name)) throw new fs.ErrnoError(ERRNO.ENOENT);
      return node(parent, name, FILE_MODE);
    },
    mknod(parent: Node, name: string): object {
      resize(name, 0);
      present.add(name);
      return node(parent, name, FILE_MODE);
    },
    unlink(_parent: Node, name: string): void {
      resize(name, 0);
      attempt(() => fileOf(name).flush());
      present.delete(name);
    },
    readdir(): string[] {
      return ['.', '..', ...present];
    },
  };

  function node(parent: Node | null, name: string, mode: number): object {
    const isDirectory = mode === DIRECTORY_MODE;
    return Object.assign(fs.createNode(parent, name, mode, 0), {
      node_ops: isDirectory ? directoryOps : sharedNodeOps,
      // SQLite also syncs the directory: nothing to do, since OPFS files exist from the start and unlink flushes.
      stream_ops: isDirectory ? { llseek, fsync: () => 0 } : fileStreamOps,
    });
  }

  return { mount: () => node(null, '/', DIRECTORY_MODE) };
}
