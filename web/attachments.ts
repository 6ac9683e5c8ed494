/**
 * Pictures that wait in the composer, per session, with their thumbnails.
 *
 * Owns their object URLs. They live in memory only: a reload keeps the draft's text, not its pictures.
 */
import { signal } from '@preact/signals';
import { LIMITS, type ErrorInfo, type NewImage } from '../js_bridge/contract.gen';
import { imageFromFile } from '../js_bridge/images';
import { errorOf } from './actions';
import { card, composerError } from './store';

export interface Attachment {
  key: number;
  image: NewImage;
  address: string;
}

export const attachments = signal<readonly Attachment[]>([]);
/** Pictures being decoded now. */
export const decoding = signal(0);

const MOST = LIMITS.MessageSend.images.maxItems;
let lastKey = 0;

export function attach(image: NewImage): void {
  if (attachments.value.length >= MOST) {
    composerError.value = refused(`At most ${MOST} pictures fit one message.`, 'Remove one first.');
    return;
  }
  if (card.value && !card.value.modalities.includes('image')) {
    composerError.value = refused(`${card.value.name} reads text only.`, 'Choose a model that reads pictures.');
    return;
  }
  lastKey += 1;
  const blob = new Blob([new Uint8Array(image.bytes)], { type: image.mime });
  attachments.value = [...attachments.value, { key: lastKey, image, address: URL.createObjectURL(blob) }];
}

export async function attachFiles(files: Iterable<File>): Promise<void> {
  composerError.value = null;
  for (const file of files) {
    decoding.value += 1;
    try {
      attach(await imageFromFile(file));
    } catch (thrown) {
      composerError.value = errorOf(thrown);
    } finally {
      decoding.value -= 1;
    }
  }
}

export function detach(key: number): void {
  const gone = attachments.value.find((attachment) => attachment.key === key);
  if (gone) URL.revokeObjectURL(gone.address);
  attachments.value = attachments.value.filter((attachment) => attachment !== gone);
  composerError.value = null;
}

export function detachAll(): void {
  for (const { address } of attachments.value) URL.revokeObjectURL(address);
  attachments.value = [];
  composerError.value = null;
}

function refused(message: string, action: string): ErrorInfo {
  return { code: 'bad_image', message, action, retryable: false };
}
