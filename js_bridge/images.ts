/**
 * Pictures on their way in: any file that the browser can decode becomes a PNG or JPEG of bounded size.
 *
 * Owns recognising, decoding, scaling and encoding. Refuses with a reason what is no picture, is broken or is absurdly
 * large. Decoding is asked for at the target size, so a photo of 100 megapixels never stands in memory twice.
 */
import type { NewImage } from './contract.gen';

const MAX_SIDE = 1024;
const MAX_FILE_BYTES = 100_000_000;
const MAX_PIXELS = 400_000_000;
/** Pictures up to this many pixels stay lossless. */
const PNG_UP_TO_PIXELS = 512 * 512;
const JPEG_QUALITY = 0.92;

/** Why a file cannot be used, in words for people; `code` as in the error tree of the app. */
export class ImageRefused extends Error {
  readonly code = 'bad_image';
  readonly retryable = false;

  constructor(message: string, readonly action = 'Choose another picture.') {
    super(message);
    this.name = 'ImageRefused';
  }
}

type Kind = 'PNG' | 'JPEG' | 'GIF' | 'WebP' | 'BMP' | 'AVIF' | 'ICO' | 'HEIC' | 'TIFF' | 'SVG';

/** What a file is by its first bytes, whatever it is called; null when it is no picture known here. */
export function kindOf(head: Uint8Array): Kind | null {
  const text = String.fromCharCode(...head.subarray(0, 64));
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (text.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'GIF';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'WebP';
  if (text.startsWith('BM')) return 'BMP';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'TIFF';
  if (text.startsWith('\0\0\x01\0')) return 'ICO';
  if (text.slice(4, 8) === 'ftyp') {
    const brands = text.slice(8, 32);
    return /avi[fs]/.test(brands) ? 'AVIF' : /hei[cfx]|mif1/.test(brands) ? 'HEIC' : null;
  }
  if (/^(?:\xef\xbb\xbf)?\s*<(?:\?xml|svg)/.test(text)) return 'SVG';
  return null;
}

/** Size that keeps the proportions and fits MAX_SIDE; never larger than the picture. */
export function fitted(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A file from the picker, the clipboard or a drop as a picture for a message. */
export async function imageFromFile(file: Blob, name = file instanceof File ? file.name : ''): Promise<NewImage> {
  const { bitmap, kind } = await opened(file, name);
  try {
    return await imageFromSource(bitmap, bitmap.width, bitmap.height, name, kind === 'JPEG');
  } finally {
    bitmap.close();
  }
}

/** A canvas, video frame, bitmap, image data or blob as a picture; undefined for what is none of these. */
export async function imageFromObject(object: ImageBitmapSource): Promise<NewImage | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(object);
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
  try {
    return await imageFromSource(bitmap, bitmap.width, bitmap.height, '', false);
  } finally {
    bitmap.close();
  }
}

/** A file decoded, of bounded size. Throws ImageRefused. */
export async function decodedFile(file: File): Promise<ImageBitmap> {
  return (await opened(file, file.name)).bitmap;
}

async function opened(file: Blob, name: string): Promise<{ bitmap: ImageBitmap; kind: Kind }> {
  const label = name ? `“${name}”` : 'The picture';
  if (file.size === 0) throw new ImageRefused(`${label} is empty.`);
  if (file.size > MAX_FILE_BYTES) {
    const size = `${Math.round(file.size / 1e6)} MB`;
    throw new ImageRefused(`${label} has ${size}; at most 100 MB are read.`, 'Choose a smaller picture.');
  }
  const kind = kindOf(new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  if (!kind) throw new ImageRefused(`${label} is not a picture.`, 'Choose a PNG, JPEG, WebP, GIF, BMP or AVIF file.');
  if (kind === 'SVG') throw new ImageRefused(`${label} is an SVG drawing, not a picture made of pixels.`, 'Save it as PNG first.');
  const { width, height } = await sizeOf(file, kind, label);
  if (width * height > MAX_PIXELS) {
    const size = `${width.toLocaleString('en')} × ${height.toLocaleString('en')}`;
    throw new ImageRefused(`${label} has ${size} pixels; that is too many to read here.`, 'Choose a smaller picture.');
  }
  return { bitmap: await decoded(file, kind, label, fitted(width, height)), kind };
}

/** Anything that can be drawn, scaled to fit and encoded. Transparent places become white. */
export async function imageFromSource(
  source: CanvasImageSource,
  sourceWidth: number,
  sourceHeight: number,
  name: string,
  photo: boolean,
): Promise<NewImage> {
  const { width, height } = fitted(sourceWidth, sourceHeight);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new ImageRefused('The browser gave no canvas to draw the picture on.', 'Close other tabs and try again.');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  const mime = photo || width * height > PNG_UP_TO_PIXELS ? 'image/jpeg' : 'image/png';
  const blob = await canvas.convertToBlob({ type: mime, quality: JPEG_QUALITY });
  return { bytes: new Uint8Array(await blob.arrayBuffer()), mime, width, height, name };
}

/** Width and height as shown. An image element reads the header only and leaves the pixels where they are. */
async function sizeOf(file: Blob, kind: Kind, label: string): Promise<{ width: number; height: number }> {
  const address = URL.createObjectURL(file);
  try {
    return await new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight });
      image.onerror = () => reject(unreadable(kind, label));
      image.src = address;
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function decoded(file: Blob, kind: Kind, label: string, size: { width: number; height: number }): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, {
      imageOrientation: 'from-image',
      resizeWidth: size.width,
      resizeHeight: size.height,
      resizeQuality: 'high',
    });
  } catch {
    throw unreadable(kind, label);
  }
}

function unreadable(kind: Kind, label: string): ImageRefused {
  return kind === 'HEIC' || kind === 'TIFF'
    ? new ImageRefused(`${label} is a ${kind} file, which this browser cannot read.`, 'Save it as JPEG or PNG first.')
    : new ImageRefused(
        `${label} is damaged: this browser cannot decode it as ${kind}.`,
        'Choose another picture or save it again.',
      );
}
