/** Python behind the real bridge, with bridge_app.py as its app and echo.worker.ts as its engine. */
import type { PyodideAPI } from 'pyodide';
import { BootDownloads } from '../../js_bridge/boot_downloads';
import type { Commands, Events } from '../../js_bridge/contract.gen';
import { PythonBridge } from '../../js_bridge/python_bridge';
import { Rpc } from '../../js_bridge/rpc';
import browser from '../../py_app/cloche/host/browser.py?raw';
import app from './bridge_app.py?raw';

declare const self: DedicatedWorkerGlobalScope;

const page = new Rpc<{}, Commands, Events>(self);
const bridge = boot();
page.serve(async (method, params, { signal }) => {
  if (method === 'test.references') return references();
  return (await bridge).request(method, params, signal);
});

let python: PyodideAPI;

async function boot(): Promise<PythonBridge> {
  const folder = `${location.origin}/python/`;
  const downloads = new BootDownloads(folder, () => undefined);
  const lock = await downloads.lock();
  const { loadPyodide } = await downloads.module<typeof import('pyodide')>('pyodide.mjs');
  python = await loadPyodide({ indexURL: folder });
  const extractDir = python.runPython('import site; site.getsitepackages()[0]') as string;
  for (const { data } of await downloads.wheels(lock, 'cloche')) python.unpackArchive(data, 'wheel', { extractDir });
  python.FS.writeFile(`${extractDir}/cloche/host/browser.py`, browser);
  python.FS.writeFile(`${extractDir}/cloche/app.py`, app);
  python.runPython('import pathlib, cloche\nfor cached in pathlib.Path(cloche.__file__).parent.rglob("*.pyc"): cached.unlink()');
  const engine = () => new Worker(new URL('./echo.worker.ts', import.meta.url), { type: 'module' });
  const surroundings = { baseUrl: `${location.origin}/`, database: ':memory:', durable: false, reason: 'a test' };
  const workers = { llamacpp: engine, webllm: engine, downloads: engine, device: engine, sandbox: engine, remote: engine, browser: engine };
  const started = new PythonBridge(surroundings, page, workers);
  const module = python.pyimport('cloche.host.browser');
  const failure = (await module.start(started)) as string;
  if (failure) throw new Error(failure);
  return started;
}

/** How many JavaScript objects Python holds, after a collection. */
async function references(): Promise<number> {
  await bridge;
  python.runPython('import gc; gc.collect()');
  const module = (python as unknown as { _module: { _hiwire_num_refs(): number } })._module;
  return module._hiwire_num_refs();
}
