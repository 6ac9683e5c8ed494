/**
 * Pictures on their way into an engine: decoded, brought to the encoder's size, encoded as PNG.
 *
 * Owns how a picture's size and shape follow from the encoder and from what was asked for. Whether the model sees
 * pictures at all is not decided here, nor what an encoder is (encoder.ts).
 */

import type { ImageContent } from './contract.gen';
import type { Encoder } from './encoder';
import { RpcError } from './rpc';

export interface Prepared {
  bytes: ArrayBuffer;
  width: number;
  height: number;
}

/** Where of the picture's width x height goes where on a canvas. */
export interface Placement {
  width: number;
  height: number;
  from: { x: number; y: number; width: number; height: number };
  to: { x: number; y: number; width: number; height: number };
}

/** The engine scales as the model was trained; four times the encoder's size is as good as the original for that. */
const TIMES_ENCODER = 4;
const AT_MOST = 1024;
const LOW_SIDE = 256;
const MIDDLE_SIDE = 512;
/** The ground that llama.cpp pads with, and that models were trained with. */
const GROUND = 'rgb(127 127 127)';

/** How a picture is to be drawn for an encoder; `cpu` says that no GPU helps it. */
export function placement(
  width: number,
  height: number,
  encoder: Encoder | undefined,
  { fit = 'auto', detail = 'auto' }: Pick<ImageContent, 'fit' | 'detail'>,
  cpu: boolean,
): Placement {
  const whole = { x: 0, y: 0, width, height };
  if (encoder?.dynamic && fit === 'auto') {
    const size = dynamicSize(width, height, encoder, pixels(encoder, detail, cpu));
    return { ...size, from: whole, to: { x: 0, y: 0, ...size } };
  }
  const natural = encoder?.dynamic ? 'pad' : (encoder?.natural ?? 'engine');
  const wanted = fit === 'auto' ? natural : fit;
  if (!encoder || wanted === 'engine') {
    const size = limited(width, height, encoder ? Math.min(AT_MOST, encoder.side * TIMES_ENCODER) : AT_MOST);
    return { ...size, from: whole, to: { x: 0, y: 0, ...size } };
  }
  const side = encoder.dynamic
    ? Math.max(1, Math.floor(Math.sqrt(pixels(encoder, detail, cpu)) / encoder.multiple)) * encoder.multiple
    : encoder.side;
  const square = { x: 0, y: 0, width: side, height: side };
  if (wanted === 'squeeze') return { width: side, height: side, from: whole, to: square };
  if (wanted === 'crop') {
    const short = Math.min(width, height);
    const from = { x: (width - short) / 2, y: (height - short) / 2, width: short, height: short };
    return { width: side, height: side, from, to: square };
  }
  const scale = side / Math.max(width, height);
  const shown = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const to = { x: Math.floor((side - shown.width) / 2), y: Math.floor((side - shown.height) / 2), ...shown };
  return { width: side, height: side, from: whole, to };
}

/** The picture as PNG or JPEG of the encoder's size; throws "bad_image" for what is no picture. */
export async function prepared(content: ImageContent, encoder: Encoder | undefined, cpu: boolean): Promise<Prepared> {
  const bytes = content.data.slice().buffer;
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(new Blob([bytes]));
  } catch {
    throw new RpcError('bad_image', 'The picture cannot be decoded.', 'Choose another picture.');
  }
  try {
    const { width, height, from, to } = placement(picture.width, picture.height, encoder, content, cpu);
    if (width === picture.width && height === picture.height && isPngOrJpeg(content.data)) return { bytes, width, height };
    const canvas = new OffscreenCanvas(width, height);
    const brush = canvas.getContext('2d', { alpha: false }) as OffscreenCanvasRenderingContext2D;
    brush.fillStyle = GROUND;
    brush.fillRect(0, 0, width, height);
    brush.fillStyle = 'white'; // Transparent places of the picture.
    brush.fillRect(to.x, to.y, to.width, to.height);
    brush.imageSmoothingQuality = 'high';
    brush.drawImage(picture, from.x, from.y, from.width, from.height, to.x, to.y, to.width, to.height);
    return { bytes: await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer(), width, height };
  } finally {
    picture.close();
  }
}

/** How many pixels a dynamic encoder gets to see. */
function pixels(encoder: Encoder, detail: ImageContent['detail'], cpu: boolean): number {
  if (detail === 'high') return encoder.most;
  const side = detail === 'low' || (cpu && encoder.large) ? LOW_SIDE : MIDDLE_SIDE;
  return Math.min(encoder.most, side * side);
}

function dynamicSize(width: number, height: number, { multiple }: Encoder, most: number): { width: number; height: number } {
  const scale = Math.min(1, Math.sqrt(most / (width * height)));
  const toMultiple = (length: number): number => Math.max(1, Math.round((length * scale) / multiple)) * multiple;
  return { width: toMultiple(width), height: toMultiple(height) };
}

function limited(width: number, height: number, limit: number): { width: number; height: number } {
  const scale = Math.min(1, limit / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function isPngOrJpeg(data: Uint8Array): boolean {
  return (data[0] === 0x89 && data[1] === 0x50) || (data[0] === 0xff && data[1] === 0xd8);
}
