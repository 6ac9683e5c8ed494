/** What an encoder wants to see, read from its file, and pictures brought to that size. */
import { describe, expect, test } from 'vitest';
import type { ImageContent } from '../../js_bridge/contract.gen';
import { readEncoder, withoutTiles, type Encoder } from '../../js_bridge/encoder';
import { placement, prepared } from '../../js_bridge/encoder_images';
import { readGgufHeader } from '../../js_bridge/gguf';
import { circle, PROJECTOR } from './engine_workers';
import { projectorHeader } from './slow_projector';

const encoder = async (kind: string, more: Record<string, number> = {}, bytes = 0): Promise<Encoder> =>
  (await readEncoder(new Blob([projectorHeader(kind, more), new Uint8Array(bytes)]))) as Encoder;
const sizeOf = (width: number, height: number, it: Encoder | undefined, asked: Pick<ImageContent, 'fit' | 'detail'> = {}, cpu = true) => {
  const placed = placement(width, height, it, asked, cpu);
  return [placed.width, placed.height];
};
const shown = async (bytes: ArrayBuffer) => {
  const { width, height } = await createImageBitmap(new Blob([bytes]));
  return [width, height];
};

describe('an encoder', () => {
  test.each([
    ['lfm2', 'LFM2-VL', true],
    ['idefics3', 'SmolVLM (Idefics3)', false],
    ['qwen2vl_merger', 'Qwen2-VL', true],
    ['qwen2.5vl_merger', 'Qwen2.5-VL', true],
    ['mlp', 'LLaVA', false],
    ['resampler', 'MiniCPM-V', false],
    ['internvl', 'InternVL', false],
    ['gemma3', 'Gemma 3', false],
    ['janus_pro', 'Janus', false],
    ['from_tomorrow', 'from_tomorrow', false],
  ])('of kind %s is known as %s', async (kind, family, dynamic) => {
    expect(await encoder(kind)).toMatchObject({ family, dynamic });
  });

  test('of the starter model is read from its real file', async () => {
    const file = await (await fetch(`/${PROJECTOR.url}`)).blob();
    expect(await readEncoder(file)).toMatchObject({ family: 'Janus', side: 128, dynamic: false, large: false });
  });

  test('is none in a file that is no projector', async () => {
    expect(await readEncoder(new Blob(['nothing']))).toBeUndefined();
  });

  test('cuts no picture into tiles: the engine reads a header that says so, and the rest as it is', async () => {
    const tail = new Uint8Array([1, 2, 3, 4]);
    const header = projectorHeader('idefics3', { 'clip.vision.preproc_image_size': 2048, 'clip.vision.preproc_max_tiles': 10 });
    const calm = await withoutTiles(new File([header, tail], 'mmproj.gguf'));
    const values = await readGgufHeader(calm);
    expect(values.get('clip.vision.preproc_image_size')).toBe(384);
    expect(values.get('clip.vision.preproc_max_tiles')).toBe(1);
    expect(values.get('clip.projector_type')).toBe('idefics3');
    expect(calm.size).toBe(header.length + tail.length);
    expect(new Uint8Array(await calm.slice(-4).arrayBuffer())).toEqual(tail);
    const plain = new File([projectorHeader('gemma3', {})], 'mmproj.gguf');
    expect(await withoutTiles(plain)).toBe(plain);
  });
});

describe('a picture for an encoder', () => {
  test('of one size is brought to it by padding, cropping or squeezing', async () => {
    const it = await encoder('idefics3');
    expect(placement(800, 600, it, {}, true)).toMatchObject({ width: 384, height: 384, to: { x: 0, y: 48, width: 384, height: 288 } });
    expect(placement(800, 600, it, { fit: 'crop' }, true)).toMatchObject({ width: 384, from: { x: 100, y: 0, width: 600, height: 600 } });
    expect(placement(800, 600, it, { fit: 'squeeze' }, true)).toMatchObject({ from: { width: 800, height: 600 }, to: { width: 384, height: 384 } });
    expect(placement(800, 600, await encoder('gemma3'), {}, true)).toMatchObject({ to: { x: 0, y: 0, width: 384, height: 384 } });
  });

  test.each(['mlp', 'idefics3', 'resampler', 'minicpmv4_6', 'internvl', 'gemma3'])(
    'of kind %s is no larger than one tile, so that nothing is cut',
    async (kind) => {
      expect(sizeOf(1600, 900, await encoder(kind))).toEqual([384, 384]);
    },
  );

  test('of many sizes keeps its shape, is small for a large encoder on a processor, and larger when asked', async () => {
    const large = await encoder('qwen2.5vl_merger', { 'clip.vision.patch_size': 14 }, 31_000_000);
    expect(sizeOf(640, 480, large)).toEqual([308, 224]);
    expect(sizeOf(640, 480, large, {}, false)).toEqual([588, 448]);
    expect(sizeOf(4000, 3000, large, { detail: 'high' })).toEqual([1176, 896]);
    const small = await encoder('lfm2');
    expect(sizeOf(640, 480, small)).toEqual([576, 448]);
    expect(sizeOf(640, 480, small, { detail: 'low' })).toEqual([288, 224]);
    expect(sizeOf(640, 480, small, { fit: 'pad', detail: 'low' })).toEqual([256, 256]);
    expect(sizeOf(3, 2000, small)).toEqual([32, 2016]);
  });

  test('is left to an engine that scales as the model was trained, only not larger than makes sense', async () => {
    const it = await encoder('janus_pro');
    expect(sizeOf(2000, 1000, { ...it, side: 128 })).toEqual([512, 256]);
    expect(sizeOf(400, 300, { ...it, side: 128 })).toEqual([400, 300]);
    expect(sizeOf(3000, 10, undefined)).toEqual([1024, 3]);
    expect(sizeOf(400, 300, { ...it, side: 128 }, { fit: 'crop' })).toEqual([128, 128]);
  });

  test('stays the same bytes where nothing has to change, else becomes a PNG', async () => {
    const it = { ...(await encoder('janus_pro')), side: 128 };
    const picture = await circle('red', 400, 300);
    expect(new Uint8Array((await prepared({ type: 'image', data: picture }, it, true)).bytes)).toEqual(picture);
    expect(await shown((await prepared({ type: 'image', data: picture, fit: 'pad' }, it, true)).bytes)).toEqual([128, 128]);
    const webp = await circle('red', 40, 30, 'image/webp');
    const png = new Uint8Array((await prepared({ type: 'image', data: webp }, it, true)).bytes);
    expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  test('is refused when it is none', async () => {
    const data = new TextEncoder().encode('This is a letter, not a picture.');
    await expect(prepared({ type: 'image', data }, undefined, true)).rejects.toMatchObject({ code: 'bad_image' });
  });
});
