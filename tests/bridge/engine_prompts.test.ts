/** What Cloche's engine has read outlives it: kept in OPFS, brought back by the next instance, never trusted blindly. */

import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChatMessage, ChatRequest, Completion } from '../../js_bridge/contract.gen';
import {
  ask,
  CARD,
  circle,
  clearStorage,
  type EngineLink,
  fetchStarter,
  loadOf,
  STARTER,
  startDownloads,
  startEngine,
  stopWorkers,
  withPicture,
  words,
} from './engine_workers';

vi.setConfig({ testTimeout: 180_000 }); // Each test starts several engines.

const LONG = ask(`Do you remember? ${words(200)}`, { max_tokens: 12 });

beforeEach(async () => {
  stopWorkers();
  await clearStorage();
  await fetchStarter();
});
afterAll(stopWorkers);

/** An engine as after a reload. */
async function started(more: Partial<ReturnType<typeof loadOf>['options']> = {}): Promise<EngineLink> {
  stopWorkers();
  const engine = startEngine();
  const load = loadOf();
  await engine.call('model.load', { ...load, options: { ...load.options, ...more } });
  return engine;
}

/** Asks, and lets the engine keep what it has read. */
async function askAndUnload(engine: EngineLink, ...requests: ChatRequest[]): Promise<Completion> {
  let last: Completion | undefined;
  for (const request of requests) last = await engine.call('chat.complete', request);
  await engine.call('model.unload', {});
  return last as Completion;
}

function next(request: ChatRequest, answer: Completion, text: string): ChatRequest {
  const said: ChatMessage = { role: 'assistant', content: answer.text, tool_calls: null, tool_call_id: null };
  return { ...request, messages: [...request.messages, said, ...ask(text).messages] };
}

async function kept(): Promise<FileSystemFileHandle[]> {
  const root = await navigator.storage.getDirectory();
  const prompts = await root.getDirectoryHandle('prompts').catch(() => undefined);
  const folder = await prompts?.getDirectoryHandle('starter').catch(() => undefined);
  const files: FileSystemFileHandle[] = [];
  for await (const entry of folder?.values() ?? []) files.push(entry as FileSystemFileHandle);
  return files;
}

async function change(handle: FileSystemFileHandle, how: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): Promise<void> {
  const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
  const writer = await handle.createWritable();
  await writer.write(how(bytes));
  await writer.close();
}

describe('a long conversation', () => {
  test('goes on after a reload as if there had been none, and only what is new is read', async () => {
    const first = await askAndUnload(await started(), LONG);
    const more = next(LONG, first, 'Hello');
    expect(await kept()).toHaveLength(1);
    const { usage, text, timings } = await (await started()).call('chat.complete', more);
    expect(usage.cached_tokens).toBeGreaterThanOrEqual(first.usage.prompt_tokens);
    expect(usage.prompt_tokens - usage.cached_tokens).toBeLessThan(40);
    expect(timings.prompt_ms as number).toBeLessThan((first.timings.prompt_ms as number) / 2);

    await startDownloads().call('prompts.remove', {});
    const again = await started();
    expect(await again.call('chat.complete', LONG)).toMatchObject({ text: first.text, usage: { cached_tokens: 0 } });
    expect((await again.call('chat.complete', more)).text).toBe(text);
  });

  test('that grew is kept once, and so is one that was asked again', async () => {
    const engine = await started();
    const first = await engine.call('chat.complete', LONG);
    await askAndUnload(engine, next(LONG, first, words(160)));
    expect(await kept()).toHaveLength(1);
    const again = await started();
    const { usage } = await again.call('chat.complete', LONG);
    expect(usage.cached_tokens).toBe(usage.prompt_tokens - 1);
    await askAndUnload(again, ask(`${words(200)} other`, { max_tokens: 2 }));
    expect(await kept()).toHaveLength(2);
  });

  test('is one of four: the one that was of no use for longest goes', async () => {
    const engine = await started();
    const about = (name: string): ChatRequest => ask(`${name} ${words(150)}`, { max_tokens: 2 });
    for (const name of ['one', 'two', 'three', 'four']) {
      await engine.call('chat.complete', about(name));
      await engine.call('model.unload', {});
      await engine.call('model.load', loadOf());
    }
    expect(await kept()).toHaveLength(4);
    await askAndUnload(engine, about('one'), about('five'));
    expect(await kept()).toHaveLength(4);
    const again = await started();
    const cached = async (name: string) => (await again.call('chat.complete', about(name))).usage.cached_tokens;
    expect(await cached('two')).toBeLessThan(64);
    for (const name of ['one', 'three', 'four', 'five']) expect(await cached(name)).toBeGreaterThan(256);
  });

  test('is kept also when the next request was stopped before its turn', async () => {
    const engine = await started();
    await engine.call('chat.complete', LONG);
    const counted = engine.call('tokens.count', { texts: Array.from({ length: 500 }, () => words(20)) });
    const stop = new AbortController();
    const next = engine.call('chat.complete', ask('Hello'), { signal: stop.signal });
    stop.abort();
    await expect(next).rejects.toMatchObject({ code: 'aborted' });
    await counted;
    await engine.call('model.unload', {});
    expect(await kept()).toHaveLength(1);
  });

  test('that has left out its oldest turn is not read again', async () => {
    const engine = startEngine();
    await engine.call('model.load', loadOf(STARTER.filter(({ role }) => role === 'weights')));
    const turn = (name: string): string => Array.from({ length: 60 }, (_, i) => `${name} ${i}`).join(' ');
    let request = ask(turn('one'), { max_tokens: 4 });
    for (const text of [turn('two'), turn('three'), 'Hello']) {
      request = next(request, await engine.call('chat.complete', request), text);
    }
    const { usage } = await engine.call('chat.complete', { ...request, messages: request.messages.slice(2) });
    expect(usage.prompt_tokens).toBeGreaterThan(200);
    expect(usage.prompt_tokens - usage.cached_tokens).toBeLessThan(40);
  });

  test('that is short is not worth a file', async () => {
    await askAndUnload(await started(), ask('Hello'));
    expect(await kept()).toEqual([]);
  });
});

describe('a conversation about a picture', () => {
  test('goes on without seeing it again; a picture that is asked about once is not kept', async () => {
    const engine = await started();
    const about = withPicture(await circle('red'), `Describe what you see. ${words(110)}`);
    const first = await askAndUnload(engine, about);
    expect(await kept()).toEqual([]);
    await engine.call('model.load', loadOf());
    await engine.call('chat.complete', about);
    const second = next(about, first, words(130));
    const answer = await askAndUnload(engine, second);
    expect(await kept()).toHaveLength(1);
    const { usage, timings } = await (await started()).call('chat.complete', next(second, answer, 'Hello'));
    expect(timings.image_ms).toBe(0);
    expect(usage.image_tokens).toBe(CARD.image_tokens);
    expect(usage.cached_tokens).toBeGreaterThanOrEqual(answer.usage.prompt_tokens);
  });

  test('is not taken for one about another picture', async () => {
    const engine = await started();
    const about = async (color: string) => withPicture(await circle(color), `Describe what you see. ${words(110)}`);
    const red = await about('red');
    const first = await engine.call('chat.complete', red);
    await askAndUnload(engine, next(red, first, words(130)));
    const { usage, timings } = await (await started()).call('chat.complete', await about('blue'));
    expect(usage.cached_tokens).toBeLessThan(64);
    expect(timings.image_ms).toBeGreaterThan(0);
  });
});

describe('what was kept', () => {
  test.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ['has one other byte', (bytes) => bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 1 : byte))],
    ['was cut off', (bytes) => bytes.slice(0, bytes.length >> 1)],
    ['is empty', () => new Uint8Array(0)],
    ['is noise', (bytes) => crypto.getRandomValues(bytes.slice(0, 4000))],
    ['names more tokens than it has', (bytes) => bytes.map((byte, index) => (index >= 8 && index < 12 ? 0xff : byte))],
  ])('and %s is read anew and deleted', async (_what, how) => {
    const { text, usage } = await askAndUnload(await started(), LONG);
    const [file] = await kept();
    await change(file!, how);
    const engine = await started();
    const again = await engine.call('chat.complete', LONG);
    expect(again).toMatchObject({ text, usage: { prompt_tokens: usage.prompt_tokens, cached_tokens: 0 } });
    await engine.call('model.unload', {});
    const files = await kept();
    expect(files).toHaveLength(1);
    expect(files[0]!.name).not.toBe(file!.name);
  });

  test('for other settings of the engine is deleted', async () => {
    await askAndUnload(await started(), LONG);
    const other = await started({ cache_type: 'q8_0' });
    expect(await kept()).toEqual([]);
    expect((await other.call('chat.complete', LONG)).usage.cached_tokens).toBe(0);
  });

  test('goes with the model, and when a person says so also while it is loaded', async () => {
    await askAndUnload(await started(), LONG);
    const engine = await started();
    await startDownloads().call('prompts.remove', {});
    expect(await kept()).toEqual([]);
    expect((await engine.call('chat.complete', LONG)).usage.cached_tokens).toBe(0);
    await engine.call('model.unload', {});
    const downloads = startDownloads();
    expect((await downloads.call('files.list', {})).prompt_bytes).toBeGreaterThan(100_000);
    await downloads.call('files.remove', { model_id: 'starter' });
    expect(await kept()).toEqual([]);
    expect((await downloads.call('files.list', {})).prompt_bytes).toBe(0);
  });
});
