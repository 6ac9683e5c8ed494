/** Python that a model wrote: it calculates, and reaches nothing. Each piece of code has a worker of its own. */
import { afterEach, describe, expect, test } from 'vitest';
import type { RunResult, Workers } from '../../js_bridge/contract.gen';
import { Rpc, RpcError } from '../../js_bridge/rpc';

const MEMORY_BYTES = 256 * 1024 * 1024;
const STOPPED_WITHIN_MS = 300;
const workers: Worker[] = [];

afterEach(() => workers.splice(0).forEach((worker) => worker.terminate()));

async function started(): Promise<{ worker: Worker; rpc: Rpc<Workers['sandbox']> }> {
  const worker = new Worker(new URL('../../js_bridge/sandbox.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  const rpc = new Rpc<Workers['sandbox']>(worker);
  await rpc.call('sandbox.start', { base_url: `${location.origin}/`, memory_bytes: MEMORY_BYTES });
  return { worker, rpc };
}

async function run(code: string): Promise<RunResult> {
  const { rpc } = await started();
  return rpc.call('sandbox.run', { code });
}

describe('Python in the sandbox', () => {
  test('gives output, value, traceback and figures', async () => {
    const { output, value, error, figures } = await run(
      'import statistics, plot\nprint("mean", statistics.mean([1, 2, 6]))\nplot.line([1, 2], [3, 4], title="t")\n6 * 7',
    );
    expect({ output, value, error }).toEqual({ output: 'mean 3\n', value: '42', error: '' });
    expect(figures).toHaveLength(1);
    expect((await run('1 / 0')).error).toContain('ZeroDivisionError: division by zero');
  });

  test('finds no way out to import, and no files of the app', async () => {
    const { value } = await run(`
import importlib
def way_out(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
names = "js pyodide pyodide_js pyodide.ffi pyodide.code _pyodide _pyodide_core micropip socket urllib.request http.client"
[name for name in names.split() if way_out(name)]`);
    expect(value).toBe('[]');
    expect((await run('open("/data/app.db")')).error).toContain('FileNotFoundError');
  });

  test('even JavaScript objects that are found lead nowhere', async () => {
    // The worst case: code that dug up the interpreter's way to JavaScript.
    const dug = `
import gc, json
found = [o for o in gc.get_objects() if type(o).__name__ == "JsProxy"]
names = ["fetch", "XMLHttpRequest", "WebSocket", "indexedDB", "caches", "Worker", "importScripts", "BroadcastChannel"]
reached = []
for o in found:
    for name in names:
        if getattr(o, name, None) is not None:
            reached.append(name)
    navigator = getattr(o, "navigator", None)
    if navigator is not None and getattr(navigator, "storage", None) is not None:
        reached.append("storage")
json.dumps(reached)`;
    expect((await run(dug)).value).toBe("'[]'");
  });

  test('takes no more memory than it may', async () => {
    const { error } = await run('hoard = []\nwhile True: hoard.append(bytearray(8 * 1024 * 1024))');
    expect(error).toContain('MemoryError');
  });

  test('is stopped at once however busy it is', async () => {
    const { worker, rpc } = await started();
    const running = rpc.call('sandbox.run', { code: 'while True: pass' });
    const began = performance.now();
    worker.terminate();
    rpc.close(new RpcError('engine_crashed', 'The sandbox was ended.'));
    await expect(running).rejects.toThrow('ended');
    expect(performance.now() - began).toBeLessThan(STOPPED_WITHIN_MS);
  });
});
