/**
 * A page that does nothing but start the app's downloads worker and call it, without the app around it.
 *
 * Owns no expectations: `downloads` is what test_downloads.py drives.
 */
const policy = trustedTypes.createPolicy('cloche', { createScriptURL: (address) => address });
const calls = new Map();
let lastId = 0;

/** Registers the app's service worker and waits until it controls this page. */
async function controlled() {
  const { serviceWorker } = navigator;
  if (!serviceWorker.controller) {
    const changed = new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
    await serviceWorker.register(policy.createScriptURL('../sw.js'));
    await changed;
  }
}

/** Says from where downloads may come. */
async function allow(origins) {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const told = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  active.postMessage({ type: 'set-open-origins', purpose: 'downloads', origins }, [port2]);
  return told;
}

/** Starts a worker for one call; the number by which both go on. */
function open(script) {
  const id = ++lastId;
  const worker = new Worker(policy.createScriptURL(script), { type: 'module' });
  const call = { worker, progress: [], heard: new EventTarget() };
  call.answer = new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.id !== 1) return;
      if (data.chunks) call.progress.push(...data.chunks);
      else resolve(data.error ? { error: data.error } : { result: data.result });
      call.heard.dispatchEvent(new Event('heard'));
    };
    worker.onerror = ({ message }) => resolve({ error: { code: 'worker', message } });
  });
  void call.answer.then(() => worker.terminate());
  calls.set(id, call);
  return id;
}

function send(id, method, params) {
  const { worker, answer } = calls.get(id);
  worker.postMessage({ id: 1, method, params });
  return answer;
}

/** One call of several to the same worker. */
function sendOnce(id, method, params) {
  const { worker } = calls.get(id);
  const number = ++lastId;
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', function hear({ data }) {
      if (data.id !== number || data.chunks) return;
      worker.removeEventListener('message', hear);
      if (data.error) reject(new Error(data.error.message));
      else resolve(data.result);
    });
    worker.postMessage({ id: number, method, params });
  });
}

function begin(script, method, params) {
  const id = open(script);
  void send(id, method, params);
  return id;
}

/** Resolves when the call has reported progress that is `wanted`; rejects when it never does. */
async function until(id, wanted) {
  const { progress, heard } = calls.get(id);
  const never = AbortSignal.timeout(20_000);
  while (!progress.some(wanted)) {
    await new Promise((resolve, reject) => {
      heard.addEventListener('heard', resolve, { once: true });
      never.addEventListener('abort', () => reject(new Error(`Only ${JSON.stringify(progress.at(-1))} came.`)));
    });
  }
}

const loaded = (id, bytes) => until(id, (each) => each.loaded_bytes >= bytes);
const stage = (id, name) => until(id, (each) => each.stage === name);

async function folderOf(modelId) {
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
  return models.getDirectoryHandle(modelId);
}

/** The names of everything that is there of a model. */
async function names(modelId) {
  const found = [];
  try {
    for await (const name of (await folderOf(modelId)).keys()) found.push(name);
  } catch {
    // Nothing is there.
  }
  return found.sort();
}

async function bytesOf(modelId, name) {
  return new Uint8Array(await (await (await (await folderOf(modelId)).getFileHandle(name)).getFile()).arrayBuffer());
}

async function sha256(modelId, name) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await bytesOf(modelId, name)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Turns one byte of a file over. */
async function flip(modelId, name, at) {
  const bytes = await bytesOf(modelId, name);
  bytes[at] ^= 0xff;
  const writable = await (await (await folderOf(modelId)).getFileHandle(name)).createWritable();
  await writable.write(bytes);
  await writable.close();
}

globalThis.downloads = {
  open,
  send,
  sendOnce,
  controlled,
  allow,
  begin,
  loaded,
  stage,
  names,
  sha256,
  flip,
  answer: (id) => calls.get(id).answer,
  call: (script, method, params) => calls.get(begin(script, method, params)).answer,
  kill: (id) => calls.get(id).worker.terminate(),
  abort: (id) => calls.get(id).worker.postMessage({ id: 1, abort: true }),
  stages: (id) => [...new Set(calls.get(id).progress.map((each) => each.stage))],
  importBytes: (script, model_id, name, bytes) =>
    calls.get(begin(script, 'file.import', { model_id, name, file: new File([Uint8Array.from(bytes)], name) })).answer,
};
