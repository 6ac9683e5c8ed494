// What the benchmark drives by hand: bare Pyodide, wllama without the app, and the app's Python worker without its page.
// Times are milliseconds of this page's clock, which starts at navigation.

import { TokenClock } from './token_clock.js';

const policy = globalThis.trustedTypes?.createPolicy('cloche', { createScriptURL: (url) => url });
const startWorker = (url) => new Worker(policy?.createScriptURL(url) ?? url, { type: 'module' });

/** From navigation to the first answer of a bare Pyodide. */
async function bareBoot() {
  const worker = startWorker('bare_pyodide.worker.js');
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
  });
  const took = performance.now();
  worker.terminate();
  return took;
}

/** wllama without the app; `decodeDirectly` then gives tokens a second, `describeDirectly` describes a film. */
function loadDirectly(...load) {
  return drive('direct.worker.js', load);
}

/** WebLLM without the app, in the same way. */
function loadWebLlmDirectly(...load) {
  return drive('direct_webllm.worker.js', load);
}

async function drive(script, load) {
  const worker = startWorker(script);
  const order = (message) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(message);
  });
  bench.decodeDirectly = (...decode) => order({ decode });
  bench.describeDirectly = (...describe) => order({ describe });
  await order({ load });
}

/** The app's Python worker; resolves when its model is ready. */
async function startCloche(workerUrl, base) {
  const worker = startWorker(workerUrl);
  const calls = new Map();
  const listeners = new Set();
  let lastId = 0;
  worker.onmessage = ({ data }) => {
    for (const [name, fact] of data.events ?? []) for (const listen of listeners) listen(name, fact);
    const call = calls.get(data.id);
    if (!call) return;
    calls.delete(data.id);
    if (data.error) call.reject(new Error(`${data.error.code}: ${data.error.message}`));
    else call.resolve(data.result);
  };
  bench.call = (method, params) => {
    const id = ++lastId;
    worker.postMessage({ id, method, params });
    return new Promise((resolve, reject) => calls.set(id, { resolve, reject }));
  };
  /** Resolves with the first thing that `look` returns for an event. */
  bench.event = (look) => new Promise((resolve) => {
    const listen = (name, fact) => {
      const seen = look(name, fact);
      if (seen === undefined) return;
      listeners.delete(listen);
      resolve(seen);
    };
    listeners.add(listen);
  });
  const outcome = bench.event((name, { state, model, error }) => {
    if (name === 'boot:failed' || state === 'failed') return error?.message ?? 'The start failed.';
    return (name === 'model:status' && state === 'ready') || model?.state === 'ready' ? 'ready' : undefined;
  });
  worker.postMessage({ boot: { base_url: base } });
  if ((await outcome) !== 'ready') throw new Error(await outcome);
}

async function newSession(parameters = {}) {
  const { id, parameters: defaults } = await bench.call('session.create', {});
  await bench.call('session.set_parameters', { session_id: id, parameters: { ...defaults, ...parameters } });
  return id;
}

/** Sends a message and waits for the end of its answer; the text arrives through Python as the page would get it. */
async function answer(session_id, text) {
  const clock = new TokenClock();
  const done = bench.event((name, fact) => {
    if (fact.session_id !== session_id && fact.message?.session_id !== session_id) return undefined;
    if (name === 'content_block:delta') clock.tick();
    const { role, status, usage } = fact.message ?? {};
    if (role !== 'assistant' || status === 'streaming') return undefined;
    clock.tokens = usage?.completion_tokens ?? 0;
    return status;
  });
  await bench.call('message.send', { session_id, text, images: [] });
  const status = await done;
  if (status !== 'complete') throw new Error(`The answer ended as "${status}".`);
  return { tokens: clock.tokens, rate: clock.rate(), first: clock.first, last: clock.last, end: performance.now() };
}

/** Tokens a second between the first and the last token, as the page's port gets them from Python. */
async function decodeThroughPython(text, max_tokens) {
  return (await answer(await newSession({ max_tokens, temperature: 0 }), text)).rate;
}

/** Milliseconds from the first token to the end of the answer, for an engine that costs nothing. */
async function carry(tokens) {
  const { first, end } = await answer(await newSession(), `Say ${tokens} words`);
  return end - first;
}

/** Commands that each commit one transaction: milliseconds for all, one after another. */
async function commit(count) {
  const session_id = await newSession();
  const start = performance.now();
  for (let i = 0; i < count; i++) await bench.call('session.rename', { session_id, title: `Title ${i}` });
  return performance.now() - start;
}

/** A conversation of `count` messages. */
async function converse(count) {
  const id = await newSession();
  for (let i = 0; i < count / 2; i++) await answer(id, `Say 12 words, number ${i}.`);
  await bench.call('session.rename', { session_id: id, title: 'A long conversation' });
  return id;
}

/** One picture through the Live view's commands; what its description took. */
async function describe(picture, size, system_prompt) {
  const settings = await bench.call('live.settings', {});
  await bench.call('live.configure', { ...settings, system_prompt });
  const image = { bytes: new Uint8Array(picture), mime: 'image/png', width: size, height: size };
  return (await bench.call('live.frame', { images: [image] })).description;
}

async function open(session_id) {
  const start = performance.now();
  const { messages } = await bench.call('session.open', { session_id });
  return { ms: performance.now() - start, messages: messages.length };
}

globalThis.bench = { bareBoot, loadDirectly, loadWebLlmDirectly, startCloche, decodeThroughPython, carry, commit, converse, describe, open };
