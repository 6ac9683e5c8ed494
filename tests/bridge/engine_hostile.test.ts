/** Damaged model files in Cloche's own engine: an error or an answer, never a trap that ends the instance. */

import { expect, test } from 'vitest';
import { startInstance } from '../../js_bridge/engine_instance';
import type { ReadableFile } from '../../js_bridge/wasi';
import { BASE, LONG, LONGEST_MS, STARTER } from './engine_workers';

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

async function ask(module: WebAssembly.Module, weights: Uint8Array, projector: Uint8Array): Promise<'error' | 'answer'> {
  const files = new Map([['weights.gguf', readable(weights)], ['projector.gguf', readable(projector)]]);
  const { exports, memory } = await startInstance(module, files);
  const call = (name: string, request: unknown = {}): { error?: unknown; done?: boolean } => {
    const bytes = new TextEncoder().encode(JSON.stringify(request));
    const at = exports['cloche_input']!(bytes.length) >>> 0;
    new Uint8Array(memory.buffer).set(bytes, at);
    const start = exports[name]!() >>> 0;
    const length = exports['cloche_output_size']!() >>> 0;
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, start, length).slice()));
  };
  const loaded = call('cloche_load', {
    ...{ weights: '/weights.gguf', projector: '/projector.gguf', adapters: [], adapter_scale: 1 },
    ...{ cache_type: 'f16', context_window: 256, threads: 1, fewer_threads: false, batch: 64, vectors: false, pooling: '' },
  });
  if (loaded.error) return 'error';
  const messages = [{ role: 'user', content: 'Hello' }];
  if (call('cloche_chat', { messages, max_tokens: 4, temperature: 0, stream: true }).error) return 'error';
  for (;;) {
    const step = call('cloche_step');
    if (step.error) return 'error';
    if (step.done) return 'answer';
  }
}

test('damaged files are refused or answered from, and both happens', async () => {
  const manifest = await (await fetch(new URL('engine.json', FOLDER))).json();
  const module = await WebAssembly.compileStreaming(fetch(new URL(manifest.files.relaxed, FOLDER)));
  const [weights, projector] = (await Promise.all(
    STARTER.map(async ({ url }) => new Uint8Array(await (await fetch(new URL(url, BASE))).arrayBuffer())),
  )) as [Uint8Array, Uint8Array];
  expect(await ask(module, weights, projector)).toBe('answer');
  const outcomes = new Set<string>();
  for (let i = 0; i < DAMAGED; i++) {
    outcomes.add(await ask(module, i % 2 ? damaged(weights) : weights, i % 2 ? projector : damaged(projector)));
  }
  expect([...outcomes].sort()).toEqual(['answer', 'error']);
}, LONGEST_MS);
