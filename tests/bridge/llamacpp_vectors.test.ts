/** The llama.cpp worker with models that read only: vectors of texts, and scores of documents. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clearStorage, type EngineLink, fetchStarter, loadOf, plant, startEngine, stopWorkers, WEIGHTS } from './engine_workers';
import { CONTEXT, dot, embeddingOf, randomBert, scoreOf } from './random_bert';

const TEXTS = ['where is the red star', 'a list of things to do', 'the moon', 'here is the blue moon'];
/** How far arithmetic in half floats, where attention and GELU are done, may be from that in doubles. */
const CLOSE = 2;

let engine: EngineLink;

beforeAll(async () => {
  await clearStorage();
  engine = startEngine();
});
afterAll(stopWorkers);

async function load(purpose: 'embedding' | 'rerank'): Promise<void> {
  const file = await plant(`${purpose}.gguf`, randomBert(purpose), 'weights', 'bert');
  const info = await engine.call('model.load', { ...loadOf([file], null, 'bert'), purpose, context_window: CONTEXT });
  expect(info.context_window).toBe(CONTEXT);
}

describe('vectors', () => {
  beforeAll(() => load('embedding'));

  test('of all texts come in one answer, in their order, of length one, as arithmetic has them', async () => {
    const embeddings = await engine.call('embeddings.create', { texts: TEXTS });
    expect(embeddings.map(({ tokens }) => tokens)).toEqual(TEXTS.map((text) => embeddingOf(text).tokens));
    embeddings.forEach(({ vector }, index) => {
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
      const wanted = embeddingOf(TEXTS[index]!).vector;
      vector.forEach((value, k) => expect(value).toBeCloseTo(wanted[k]!, CLOSE));
      for (const other of TEXTS.filter((text) => text !== TEXTS[index])) {
        expect(dot(vector, wanted)).toBeGreaterThan(dot(vector, embeddingOf(other).vector) + 0.01);
      }
    });
  });

  test('are the same alone and among others, and again', async () => {
    const [, second] = await engine.call('embeddings.create', { texts: TEXTS });
    for (const texts of [[TEXTS[1]!], [TEXTS[1]!, TEXTS[1]!], [...TEXTS].reverse().slice(2)]) {
      const embeddings = await engine.call('embeddings.create', { texts });
      expect(embeddings[texts.indexOf(TEXTS[1]!)]).toEqual(second);
    }
    expect(await engine.call('embeddings.create', { texts: [] })).toEqual([]);
  });

  test('are refused for an empty text and for one that is too long, and the next ones come', async () => {
    await expect(engine.call('embeddings.create', { texts: ['moon', ''] })).rejects.toMatchObject({ code: 'bad_input' });
    const long = Array.from({ length: CONTEXT }, () => 'moon').join(' ');
    await expect(engine.call('embeddings.create', { texts: ['moon', long] })).rejects.toMatchObject({
      code: 'message_too_long',
      message: expect.stringContaining(String(CONTEXT + 2)),
    });
    expect(await engine.call('embeddings.create', { texts: ['moon'] })).toHaveLength(1);
  });

  test('stop between two texts, and the next ones come', async () => {
    const stop = new AbortController();
    const asked = engine.call('embeddings.create', { texts: Array.from({ length: 2000 }, () => TEXTS[0]!) }, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
    expect(await engine.call('embeddings.create', { texts: ['moon'] })).toHaveLength(1);
  });

  test('do not come from a model that sorts', async () => {
    const asked = engine.call('rerank.create', { query: 'moon', documents: ['moon'] });
    await expect(asked).rejects.toMatchObject({ code: 'generation_failed', action: 'Load a reranking model.' });
  });
});

describe('scores', () => {
  beforeAll(() => load('rerank'));

  test('of all documents come in their order, as arithmetic has them', async () => {
    const query = 'where is the star';
    const { scores, tokens } = await engine.call('rerank.create', { query, documents: TEXTS });
    const wanted = TEXTS.map((document) => scoreOf(query, document));
    scores.forEach((score, index) => expect(score).toBeCloseTo(wanted[index]!.score, 1));
    const order = (values: number[]): number[] => values.map((_, index) => index).sort((a, b) => values[b]! - values[a]!);
    expect(order(scores)).toEqual(order(wanted.map(({ score }) => score)));
    expect(tokens).toBe(wanted.reduce((sum, one) => sum + one.tokens, 0));
  });

  test('are the same alone and among others', async () => {
    const { scores } = await engine.call('rerank.create', { query: 'the moon', documents: TEXTS });
    for (const [index, document] of TEXTS.entries()) {
      expect((await engine.call('rerank.create', { query: 'the moon', documents: [document] })).scores).toEqual([scores[index]]);
    }
    expect(await engine.call('rerank.create', { query: 'the moon', documents: [] })).toEqual({ scores: [], tokens: 0 });
  });

  test('are no vectors', async () => {
    const asked = engine.call('embeddings.create', { texts: ['moon'] });
    await expect(asked).rejects.toMatchObject({ code: 'generation_failed', action: 'Load an embedding model.' });
  });
});

test('a model that was made to chat gives vectors when it is loaded for them, and neither vectors nor scores else', async () => {
  await fetchStarter();
  await engine.call('model.load', loadOf([WEIGHTS]));
  await expect(engine.call('embeddings.create', { texts: ['a star'] })).rejects.toMatchObject({ code: 'generation_failed' });
  await expect(engine.call('rerank.create', { query: 'a', documents: ['b'] })).rejects.toMatchObject({ code: 'generation_failed' });
  await engine.call('model.load', { ...loadOf([WEIGHTS]), purpose: 'embedding' });
  const [star, again, other] = await engine.call('embeddings.create', { texts: ['a star', 'a star', 'todo list'] });
  expect(dot(star!.vector, again!.vector)).toBeCloseTo(1, 5);
  expect(dot(star!.vector, other!.vector)).toBeLessThan(0.999);
});
