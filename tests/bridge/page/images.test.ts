// Any picture that the browser can decode gets in, at a bounded size; everything else is refused with a reason.
import { describe, expect, test } from 'vitest';
import { fitted, imageFromFile, kindOf } from '../../../js_bridge/images';

interface Drawing {
  width: number;
  height: number;
  type: string;
  alpha?: boolean;
}

/** Left half red, right half blue; with `alpha` the right half is transparent. */
async function drawing({ width, height, type, alpha = false }: Drawing): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.fillStyle = '#f00';
  context.fillRect(0, 0, width / 2, height);
  context.fillStyle = '#00f';
  if (!alpha) context.fillRect(width / 2, 0, width / 2, height);
  return canvas.convertToBlob({ type });
}

/** The colour of one pixel, given as shares of width and height. */
async function colourAt(image: { bytes: Uint8Array; mime: string }, x: number, y: number): Promise<number[]> {
  const bitmap = await createImageBitmap(new Blob([new Uint8Array(image.bytes)], { type: image.mime }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (!context) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0);
  return [...context.getImageData(Math.floor(x * bitmap.width), Math.floor(y * bitmap.height), 1, 1).data.slice(0, 3)];
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
const file = (content: BlobPart, name: string): File => new File([content], name);
const near = (colour: number[], wanted: number[]): void =>
  colour.forEach((value, index) => expect(Math.abs(value - (wanted[index] ?? 0))).toBeLessThan(12));

/** Two frames of 2 x 1 pixels: the first red, the second blue. */
const GIF =
  'R0lGODlhAgABAPAAAP8AAAAA/yH5BAAKAAAALAAAAAACAAEAAAICBAoAIfkEAAoAAAAsAAAAAAIAAQAAAgKMCgA7';

/** 2 x 1 pixels, 24 bits: red, blue. */
function bmp(): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(62));
  [0x42, 0x4d, 62].forEach((value, index) => view.setUint8(index, value));
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, 2, true);
  view.setInt32(22, 1, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  [0, 0, 255, 255, 0, 0].forEach((value, index) => view.setUint8(54 + index, value));
  return new Uint8Array(view.buffer);
}

describe('pictures that get in', () => {
  test.each(['image/png', 'image/jpeg', 'image/webp'])('%s keeps its pixels', async (type) => {
    const image = await imageFromFile(file(await drawing({ width: 200, height: 100, type }), 'drawing'));
    expect(image).toMatchObject({ width: 200, height: 100, name: 'drawing' });
    near(await colourAt(image, 0.25, 0.5), [255, 0, 0]);
    near(await colourAt(image, 0.75, 0.5), [0, 0, 255]);
  });

  test('a BMP', async () => {
    const image = await imageFromFile(file(bmp(), 'x.bmp'));
    expect(image).toMatchObject({ width: 2, height: 1, mime: 'image/png' });
    near(await colourAt(image, 0.25, 0.5), [255, 0, 0]);
  });

  test('the first frame of a GIF', async () => {
    const image = await imageFromFile(file(bytesOf(GIF), 'moving.gif'));
    expect(image).toMatchObject({ width: 2, height: 1 });
    near(await colourAt(image, 0.25, 0.5), [255, 0, 0]);
  });

  test('transparent places become white', async () => {
    const image = await imageFromFile(await drawing({ width: 100, height: 50, type: 'image/png', alpha: true }));
    near(await colourAt(image, 0.75, 0.5), [255, 255, 255]);
  });

  test('what the file is called does not matter', async () => {
    const image = await imageFromFile(file(await drawing({ width: 10, height: 10, type: 'image/png' }), 'notes.txt'));
    expect(image.width).toBe(10);
  });

  test('a photo of 12,000 x 9,000 pixels is scaled down', async () => {
    const photo = await drawing({ width: 12_000, height: 9000, type: 'image/jpeg' });
    const image = await imageFromFile(file(photo, 'photo.jpg'));
    expect(image).toMatchObject({ width: 1024, height: 768, mime: 'image/jpeg' });
    near(await colourAt(image, 0.25, 0.5), [255, 0, 0]);
    near(await colourAt(image, 0.75, 0.5), [0, 0, 255]);
  });

  test('a photo that is turned by its EXIF data comes upright', async () => {
    const plain = new Uint8Array(await (await drawing({ width: 400, height: 200, type: 'image/jpeg' })).arrayBuffer());
    const exif = [0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
    const turned = new Blob([plain.slice(0, 2), new Uint8Array(exif), plain.slice(2)]);
    const image = await imageFromFile(turned);
    expect(image).toMatchObject({ width: 200, height: 400 });
    near(await colourAt(image, 0.5, 0.25), [255, 0, 0]);
    near(await colourAt(image, 0.5, 0.75), [0, 0, 255]);
  });
});

describe('files that are refused', () => {
  const refusal = (blob: Blob): Promise<{ code: string; message: string; action: string }> =>
    imageFromFile(blob).then(
      () => expect.unreachable('it was taken'),
      (thrown) => thrown,
    );

  test('a text file named like a picture', async () => {
    const error = await refusal(file('Dear diary, today I was no picture.', 'diary.png'));
    expect(error).toMatchObject({ code: 'bad_image', message: '“diary.png” is not a picture.' });
    expect(error.action).not.toBe('');
  });

  test('an empty file', async () => {
    expect((await refusal(file('', 'nothing.png'))).message).toContain('is empty');
  });

  test.each(['image/png', 'image/jpeg', 'image/webp'])('a damaged %s', async (type) => {
    const whole = new Uint8Array(await (await drawing({ width: 300, height: 300, type })).arrayBuffer());
    const error = await refusal(file(whole.slice(0, 40), 'broken'));
    expect(error.message).toContain('“broken” is damaged');
  });

  test('a picture with more pixels than memory allows', async () => {
    const head = new Uint8Array(await (await drawing({ width: 8, height: 8, type: 'image/png' })).arrayBuffer());
    new DataView(head.buffer).setUint32(16, 60_000);
    new DataView(head.buffer).setUint32(20, 60_000);
    expect((await refusal(file(head, 'bomb.png'))).message).toMatch(/60,000 × 60,000 pixels|damaged/);
  });

  test('a file of more than 100 MB', async () => {
    const megabyte = new Uint8Array(1_000_000);
    const huge = new Blob(Array.from({ length: 101 }, () => megabyte));
    expect((await refusal(huge)).message).toContain('101 MB; at most 100 MB');
  });

  test('an SVG drawing', async () => {
    expect((await refusal(file('<svg xmlns="http://www.w3.org/2000/svg"/>', 'x.svg'))).message).toContain('SVG');
  });
});

test('a kind is known by its first bytes', () => {
  const head = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
  expect(kindOf(head('\0\0\0\x20ftypavif\0\0\0\0'))).toBe('AVIF');
  expect(kindOf(head('\0\0\0\x18ftypheic\0\0\0\0'))).toBe('HEIC');
  expect(kindOf(head('\0\0\0\x18ftypmp42\0\0\0\0'))).toBeNull();
  expect(kindOf(head('%PDF-1.7'))).toBeNull();
});

test('scaling keeps the proportions and never enlarges', () => {
  expect(fitted(4000, 1000)).toEqual({ width: 1024, height: 256 });
  expect(fitted(300, 200)).toEqual({ width: 300, height: 200 });
  expect(fitted(20_000, 3)).toEqual({ width: 1024, height: 1 });
});
