/** The RPC over real ports and real workers. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { Rpc, RpcError, transfer } from '../../js_bridge/rpc';
import type { EchoMethods, EchoStreams } from './echo.worker';

interface Methods {
  add: { params: { a: number; b: number }; result: number };
  wait: { params: null; result: string };
  count: { params: { to: number }; result: string };
  fail: { params: { how: 'coded' | 'plain' | 'text' | 'uncloneable' }; result: unknown };
  bytes: { params: { data: Uint8Array }; result: { data: Uint8Array } };
}
interface Events {
  tick: { n: number };
  tock: string;
}
interface Streams {
  count: number;
}

/** Both ends of a message channel: `asks` calls what `answers` serves. */
function pair() {
  const { port1, port2 } = new MessageChannel();
  const asks = new Rpc<Methods, {}, Events, Streams>(port1);
  const answers = new Rpc<{}, Methods, Events, Streams>(port2);
  const seen: unknown[] = [];
  const spy = (event: MessageEvent) => seen.push(event.data);
  port1.addEventListener('message', spy);
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  return { asks, answers, seen };
}

/** A handler that waits until its call is aborted. */
function untilAborted() {
  const entered = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const handler = (_params: unknown, { signal }: { signal: AbortSignal }) => {
    entered.resolve();
    return new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => {
        aborted.resolve(signal.reason);
        resolve('too late');
      });
    });
  };
  return { handler, entered: entered.promise, aborted: aborted.promise };
}

const others: Pick<import('../../js_bridge/rpc').Handlers<Methods, Streams>, 'fail' | 'bytes' | 'count' | 'add'> = {
  add: ({ a, b }) => a + b,
  count: async ({ to }, { push }) => {
    for (let n = 1; n <= to; n += 1) push(n);
    return 'done';
  },
  fail: ({ how }) => {
    if (how === 'coded') throw new RpcError('busy', 'One at a time.', 'Wait.', true);
    if (how === 'plain') throw new TypeError('no such thing');
    if (how === 'text') throw 'just text';
    return () => undefined;
  },
  bytes: ({ data }) => {
    const copy = data.map((byte) => byte * 2);
    return transfer({ data: copy }, [copy.buffer]);
  },
};

describe('calls', () => {
  test('are answered, many at once and each with its own answer', async () => {
    const { asks, answers } = pair();
    answers.serve({ ...others, wait: () => 'waited' });
    const sums = await Promise.all(Array.from({ length: 50 }, (_, n) => asks.call('add', { a: n, b: 1 })));
    expect(sums).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  });

  test('of a method that no one serves fail with unknown_method', async () => {
    const { asks, answers } = pair();
    await expect(asks.call('wait', null)).rejects.toMatchObject({ code: 'unknown_method' });
    answers.serve({ ...others, wait: () => 'waited' });
    const anything = asks as unknown as Rpc<{ toString: { params: null; result: string } }>;
    await expect(anything.call('toString', null)).rejects.toMatchObject({ code: 'unknown_method' });
  });

  test('reach a single dispatcher with their method and parameters', async () => {
    const { asks, answers } = pair();
    answers.serve((method, params) => [method, params]);
    expect(await asks.call('add', { a: 1, b: 2 })).toEqual(['add', { a: 1, b: 2 }]);
  });

  test('with parameters that cannot be copied reject instead of hanging', async () => {
    const { asks } = pair();
    const params = { a: 1, b: 2, c: () => undefined };
    await expect(asks.call('add', params)).rejects.toBeInstanceOf(RpcError);
  });

  test('go both ways over one port', async () => {
    const { port1, port2 } = new MessageChannel();
    const one = new Rpc<Methods, Pick<Methods, 'add'>>(port1);
    const two = new Rpc<Pick<Methods, 'add'>, Methods>(port2);
    one.serve({ add: ({ a, b }) => 10 * (a + b) });
    two.serve({ ...others, wait: () => 'waited' });
    expect(await Promise.all([one.call('add', { a: 1, b: 2 }), two.call('add', { a: 1, b: 2 })])).toEqual([3, 30]);
  });
});

describe('errors', () => {
  test('keep code, message, action and retryable', async () => {
    const { asks, answers } = pair();
    answers.serve({ ...others, wait: () => 'waited' });
    const error = await asks.call('fail', { how: 'coded' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: 'busy', message: 'One at a time.', action: 'Wait.', retryable: true });
  });

  test.each([
    ['plain', 'no such thing'],
    ['text', 'just text'],
    ['uncloneable', expect.stringContaining('could not be cloned')],
  ] as const)('without a code (%s) become "internal"', async (how, message) => {
    const { asks, answers } = pair();
    answers.serve({ ...others, wait: () => 'waited' });
    await expect(asks.call('fail', { how })).rejects.toMatchObject({ code: 'internal', message });
  });
});

describe('streams', () => {
  test('give every item in order before the answer, in few messages, the first at once', async () => {
    const { asks, answers, seen } = pair();
    answers.serve({ ...others, wait: () => 'waited' });
    const items: number[] = [];
    let answered = false;
    const answer = await asks.call('count', { to: 1000 }, {
      onChunks: (batch) => {
        expect(answered).toBe(false);
        items.push(...batch);
      },
    });
    answered = true;
    expect(answer).toBe('done');
    expect(items).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
    const batches = seen.filter((message): message is { chunks: number[] } => Object.hasOwn(message as object, 'chunks'));
    expect(batches[0]!.chunks).toEqual([1]);
    expect(batches.length).toBeLessThan(20);
  });

  test('send what is left over when nothing more is pushed', async () => {
    const { asks, answers } = pair();
    const stop = new AbortController();
    answers.serve({
      ...others,
      wait: () => 'waited',
      count: async (_params, { push, signal }) => {
        push(1);
        push(2);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return 'aborted';
      },
    });
    const both = Promise.withResolvers<void>();
    const items: number[] = [];
    const call = asks.call('count', { to: 2 }, {
      signal: stop.signal,
      onChunks: (batch) => {
        items.push(...batch);
        if (items.length === 2) both.resolve();
      },
    });
    await both.promise;
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(items).toEqual([1, 2]);
  });

  test('come before the error of a call that fails half-way', async () => {
    const { asks, answers } = pair();
    answers.serve({
      ...others,
      wait: () => 'waited',
      count: (_params, { push }) => {
        push(1);
        push(2);
        throw new RpcError('engine_crashed', 'gone');
      },
    });
    const items: number[] = [];
    const call = asks.call('count', { to: 2 }, { onChunks: (batch) => items.push(...batch) });
    await expect(call).rejects.toMatchObject({ code: 'engine_crashed' });
    expect(items).toEqual([1, 2]);
  });
});

describe('abort', () => {
  test('rejects at once and tells the other side; its late answer is ignored', async () => {
    const { asks, answers, seen } = pair();
    const waiting = untilAborted();
    answers.serve({ ...others, wait: waiting.handler });
    const stop = new AbortController();
    const call = asks.call('wait', null, { signal: stop.signal });
    await waiting.entered;
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(await waiting.aborted).toMatchObject({ code: 'aborted' });
    expect(await asks.call('add', { a: 2, b: 2 })).toBe(4);
    expect(seen).toContainEqual(expect.objectContaining({ result: 'too late' }));
  });

  test('before the call sends nothing', async () => {
    const { asks, answers } = pair();
    let reached = false;
    answers.serve(() => {
      reached = true;
    });
    await expect(asks.call('wait', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    answers.serve({ ...others, wait: () => 'waited' });
    await asks.call('add', { a: 1, b: 1 });
    expect(reached).toBe(false);
  });

  test('after the answer changes nothing', async () => {
    const { asks, answers } = pair();
    answers.serve({ ...others, wait: () => 'waited' });
    const stop = new AbortController();
    expect(await asks.call('add', { a: 1, b: 1 }, { signal: stop.signal })).toBe(2);
    stop.abort();
    expect(await asks.call('add', { a: 1, b: 2 })).toBe(3);
  });
});

describe('bytes and events', () => {
  test('byte arrays are handed over, not copied, in both directions', async () => {
    const { asks, answers } = pair();
    answers.serve({ ...others, wait: () => 'waited' });
    const data = new Uint8Array([1, 2, 3]);
    const answer = await asks.call('bytes', { data }, { transfer: [data.buffer] });
    expect(data.byteLength).toBe(0);
    expect([...answer.data]).toEqual([2, 4, 6]);
  });

  test('events arrive together and in order', async () => {
    const { asks, answers } = pair();
    const heard = new Promise((resolve) => asks.onEvents(resolve));
    answers.emit([['tick', { n: 1 }], ['tock', 'a'], ['tick', { n: 2 }]]);
    expect(await heard).toEqual([['tick', { n: 1 }], ['tock', 'a'], ['tick', { n: 2 }]]);
  });

  test('messages of others on the same port are left alone', async () => {
    const { port1, port2 } = new MessageChannel();
    const asks = new Rpc<Methods>(port1);
    new Rpc<{}, Methods>(port2).serve({ ...others, wait: () => 'waited' });
    for (const stranger of [null, 'text', 7, { boot: {} }, { id: 'x' }, { id: 99, result: 1 }]) port2.postMessage(stranger);
    expect(await asks.call('add', { a: 1, b: 2 })).toBe(3);
  });
});

describe('close', () => {
  test('rejects calls under way and later ones with its error', async () => {
    const { asks, answers } = pair();
    const waiting = untilAborted();
    answers.serve({ ...others, wait: waiting.handler });
    const call = asks.call('wait', null);
    await waiting.entered;
    asks.close(new RpcError('engine_crashed', 'The worker died.'));
    await expect(call).rejects.toMatchObject({ code: 'engine_crashed', message: 'The worker died.' });
    await expect(asks.call('add', { a: 1, b: 1 })).rejects.toMatchObject({ code: 'engine_crashed' });
  });

  test('aborts the handlers under way on its own side', async () => {
    const { asks, answers } = pair();
    const waiting = untilAborted();
    answers.serve({ ...others, wait: waiting.handler });
    asks.call('wait', null).catch(() => undefined);
    await waiting.entered;
    answers.close(new RpcError('closed', 'bye'));
    expect(await waiting.aborted).toMatchObject({ code: 'closed' });
    asks.close();
  });
});

describe('a worker', () => {
  function echo() {
    const worker = new Worker(new URL('./echo.worker.ts', import.meta.url), { type: 'module' });
    onTestFinished(() => worker.terminate());
    return { worker, rpc: new Rpc<EchoMethods, {}, {}, EchoStreams>(worker) };
  }

  test('answers, also calls that were made before its script ran', async () => {
    const { rpc } = echo();
    expect(await rpc.call('echo', { text: 'hello' })).toBe('hello');
  });

  test('stops a busy stream when asked to', async () => {
    const { rpc } = echo();
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    const call = rpc.call('stream', null, { signal: stop.signal, onChunks: () => first.resolve() });
    await first.promise;
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(await rpc.call('stopped', null)).toBe(true);
  });

  test('that died can be given up: its calls reject', async () => {
    const { worker, rpc } = echo();
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      rpc.close(new RpcError('engine_crashed', event.message));
    });
    await expect(rpc.call('die', null)).rejects.toMatchObject({
      code: 'engine_crashed',
      message: expect.stringContaining('injected'),
    });
  });
});
