/** The llama.cpp worker with the real engine and the starter model: loading, answering, counting, refusing. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatRequest, Delta, EngineInfo, ToolCallDelta } from '../../js_bridge/contract.gen';
import { type GgufArray, readGgufHeader } from '../../js_bridge/gguf';
import {
  ask,
  CARD,
  circle,
  clearStorage,
  type EngineLink,
  fetchOf,
  fetchStarter,
  loadOf,
  OWN_ENGINE,
  plant,
  planted,
  STARTER,
  startDownloads,
  startEngine,
  stopWorkers,
  WEIGHTS,
  withPicture,
  words,
} from './engine_workers';

let engine: EngineLink;

beforeAll(async () => {
  await clearStorage();
  await fetchStarter();
  engine = startEngine();
  await engine.call('model.load', loadOf());
});
afterAll(stopWorkers);

async function answerTo(request: ChatRequest) {
  const deltas: Delta[] = [];
  const completion = await engine.call('chat.complete', request, { onChunks: (chunks) => deltas.push(...chunks) });
  return { completion, deltas };
}

/** Cloche's engine leaves out threads that would not pay. */
function expectThreads({ threads }: EngineInfo, asked: number): void {
  const most = crossOriginIsolated ? asked : 1;
  expect(threads).toBeLessThanOrEqual(most);
  expect(threads).toBeGreaterThanOrEqual(OWN_ENGINE ? 1 : most);
}

describe('loading', () => {
  test('reports what really runs', async () => {
    const info = await engine.call('model.load', loadOf());
    expect(info).toMatchObject({ backend: 'cpu', context_window: 2048, images: true });
    expect(info.engine).toMatch(OWN_ENGINE ? /^llama\.cpp \d.*Cloche/ : /^llama\.cpp b\d+.*wllama/);
    const half = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
    expectThreads(info, half);
  });

  test('honours a number of threads where threads exist', async () => {
    const asked = Math.min(2, navigator.hardwareConcurrency);
    const info = await engine.call('model.load', loadOf(STARTER, asked));
    expectThreads(info, asked);
    expect((await answerTo(ask('Hello'))).completion.text).toMatch(/^Hello/);
    await engine.call('model.load', loadOf());
  });

  test('refuses garbage with the engine’s reason and loads the next model', async () => {
    const garbage = await plant('garbage.gguf', new Blob([new Uint8Array(60_000).fill(7)]), 'weights');
    const failure = engine.call('model.load', loadOf([garbage]));
    await expect(failure).rejects.toMatchObject({
      code: 'model_load_failed',
      message: expect.stringContaining('GGUF'),
    });
    await expect(engine.call('chat.complete', ask('Hello'))).rejects.toMatchObject({ code: 'model_load_failed' });
    await engine.call('model.load', loadOf());
    expect((await answerTo(ask('Hello'))).completion.text).toMatch(/^Hello/);
  });

  test('refuses a file that is not there or too short', async () => {
    const missing = { ...WEIGHTS, name: 'missing.gguf' };
    await expect(engine.call('model.load', loadOf([missing]))).rejects.toMatchObject({
      code: 'model_load_failed',
      message: 'missing.gguf is not on this machine.',
    });
    await engine.call('model.load', loadOf());
  });

  test('works from memory where nothing can be kept', async () => {
    const other = startEngine();
    const downloads = startDownloads();
    const fetched = await downloads.call('files.fetch', { ...fetchOf(STARTER, 'in-memory'), hold: true });
    expect(fetched).toMatchObject({ kept: false, fetched_bytes: STARTER.reduce((sum, { size }) => sum + (size ?? 0), 0) });
    await other.call('files.take', { model_id: 'in-memory', names: STARTER.map(({ name }) => name) });
    expect(await planted(WEIGHTS.name, 'in-memory')).toBeUndefined();
    await other.call('model.load', loadOf(STARTER, null, 'in-memory'));
    expect((await other.call('chat.complete', ask('Hello'))).text).toMatch(/^Hello/);
  });

  test('is needed before asking', async () => {
    const other = startEngine();
    await expect(other.call('chat.complete', ask('Hello'))).rejects.toMatchObject({ code: 'model_not_ready' });
    await other.call('model.load', loadOf());
    await other.call('model.unload', {});
    await expect(other.call('tokens.count', { texts: ['a'] })).rejects.toMatchObject({ code: 'model_not_ready' });
  });
});

describe('an answer', () => {
  test('comes in pieces that add up to it, with usage and timings', async () => {
    const { completion, deltas } = await answerTo(ask('Who are you?'));
    expect(deltas.map(({ text }) => text).join('')).toBe(completion.text);
    expect(completion.text.length).toBeGreaterThan(10);
    expect(completion.finish_reason).toBe('stop');
    expect(completion.usage.prompt_tokens).toBeGreaterThan(5);
    expect(completion.usage.completion_tokens).toBeGreaterThan(5);
    const { time_to_first_token_ms, prompt_ms, image_ms, total_ms, tokens_per_second } = completion.timings;
    expect(time_to_first_token_ms).toBeGreaterThan(0);
    expect(prompt_ms).toBeGreaterThan(0);
    expect(image_ms).toBeNull();
    expect(total_ms).toBeGreaterThan(time_to_first_token_ms as number);
    expect(tokens_per_second).toBeGreaterThan(1);
  });

  test('is the same every time at temperature 0, and all examples of the card get one', async () => {
    for (const example of CARD.examples) {
      const { completion } = await answerTo(ask(example));
      expect(completion.finish_reason).toBe('stop');
      expect((await answerTo(ask(example))).completion.text).toBe(completion.text);
    }
  });

  test('ends at its limit and at a stop text', async () => {
    const { completion } = await answerTo(ask('Who are you?', { max_tokens: 3 }));
    expect(completion).toMatchObject({ finish_reason: 'length', usage: { completion_tokens: 3 } });
    const stopped = await answerTo(ask('Hello', { stop: ['!'] }));
    expect(stopped.completion).toMatchObject({ text: 'Hello', finish_reason: 'stop' });
  });

  test.skipIf(!OWN_ENGINE)('tells its tokens, also those that are only a part of a character', async () => {
    const header = await readGgufHeader(await (await fetch(`/${WEIGHTS.url}`)).blob());
    const vocabulary = header.get('tokenizer.ggml.tokens') as GgufArray;
    const textOf = (ids: number[]): string => ids.map((id) => vocabulary.at(id)).join('').replaceAll('\u0120', ' ');
    const { text, token_ids } = (await answerTo(ask('Who are you?', { token_ids: true }))).completion;
    expect(textOf(token_ids)).toBe(text);
    const cut = (await answerTo(ask('Who are you?', { token_ids: true, max_tokens: 3 }))).completion;
    expect(cut.token_ids).toEqual(token_ids.slice(0, 3));
    expect((await answerTo(ask('Who are you?'))).completion.token_ids).toEqual([]);

    const response_format = { type: 'grammar', grammar: 'root ::= "\u2603\u2603"' };
    const snow = (await answerTo(ask('Hello', { token_ids: true, response_format }))).completion;
    expect(snow.text).toBe('\u2603\u2603');
    expect(snow.token_ids.length).toBeGreaterThan(2);
    expect(snow.usage.completion_tokens - snow.token_ids.length).toBeLessThanOrEqual(1); // The end counts, too.
  });

  test('reuses what it read before', async () => {
    const first = ask('Who are you?');
    const { completion } = await answerTo(first);
    const messages: ChatRequest['messages'] = [
      ...first.messages,
      { role: 'assistant', content: completion.text, tool_calls: null, tool_call_id: null },
      ...ask('Hello').messages,
    ];
    const { usage } = (await answerTo({ ...first, messages })).completion;
    expect(usage.cached_tokens).toBeGreaterThan(usage.prompt_tokens / 2);
  });

  test('keeps to a JSON schema', async () => {
    const schema = { type: 'object', properties: { answer: { enum: ['yes', 'no'] } }, required: ['answer'] };
    const response_format = { type: 'json_schema', json_schema: { name: 'answer', schema } };
    const { completion } = await answerTo(ask('Hello', { response_format }));
    expect(['yes', 'no']).toContain(JSON.parse(completion.text).answer);
  });

  test('comes for two long conversations in turn that do not fit the context together', async () => {
    const one = ask(`${words(270)} one`, { max_tokens: 4 });
    const two = ask(`two ${words(270)}`, { max_tokens: 4 });
    for (const request of [one, two, one]) {
      expect((await answerTo(request)).completion.usage.prompt_tokens).toBeGreaterThan(1030);
    }
  });
});

describe('several pictures in one question', () => {
  // No other test may find these encoded already.
  const square = (color: string): Promise<Uint8Array> => circle(color, 200, 200);
  const series = (...pictures: Uint8Array[]): ChatRequest =>
    ask([...pictures.map((data) => ({ type: 'image' as const, data })), { type: 'text', text: 'What changed?' }], { max_tokens: 4 });

  test('all reach the model, each with its own tokens', async () => {
    const [red, blue] = [await square('red'), await square('blue')];
    const one = (await answerTo(series(red))).completion.usage;
    const two = (await answerTo(series(red, blue))).completion.usage;
    expect(one.image_tokens).toBe(CARD.image_tokens);
    expect(two.image_tokens).toBe(2 * CARD.image_tokens);
    // What stands between two pictures is the template's.
    expect(two.prompt_tokens - one.prompt_tokens).toBeGreaterThanOrEqual(CARD.image_tokens);
  });

  test('are read in their order: what was read of the first one is used again only where it comes first', async () => {
    const [red, blue, green] = [await square('red'), await square('blue'), await square('green')];
    await answerTo(series(red, blue));
    expect((await answerTo(series(red, green))).completion.usage.cached_tokens).toBeGreaterThan(CARD.image_tokens);
    expect((await answerTo(series(green, red))).completion.usage.cached_tokens).toBeLessThan(CARD.image_tokens);
  });
});

describe('a picture', () => {
  test.each(['red', 'green', 'blue', 'yellow'])('of a %s circle is seen as such', async (color) => {
    const { completion } = await answerTo(withPicture(await circle(color), 'Describe what you see.'));
    expect(completion.text).toContain(`${color} circle`);
    const { image_ms, prompt_ms, time_to_first_token_ms } = completion.timings;
    expect(completion.usage.image_tokens).toBe(CARD.image_tokens);
    expect(image_ms).toBeGreaterThan(0);
    expect(image_ms).toBeLessThan(prompt_ms as number);
    expect(prompt_ms).toBeLessThan(time_to_first_token_ms as number);
  });

  test('of any size and as JPEG is seen the same', async () => {
    const picture = await circle('red', 3000, 2000, 'image/jpeg');
    const { completion } = await answerTo(withPicture(picture, 'Describe what you see.'));
    expect(completion.text).toContain('red circle');
  });

  test('that was encoded before costs no encoding again', async () => {
    const request = withPicture(await circle('purple'), 'Describe what you see.');
    await answerTo(request);
    const { completion } = await answerTo(request);
    expect(completion.timings.image_ms).toBe(0);
    expect(completion.usage.image_tokens).toBe(CARD.image_tokens);
    expect(completion.usage.cached_tokens).toBeGreaterThan(64);
  });

  test('after another one: the instructions before both are not read again', async () => {
    const about = async (color: string): Promise<ChatRequest> => {
      const request = withPicture(await circle(color), 'Describe what you see.');
      request.messages.unshift({ role: 'system', content: words(60), tool_calls: null, tool_call_id: null });
      return request;
    };
    const [instructions] = await engine.call('tokens.count', { texts: [words(60)] });
    await answerTo(await about('orange'));
    const { usage, timings } = (await answerTo(await about('brown'))).completion;
    expect(timings.image_ms).toBeGreaterThan(0);
    expect(usage.cached_tokens).toBeGreaterThanOrEqual(instructions as number);
    expect(usage.cached_tokens).toBeLessThan(usage.prompt_tokens - CARD.image_tokens);
  });

  test('that is none is refused, and the next one is seen', async () => {
    const text = new TextEncoder().encode('This is a letter, not a picture.');
    const failure = engine.call('chat.complete', withPicture(text, 'Describe what you see.'));
    await expect(failure).rejects.toMatchObject({ code: 'bad_image' });
    const { completion } = await answerTo(withPicture(await circle('red'), 'Describe what you see.'));
    expect(completion.text).toContain('red circle');
  });

  test('is refused by a model that reads text only, never dropped in silence', async () => {
    const blind = startEngine();
    const info = await blind.call('model.load', loadOf([WEIGHTS]));
    expect(info.images).toBe(false);
    const failure = blind.call('chat.complete', withPicture(await circle('red'), 'Describe what you see.'));
    await expect(failure).rejects.toMatchObject({ code: 'image_unsupported' });
    expect((await blind.call('chat.complete', ask('Hello'))).text).toMatch(/^Hello/);
  });
});

describe('a tool call', () => {
  const calculator = {
    type: 'function' as const,
    function: {
      name: 'calculator',
      description: '',
      parameters: { type: 'object', properties: { expression: { type: 'string' } }, required: ['expression'] },
    },
  };

  test('comes in pieces that add up to it', async () => {
    const { completion, deltas } = await answerTo(ask('What is 12 + 30?', { tools: [calculator] }));
    expect(completion.finish_reason).toBe('tool_calls');
    const [call] = completion.tool_calls;
    expect(call?.function.name).toBe('calculator');
    expect(JSON.parse(call?.function.arguments ?? '')).toEqual({ expression: '12 + 30' });
    const pieces: ToolCallDelta[] = deltas.flatMap(({ tool_calls }) => tool_calls);
    expect(pieces.map((piece) => piece.arguments ?? '').join('')).toBe(call?.function.arguments);
    expect(pieces[0]?.id).toBe(call?.id);
  });

  test('that was cut off is refused in the history, and the engine lives on', async () => {
    const cut = {
      id: '1',
      type: 'function' as const,
      function: { name: 'calculator', arguments: '{"expression": "12' },
    };
    const request = ask('Hello');
    request.messages.unshift({ role: 'assistant', content: null, tool_calls: [cut], tool_call_id: null });
    await expect(engine.call('chat.complete', request)).rejects.toMatchObject({ code: 'generation_failed' });
    expect((await answerTo(ask('Hello'))).completion.text).toMatch(/^Hello/);
  });
});

describe('a request that cannot be served', () => {
  test('is told apart by its length, and the next one is answered', async () => {
    const failure = engine.call('chat.complete', ask(words(3000)));
    await expect(failure).rejects.toMatchObject({ code: 'message_too_long', message: expect.stringContaining('2048') });
    expect((await answerTo(ask('Hello'))).completion.text).toMatch(/^Hello/);
  });

  test('is refused with the engine’s reason, and the next one is answered', async () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'nonsense' } } };
    const failure = engine.call('chat.complete', ask('Hello', { response_format }));
    await expect(failure).rejects.toMatchObject({
      code: 'generation_failed',
      message: expect.stringContaining('nonsense'),
    });
    expect((await answerTo(ask('Hello'))).completion.text).toMatch(/^Hello/);
  });
});

describe('counting tokens', () => {
  test('agrees with what the engine reads', async () => {
    const [empty, hello, special] = await engine.call('tokens.count', { texts: ['', 'Hello', 'Hello<|im_end|>'] });
    expect(empty).toBe(0);
    expect(special).toBe((hello as number) + 1);
    const text = words(50);
    const [many] = await engine.call('tokens.count', { texts: [text] });
    const short = (await answerTo(ask('Hello', { max_tokens: 1 }))).completion.usage.prompt_tokens;
    const long = (await answerTo(ask(text, { max_tokens: 1 }))).completion.usage.prompt_tokens;
    expect(long - short).toBe((many as number) - (hello as number));
  });

  test('leaves what was read before alone', async () => {
    const request = ask(`Do you remember? ${words(40)}`, { max_tokens: 2 });
    await answerTo(request);
    await engine.call('tokens.count', { texts: Array.from({ length: 10 }, (_, i) => `text number ${i}`) });
    const { usage } = (await answerTo(request)).completion;
    expect(usage.cached_tokens).toBeGreaterThan(usage.prompt_tokens - 3);
  });
});
