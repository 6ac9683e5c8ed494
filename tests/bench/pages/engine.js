// What the benchmark asks of the llamacpp worker by hand, without Python and without the app's page.

const policy = globalThis.trustedTypes?.createPolicy('cloche', { createScriptURL: (url) => url });

function link(url) {
  const worker = new Worker(policy?.createScriptURL(url) ?? url, { type: 'module' });
  const calls = new Map();
  let lastId = 0;
  worker.onmessage = ({ data }) => {
    const call = calls.get(data.id);
    if (!call || data.chunks) return;
    calls.delete(data.id);
    if (data.error) call.reject(new Error(`${data.error.code}: ${data.error.message}`));
    else call.resolve(data.result);
  };
  const call = (method, params) => {
    const id = ++lastId;
    worker.postMessage({ id, method, params });
    return new Promise((resolve, reject) => calls.set(id, { resolve, reject }));
  };
  return { call, end: () => worker.terminate() };
}

let call;
let end;
/** How a worker was started last, and with which files. */
let workerUrl;
let files;

/** Starts the worker and loads a model that the server has, from this device's disk where there is one; what runs. */
async function load(worker, downloads, base_url, wanted) {
  workerUrl = worker;
  files = wanted;
  const request = { model_id: 'bench', base_url, files };
  const keeper = link(downloads);
  const { kept } = await keeper.call('files.fetch', request);
  ({ call, end } = link(workerUrl));
  if (!kept) await call('files.take', { model_id: 'bench', names: files.map(({ name }) => name) });
  keeper.end();
  return start();
}

function start() {
  const options = { threads: 1 };
  return call('model.load', { model_id: 'bench', files, context_window: 2048, purpose: 'chat', options });
}

/** The same with a new worker, as after a reload; what runs. What the one before has read is kept if it can be. */
async function reload() {
  await call('model.unload', {});
  end();
  ({ call, end } = link(workerUrl));
  return start();
}

/** Prompt and answer of one request: tokens and milliseconds of each; nothing of the prompt was read before. */
async function ask(content, max_tokens) {
  const request = { messages: [{ role: 'user', content }], max_tokens, temperature: 0 };
  const { usage, timings } = await call('chat.complete', request);
  return {
    prompt_tokens: usage.prompt_tokens - usage.cached_tokens,
    prompt_ms: timings.prompt_ms,
    first_token_ms: timings.time_to_first_token_ms,
    tokens_per_second: timings.tokens_per_second,
    image_ms: timings.image_ms,
    total_ms: timings.total_ms,
  };
}

/** A picture of noise, different each time, so that nothing of it is known. */
async function picture(size) {
  const canvas = new OffscreenCanvas(size, size);
  const brush = canvas.getContext('2d');
  const pixels = brush.createImageData(size, size);
  for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
  brush.putImageData(pixels, 0, 0);
  return new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
}

async function see(size) {
  return ask([{ type: 'image', data: await picture(size) }, { type: 'text', text: 'Describe what you see.' }], 8);
}

globalThis.bench = { load, reload, ask, see };
