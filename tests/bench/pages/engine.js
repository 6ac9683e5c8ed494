// What the benchmark asks of the llamacpp worker by hand, without Python and without the app's page.

const policy = globalThis.trustedTypes?.createPolicy('cloche', { createScriptURL: (url) => url });

function link(url) {
  const worker = new Worker(policy?.createScriptURL(url) ?? url, { type: 'module' });
  const calls = new Map();
  let lastId = 0;
  worker.onmessage = ({ data }) => {
    const call = calls.get(data.id);
    if (!call) return;
    if (data.chunks) {
      call.hear?.(data.chunks);
      return;
    }
    calls.delete(data.id);
    if (data.error) call.reject(new Error(`${data.error.code}: ${data.error.message}`));
    else call.resolve(data.result);
  };
  const call = (method, params, hear) => {
    const id = ++lastId;
    worker.postMessage({ id, method, params });
    return new Promise((resolve, reject) => calls.set(id, { resolve, reject, hear }));
  };
  return { call, end: () => worker.terminate() };
}

let call;
let end;
/** How a worker was started last, with which files, and with how many threads. */
let workerUrl;
let files;
let threads;

/** Starts the worker and loads a model that the server has, from this device's disk where there is one; what runs. */
async function load(worker, downloads, base_url, wanted, count) {
  workerUrl = worker;
  files = wanted;
  threads = count;
  const request = { model_id: 'bench', base_url, files };
  const keeper = link(downloads);
  const { kept } = await keeper.call('files.fetch', request);
  ({ call, end } = link(workerUrl));
  if (!kept) await call('files.take', { model_id: 'bench', names: files.map(({ name }) => name) });
  keeper.end();
  return start();
}

function start() {
  const options = { threads };
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
  return told(await call('chat.complete', { messages: [{ role: 'user', content }], max_tokens, temperature: 0 }));
}

/** The same of a short second question, after one that has been answered. */
async function askAgain(content, max_tokens) {
  const messages = [{ role: 'user', content }];
  const { text } = await call('chat.complete', { messages, max_tokens, temperature: 0 });
  messages.push({ role: 'assistant', content: text }, { role: 'user', content: 'And now?' });
  return told(await call('chat.complete', { messages, max_tokens, temperature: 0 }));
}

function told({ usage, timings }) {
  return {
    prompt_tokens: usage.prompt_tokens - usage.cached_tokens,
    prompt_ms: timings.prompt_ms,
    first_token_ms: timings.time_to_first_token_ms,
    tokens_per_second: timings.tokens_per_second,
    image_ms: timings.image_ms,
    total_ms: timings.total_ms,
  };
}

/** A picture of noise in base64, different each time, so that nothing of it is known. */
async function noise(size) {
  const canvas = new OffscreenCanvas(size, size);
  const brush = canvas.getContext('2d');
  const pixels = brush.createImageData(size, size);
  for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
  brush.putImageData(pixels, 0, 0);
  const picture = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
  return btoa(Array.from(picture, (byte) => String.fromCharCode(byte)).join(''));
}

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** What will be asked about. */
let picture;

function show(base64) {
  picture = bytes(base64);
}

async function see() {
  return ask([{ type: 'image', data: picture }, { type: 'text', text: 'Describe what you see.' }], 8);
}

/** The text of a greedy answer and its tool calls; pictures in base64. */
async function answer(messages, tools, max_tokens) {
  const decoded = messages.map(({ role, content, images }) => ({
    role,
    content: images.length === 0 ? content : [
      ...images.map((image) => ({ type: 'image', data: bytes(image) })),
      { type: 'text', text: content },
    ],
  }));
  const { text, tool_calls } = await call('chat.complete', { messages: decoded, tools, max_tokens, temperature: 0 });
  return { text, tool_calls };
}

/** The engine's own thread, without what the app has around it. */
let thread;

/** Starts it with files of these addresses; the first one holds the weights, the second, if any, what sees. */
async function open(worker, code, urls, context_window) {
  thread = link(worker);
  const files = await Promise.all(urls.map(async (url, i) => ({ name: `${i}.gguf`, file: await (await fetch(url)).blob(), handle: undefined })));
  const projector = urls.length > 1 ? '/1.gguf' : '';
  await thread.call('load', {
    module: await WebAssembly.compileStreaming(fetch(code)),
    files,
    stop: new Int32Array(1),
    helpers: 0,
    prompts: undefined,
    request: {
      ...{ weights: '/0.gguf', projector, adapters: [], adapter_scale: 1, cache_type: 'f16', context_window },
      ...{ threads: 1, fewer_threads: false, batch: 512, vectors: false, pooling: '' },
    },
  });
}

/** What is told of each token of a greedy answer, among it the likeliest tokens at its place. */
async function likeliest(request, top_logprobs) {
  const steps = [];
  await thread.call('chat', { temperature: 0, stream: true, logprobs: true, top_logprobs, ...request }, (chunks) => steps.push(...chunks));
  return steps.flatMap(({ chunks }) => chunks).flatMap(({ choices }) => choices?.[0]?.logprobs?.content ?? []);
}

/**
 * Log-probabilities of every token as the first of the answer, by the token's number. The likeliest may be a part of a
 * letter, which is not told: the answer is dictated.
 */
async function logits(content, vocabulary) {
  const [first] = await likeliest({ messages: [{ role: 'user', content }], grammar: 'root ::= " "', max_tokens: 1 }, vocabulary);
  const found = new Array(vocabulary).fill(null);
  for (const { id, logprob } of first.top_logprobs) found[id] = logprob;
  return found;
}

/** An answer that a grammar dictates: the number of each of its tokens, and of the one that was likeliest there. */
async function dictated(messages, text) {
  const told = await likeliest({ messages, grammar: `root ::= ${JSON.stringify(text)}` }, 1);
  return told.map(({ id, top_logprobs }) => [id, top_logprobs[0].id]);
}

globalThis.bench = { load, reload, ask, askAgain, noise, show, see, answer, open, logits, dictated };
