/**
 * Pictures on their way into an engine.
 *
 * Owns the size at which a picture crosses into WASM: the engine's own code scales to the encoder's exact size the way
 * the model was trained with, so a picture needs only be small enough not to waste memory and time there. Whether the
 * model sees pictures at all is not decided here.
 */

import { RpcError } from './rpc';

const AT_MOST = 1024;
/** Scaling down from four times the encoder's size shows no difference to scaling down from the original. */
const TIMES_ENCODER = 4;

/** The longest side that makes sense for an encoder with this image size; undefined where the size is unknown. */
export function longestSide(encoderSize: number | undefined): number {
  return encoderSize ? Math.min(AT_MOST, encoderSize * TIMES_ENCODER) : AT_MOST;
}

/** The picture as PNG or JPEG bytes, no side longer than `limit`; throws "bad_image" for what is no picture. */
export async function fitForEncoder(data: Uint8Array, limit: number): Promise<ArrayBuffer> {
  const bytes = data.slice().buffer;
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(new Blob([bytes]));
  } catch {
    throw new RpcError('bad_image', 'The picture cannot be decoded.', 'Choose another picture.');
  }
  try {
    const scale = limit / Math.max(picture.width, picture.height);
    if (scale >= 1 && isPngOrJpeg(data)) return bytes;
    const width = Math.max(1, Math.round(picture.width * Math.min(1, scale)));
    const height = Math.max(1, Math.round(picture.height * Math.min(1, scale)));
    const canvas = new OffscreenCanvas(width, height);
    const brush = canvas.getContext('2d', { alpha: false }) as OffscreenCanvasRenderingContext2D;
    brush.fillStyle = 'white';
    brush.fillRect(0, 0, width, height);
    brush.imageSmoothingQuality = 'high';
    brush.drawImage(picture, 0, 0, width, height);
    return await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer();
  } finally {
    picture.close();
  }
}

function isPngOrJpeg(data: Uint8Array): boolean {
  return (data[0] === 0x89 && data[1] === 0x50) || (data[0] === 0xff && data[1] === 0xd8);
}
