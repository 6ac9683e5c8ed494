/** A worker with Pyodide's SQLite on OPFS, as opfs_fs.test.ts wants it. */
import { afterRelease } from '../../js_bridge/database_lock';
import { closeFiles, mountFiles, openFiles, type EmscriptenFS, type SyncFile } from '../../js_bridge/opfs_fs';
import { Rpc, RpcError } from '../../js_bridge/rpc';

declare const self: DedicatedWorkerGlobalScope;

export interface SqliteMethods {
  /** Opens the files of that OPFS folder and mounts them at /data. */
  open: { params: { folder: string }; result: null };
  /** Runs Python and gives its last value, or fails with the name of the exception as code. */
  python: { params: { code: string }; result: unknown };
  /** A full disk lets files grow by that many bytes more; a broken one fails every write after them. Null mends it. */
  fault: { params: { kind: 'quota' | 'io'; afterBytes: number } | null; result: null };
  close: { params: null; result: null };
}

const modules = import(/* @vite-ignore */ `${location.origin}/python/pyodide.mjs`) as Promise<typeof import('pyodide')>;
const pyodide = modules.then(({ loadPyodide }) => loadPyodide());
let files = new Map<string, SyncFile>();
let fault: SqliteMethods['fault']['params'] = null;

/** The same file, failing on demand. */
function breakable(file: SyncFile): SyncFile {
  let counted = 0;
  const check = (bytes: number, end: number): void => {
    if (!fault) return;
    const counts = fault.kind === 'io' ? bytes : Math.max(0, end - file.getSize());
    if (counts === 0 || (counted += counts) <= fault.afterBytes) return;
    if (fault.kind === 'quota') throw new DOMException('The disk is full.', 'QuotaExceededError');
    throw new DOMException('The disk is broken.', 'InvalidStateError');
  };
  return {
    read: (buffer, options) => file.read(buffer, options),
    write: (buffer, options) => {
      check(buffer.byteLength, (options?.at ?? 0) + buffer.byteLength);
      return file.write(buffer, options);
    },
    truncate: (size) => file.truncate(size),
    getSize: () => file.getSize(),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}

/** Resolves when every worker before this one has let go of the folder. An ended one does so at its end, not at once. */
function lock(folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const hold = (): Promise<never> => {
      resolve();
      return new Promise(() => undefined);
    };
    navigator.locks.request(folder, hold).catch(reject);
  });
}

new Rpc<{}, SqliteMethods>(self).serve({
  open: async ({ folder }) => {
    await lock(folder);
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(folder, { create: true });
    files = await afterRelease(() => openFiles(directory, ['app.db', 'app.db-journal']));
    const python = await pyodide;
    const mounted = new Map([...files].map(([name, file]) => [name, breakable(file)]));
    mountFiles(python.FS as unknown as EmscriptenFS, '/data', mounted);
    return null;
  },
  python: async ({ code }) => {
    const python = await pyodide;
    python.globals.set('code', code);
    const answer = python.runPython(`
import ast, json
def run(code):
    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    try:
        exec(compile(tree, "test", "exec"), globals())
        return json.dumps({"value": eval(compile(last, "test", "eval"), globals()) if last else None}, default=str)
    except Exception as error:
        return json.dumps({"error": type(error).__name__, "message": str(error)})
run(code)
`) as string;
    const { value, error, message } = JSON.parse(answer) as { value: unknown; error?: string; message?: string };
    if (error) throw new RpcError(error, message ?? '');
    return value;
  },
  fault: (wanted) => {
    fault = wanted;
    return null;
  },
  close: () => {
    closeFiles(files);
    return null;
  },
});
