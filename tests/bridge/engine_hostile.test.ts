/** Damaged model files and pictures in Cloche's own engine: an error or an answer, never a trap that ends the instance. */

import { expect, test } from 'vitest';
import { startInstance } from '../../js_bridge/engine_instance';
import type { ReadableFile } from '../../js_bridge/wasi';
import { BASE, circle, LONG, LONGEST_MS, STARTER } from './engine_workers';

const FOLDER = new URL('/engine/', location.href);
const DAMAGED = LONG ? 10_000 : 40;
/** Where a file's header is, which decides how the rest is read. */
const HEADER_BYTES = 40_000;

let seed = 7;
function random(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function readable(bytes: Uint8Array): ReadableFile {
  const read = (into: Uint8Array, at: number): number => {
    const piece = bytes.subarray(at, at + into.length);
    into.set(piece);
    return piece.length;
  };
  return { size: bytes.length, read };
}

/** A copy with one to four bytes changed, most of them in the header. */
function damaged(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let left = 1 + random(4); left > 0; left--) {
    copy[random(random(3) > 0 ? Math.min(HEADER_BYTES, copy.length) : copy.length)] = random(256);
  }
  return copy;
}

type Call = (name: string, request?: unknown) => { error?: { message: string; fatal?: boolean }; done?: boolean };

/** An instance with these files, not loaded. */
async function instance(module: WebAssembly.Module, weights: Uint8Array, projector: Uint8Array): Promise<Call> {
  const files = new Map([['weights.gguf', readable(weights)], ['projector.gguf', readable(projector)]]);
  const { exports, memory } = await startInstance(module, files);
  return (name, request = {}) => {
    const bytes = new TextEncoder().encode(JSON.stringify(request));
    const at = exports['cloche_input']!(bytes.length) >>> 0;
    new Uint8Array(memory.buffer).set(bytes, at);
    const start = exports[name]!() >>> 0;
    const length = exports['cloche_output_size']!() >>> 0;
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, start, length).slice()));
  };
}

type Outcome = 'error' | 'answer';

const LOAD = {
  ...{ weights: '/weights.gguf', projector: '/projector.gguf', adapters: [], adapter_scale: 1 },
  ...{ cache_type: 'f16', context_window: 256, threads: 1, fewer_threads: false, batch: 64, vectors: false, pooling: '' },
};

function load(call: Call): Outcome {
  return call('cloche_load', LOAD).error ? 'error' : 'answer';
}

function ask(call: Call, content: unknown, more: Record<string, unknown> = {}): Outcome {
  const request = { messages: [{ role: 'user', content }], max_tokens: 4, temperature: 0, stream: true, ...more };
  if (call('cloche_chat', request).error) return 'error';
  for (;;) {
    const step = call('cloche_step');
    if (step.error) return 'error';
    if (step.done) return 'answer';
  }
}

async function engineAndModel(): Promise<[WebAssembly.Module, Uint8Array, Uint8Array]> {
  const manifest = await (await fetch(new URL('engine.json', FOLDER))).json();
  const module = await WebAssembly.compileStreaming(fetch(new URL(manifest.files.relaxed, FOLDER)));
  const [weights, projector] = (await Promise.all(
    STARTER.map(async ({ url }) => new Uint8Array(await (await fetch(new URL(url, BASE))).arrayBuffer())),
  )) as [Uint8Array, Uint8Array];
  return [module, weights, projector];
}

test('damaged files are refused or answered from, and both happens', async () => {
  const [module, weights, projector] = await engineAndModel();
  const outcome = async (...files: [Uint8Array, Uint8Array]): Promise<Outcome> => {
    const call = await instance(module, ...files);
    return load(call) === 'error' ? 'error' : ask(call, 'Hello');
  };
  expect(await outcome(weights, projector)).toBe('answer');
  const outcomes = new Set<string>();
  for (let i = 0; i < DAMAGED; i++) {
    outcomes.add(await (i % 2 ? outcome(damaged(weights), projector) : outcome(weights, damaged(projector))));
  }
  expect([...outcomes].sort()).toEqual(['answer', 'error']);
}, LONGEST_MS);

test('an assertion that fails is told in its words, and nothing is asked of the engine after it', async () => {
  const [module, weights, projector] = await engineAndModel();
  const token = [1, 0, 0, 0, 0, 0, 0, 0, 'a'.charCodeAt(0)]; // Its length, and what it says.
  const at = weights.findIndex((_, start) => token.every((byte, i) => weights[start + i] === byte));
  weights[at + token.length - 1] = 'b'.charCodeAt(0); // Of which there is one already.
  const call = await instance(module, weights, projector);
  const { error } = call('cloche_load', LOAD);
  expect(error).toMatchObject({ message: expect.stringContaining('GGML_ASSERT(id_to_token.size()'), fatal: true });
  expect(call('cloche_cancel').error).toEqual(error);
}, LONGEST_MS);

test('damaged pictures are refused or looked at, and the instance goes on', async () => {
  const [module, ...files] = await engineAndModel();
  const call = await instance(module, ...files);
  expect(load(call)).toBe('answer');
  const look = (bytes: Uint8Array): Outcome => {
    const url = `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`;
    return ask(call, [{ type: 'image_url', image_url: { url } }, { type: 'text', text: 'Describe what you see.' }]);
  };
  const sound = await Promise.all(['image/png', 'image/jpeg'].map((type) => circle('red', 64, 48, type)));
  const outcomes = new Set<string>();
  for (let i = 0; i < DAMAGED; i++) {
    const picture = damaged(sound[i % 2]!);
    outcomes.add(look(i % 5 ? picture : picture.subarray(0, random(picture.length))));
  }
  expect([...outcomes].sort()).toEqual(['answer', 'error']);
  expect(sound.map(look)).toEqual(['answer', 'answer']);
}, LONGEST_MS);

test('likelihoods of all tokens can be told, also of those that are parts of characters', async () => {
  const [module, ...files] = await engineAndModel();
  const call = await instance(module, ...files);
  expect(load(call)).toBe('answer');
  expect(ask(call, 'Hello', { logprobs: true, top_logprobs: 1280 })).toBe('answer');
}, LONGEST_MS);
