/** Commands, events and engine calls through real Python: what goes in comes out, and nothing is left behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rpc, type CallOptions } from '../../js_bridge/rpc';

type Anything = Record<string, { params: unknown; result: unknown }>;
type Told = [name: string, data: Record<string, unknown>];

let worker: Worker;
let rpc: Rpc<Anything, {}, Record<string, Record<string, unknown>>>;
let batches: Told[][];
let listeners: ((batch: Told[]) => void)[] = [];

function start(): void {
  worker = new Worker(new URL('./bridge.worker.ts', import.meta.url), { type: 'module' });
  rpc = new Rpc(worker);
  batches = [];
  rpc.onEvents((events) => {
    batches.push(events as Told[]);
    for (const listener of listeners) listener(events as Told[]);
  });
}

const ask = (method: string, params: object = {}, options?: CallOptions<never>) => rpc.call(method, params, options);

/** Resolves with the notice of that code. */
function notice(code: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const listener = (batch: Told[]): void => {
      const found = batch.find(([name, data]) => name === 'notice' && data['code'] === code);
      if (!found) return;
      listeners = listeners.filter((each) => each !== listener);
      resolve(found[1]);
    };
    listeners.push(listener);
  });
}

beforeAll(async () => {
  start();
  const told = notice('surroundings');
  await ask('echo', { value: null });
  expect(await told).toMatchObject({ message: ':memory: a test' });
});
afterAll(() => worker.terminate());

describe('a command', () => {
  test.each([
    ['text beyond ASCII', 'Grüße, 世界, 👩‍🚀, \u0000, \u2028, "quotes"'],
    ['numbers', [0, -1, 1.5, 2 ** 40, 1e-7]],
    ['nothing, truth and nesting', { a: [null, true, { b: [] }], c: {} }],
    ['a million characters', 'x'.repeat(1_000_000)],
  ])('carries %s both ways', async (_what, value) => {
    expect(await ask('echo', { value })).toEqual(value);
  });

  test('carries bytes as bytes both ways', async () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
    const value = { name: 'picture', parts: [{ data }, { data: new Uint8Array() }] };
    const answer = (await ask('echo', { value })) as typeof value;
    expect(answer.parts[0]!.data).toBeInstanceOf(Uint8Array);
    expect(answer).toEqual(value);
    expect(await ask('kinds', { value: { data, text: 'a', list: [], number: 1 } })).toEqual({
      data: 'bytes', text: 'str', list: 'list', number: 'int',
    });
  });

  test('with half a surrogate pair becomes text that Python can keep', async () => {
    expect(await ask('echo', { value: 'a\ud83d' })).toBe('a\ufffd');
  });

  test('that fails keeps code, message, action and retryable', async () => {
    await expect(ask('busy')).rejects.toMatchObject({
      code: 'busy',
      message: 'One at a time.',
      action: expect.stringContaining('Stop'),
      retryable: true,
    });
  });

  test.each([
    ['broken', 'ZeroDivisionError: by zero'],
    ['not_plain', 'TypeError: object is not plain data.'],
  ])('that breaks (%s) is "internal" and says why', async (method, message) => {
    await expect(ask(method)).rejects.toMatchObject({ code: 'internal', message });
  });

  test('that the page gives up is cancelled in Python', async () => {
    const stop = new AbortController();
    const [waiting, cancelled] = [notice('waiting'), notice('cancelled')];
    const call = ask('wait', {}, { signal: stop.signal });
    await waiting;
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    await cancelled;
  });
});

describe('events', () => {
  test('of one turn come in one message, before the answer, with text deltas joined', async () => {
    batches.length = 0;
    expect(await ask('tell')).toBe('told');
    expect(batches).toHaveLength(1);
    expect(batches[0]!.map(([name, data]) => [name, data['text'] ?? data['code']])).toEqual([
      ['content_block:delta', 'one two '],
      ['content_block:delta', 'other part'],
      ['notice', 'between'],
      ['content_block:delta', 'three'],
    ]);
  });

  test('tell of faults that no one waits for', async () => {
    const told = notice('internal');
    await ask('forget');
    expect(await told).toMatchObject({ level: 'error', message: 'LookupError: nobody waits for this' });
  });
});

describe('files of the app', () => {
  test('are read as text; a missing one says so', async () => {
    expect(JSON.parse((await ask('read', { path: 'python/pyodide-lock.json' })) as string)).toHaveProperty('packages');
    await expect(ask('read', { path: 'python/missing.json' })).rejects.toMatchObject({
      code: 'fetch_failed',
      message: expect.stringContaining('404'),
    });
  });
});

describe("Python's calls to an engine", () => {
  test('are answered, bytes included', async () => {
    expect(await ask('ask', { method: 'echo', params: { text: 'hello' } })).toBe('hello');
    const text = new Uint8Array([1, 2, 3]);
    expect(await ask('ask', { method: 'echo', params: { text } })).toEqual(text);
  });

  test('fail with the code of the engine', async () => {
    await expect(ask('ask', { method: 'unheard_of', params: {} })).rejects.toMatchObject({ code: 'unknown_method' });
  });

  test('stream until the task is cancelled, which stops the engine', async () => {
    expect(await ask('stream_until', { count: 100 })).toBeGreaterThanOrEqual(100);
  });

  test('end when their listener fails', async () => {
    await expect(ask('broken_listener')).rejects.toMatchObject({ code: 'internal', message: "KeyError: 'in the listener'" });
  });

  test('leave nothing behind: no JavaScript object stays with Python', async () => {
    const run = async () => {
      for (let n = 0; n < 50; n += 1) {
        await ask('echo', { value: { data: new Uint8Array(10) } });
        await ask('ask', { method: 'echo', params: { text: 'hello' } });
        await ask('tell');
      }
    };
    await run();
    const before = (await ask('test.references')) as number;
    await run();
    expect((await ask('test.references')) as number).toBeLessThanOrEqual(before);
  });
});

describe('a picture of the browser that Python holds', () => {
  test.each(['canvas', 'video frame', 'bitmap', 'image data', 'blob'])('as %s becomes a file', async (kind) => {
    const file = (await ask('draw', { kind })) as Uint8Array<ArrayBuffer>;
    const bitmap = await createImageBitmap(new Blob([file]));
    const brush = new OffscreenCanvas(30, 20).getContext('2d') as OffscreenCanvasRenderingContext2D;
    brush.drawImage(bitmap, 0, 0);
    expect([bitmap.width, bitmap.height]).toEqual([30, 20]);
    expect([...brush.getImageData(29, 19, 1, 1).data]).toEqual([255, 0, 0, 255]);
  });

  test.each(['date', 'Python object'])('is none: %s', async (kind) => {
    expect(await ask('draw', { kind })).toBeNull();
  });

  test('that cannot be read is refused', async () => {
    await expect(ask('draw', { kind: 'blob of text' })).rejects.toMatchObject({ code: 'bad_image' });
  });
});

describe('an engine that ends', () => {
  test('by its own fault fails its calls with engine_crashed', async () => {
    await expect(ask('ask', { method: 'die', params: {} })).rejects.toMatchObject({ code: 'engine_crashed' });
    await expect(ask('ask', { method: 'echo', params: { text: 'late' } })).rejects.toMatchObject({ code: 'engine_crashed' });
  });

  test('because it was closed fails them, too', async () => {
    worker.terminate();
    start();
    await expect(ask('close_engine')).rejects.toMatchObject({ code: 'engine_crashed' });
  });
});
