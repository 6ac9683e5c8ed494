/** Model files in memory, and headers of GGUF files: the parts that need no worker. */

import { describe, expect, test } from 'vitest';
import { GgufArray, readGgufHeader } from '../../js_bridge/gguf';
import { MemoryStore } from '../../js_bridge/model_files';
import { PROJECTOR, WEIGHTS } from './engine_workers';

describe('a file in memory', () => {
  test('is found only when it is finished', async () => {
    const store = new MemoryStore();
    const part = await store.openPart('model', 'file');
    part.append(new Uint8Array([1, 2, 3]));
    expect(await store.find('model', 'file')).toBeUndefined();
    await part.finish();
    expect(new Uint8Array(await (await store.find('model', 'file'))!.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
    await store.remove('model', 'file');
    expect(await store.find('model', 'file')).toBeUndefined();
  });

  test('is read across the pieces it was written in', async () => {
    const part = await new MemoryStore().openPart('model', 'file');
    for (const piece of [[0, 1, 2], [3], [4, 5, 6, 7]]) part.append(new Uint8Array(piece));
    expect([...part.read(2, 4)]).toEqual([2, 3, 4, 5]);
    expect([...part.read(6, 100)]).toEqual([6, 7]);
  });

  test('goes on where it was left', async () => {
    const store = new MemoryStore();
    const first = await store.openPart('model', 'file');
    first.append(new Uint8Array(10));
    first.close();
    expect((await store.openPart('model', 'file')).size).toBe(10);
  });
});

describe('the header of a GGUF file', () => {
  test('tells the encoder’s image size and the text of a token', async () => {
    const projector = await readGgufHeader(await (await fetch(`/${PROJECTOR.url}`)).blob());
    expect(projector.get('clip.vision.image_size')).toBe(128);
    const weights = await readGgufHeader(await (await fetch(`/${WEIGHTS.url}`)).blob());
    const tokens = weights.get('tokenizer.ggml.tokens') as GgufArray;
    expect(tokens.at(weights.get('tokenizer.ggml.eos_token_id') as number)).toBe('<|im_end|>');
    expect(tokens.at(tokens.length)).toBeUndefined();
  });

  test('is empty for a file that is none, and for one that ends too soon', async () => {
    expect(await readGgufHeader(new Blob(['not a model at all']))).toEqual(new Map());
    const cut = (await (await fetch(`/${WEIGHTS.url}`)).blob()).slice(0, 500);
    expect(await readGgufHeader(cut)).toEqual(new Map());
  });
});

