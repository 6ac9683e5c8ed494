/** Model files in memory, and headers of GGUF files: the parts that need no worker. */

import { describe, expect, test } from 'vitest';
import { GgufArray, readGgufHeader } from '../../js_bridge/gguf';
import { MemoryStore } from '../../js_bridge/model_files';
import { PROJECTOR, WEIGHTS } from './engine_workers';

describe('a file in memory', () => {
  test('is found under the name it was given last, until it is removed', async () => {
    const store = new MemoryStore();
    const file = await store.open('model', 'file.part');
    file.write(new Uint8Array([1, 2, 3]), { at: 0 });
    expect(await store.find('model', 'file')).toBeUndefined();
    await store.rename('model', 'file.part', 'file');
    expect(new Uint8Array(await (await store.find('model', 'file'))!.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
    await store.remove('model');
    expect(await store.find('model', 'file')).toBeUndefined();
  });

  test('is written anywhere and read anywhere', async () => {
    const file = await new MemoryStore().open('model', 'file');
    file.write(new Uint8Array([4, 5, 6, 7]), { at: 4 });
    file.write(new Uint8Array([0, 1, 2, 3]), { at: 0 });
    const bytes = new Uint8Array(4);
    expect(file.read(bytes, { at: 2 })).toBe(4);
    expect([...bytes]).toEqual([2, 3, 4, 5]);
    expect(file.read(bytes, { at: 6 })).toBe(2);
    file.truncate(5);
    expect(file.getSize()).toBe(5);
    file.truncate(6);
    expect(file.read(bytes, { at: 4 })).toBe(2);
    expect([...bytes].slice(0, 2)).toEqual([4, 0]);
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

