/**
 * Pictures and text files that wait in the composer of the conversation on screen.
 *
 * Owns what may be attached and the thumbnails' object URLs. They are kept per conversation by kept_attachments.ts, so
 * that a reload or a look at another conversation loses none.
 */
import { signal } from '@preact/signals';
import { LIMITS, type ErrorInfo, type NewFile, type NewImage } from '../js_bridge/contract.gen';
import { imageFromFile, kindOf } from '../js_bridge/images';
import { errorOf } from './actions';
import { bytes } from './figures';
import { keep, readKept, type Kept } from './kept_attachments';
import { card, composerError } from './store';

export interface Picture {
  key: number;
  image: NewImage;
  address: string;
}

export interface TextFile {
  key: number;
  file: NewFile;
}

type Attachment = Picture | TextFile;

export const attachments = signal<readonly Attachment[]>([]);
/** Files being read now. */
export const decoding = signal(0);

export const isPicture = (attachment: Attachment): attachment is Picture => 'image' in attachment;
export const picturesAttached = (): NewImage[] => attachments.value.filter(isPicture).map(({ image }) => image);
export const filesAttached = (): NewFile[] => attachments.value.flatMap((one) => (isPicture(one) ? [] : [one.file]));

/** What was attached before is being looked up. */
export const restoring = signal(false);

const LIMIT = LIMITS.MessageSend;
const LONGEST_FILE = LIMITS.NewFile.bytes.maxLength;
const LONGEST_NAME = LIMITS.NewFile.name.maxLength;
let lastKey = 0;
/** The conversation that these belong to. */
let place: string | null = null;

/** Shows what waits in a conversation, in place of what waits in the one before. */
export async function showAttachments(sessionId: string | null): Promise<void> {
  place = sessionId;
  draw([]);
  restoring.value = true;
  const kept = await readKept(sessionId).catch(() => []);
  if (place !== sessionId) return;
  restoring.value = false;
  // What was attached meanwhile stays, after what was there before.
  attachments.value = [...kept.map(shown), ...attachments.value];
}

/** A new chat became a session: what waits there goes with it. */
export function adoptAttachments(sessionId: string): void {
  place = sessionId;
  void keep(null, []).catch(() => undefined);
  keepAll();
}

export function attach(image: NewImage): void {
  if (picturesAttached().length >= LIMIT.images.maxItems) {
    composerError.value = refused(`At most ${LIMIT.images.maxItems} pictures fit one message.`, 'Remove one first.');
  } else if (card.value && !card.value.modalities.includes('image')) {
    composerError.value = refused(`${card.value.name} reads text only.`, 'Choose a model that reads pictures.');
  } else {
    draw([...attachments.value, shown({ image })]);
    keepAll();
  }
}

async function attachText(file: File): Promise<void> {
  if (filesAttached().length >= LIMIT.files.maxItems) {
    composerError.value = refused(`At most ${LIMIT.files.maxItems} files fit one message.`, 'Remove one first.');
  } else if (file.size > LONGEST_FILE) {
    composerError.value = refused(`“${file.name}” has ${bytes(file.size)}; at most ${bytes(LONGEST_FILE)} are read.`, 'Attach a part of it.');
  } else {
    const content = new Uint8Array(await file.arrayBuffer());
    const name = file.name.slice(0, LONGEST_NAME) || 'Pasted text';
    draw([...attachments.value, shown({ file: { bytes: content, name, mime: file.type || 'text/plain' } })]);
    keepAll();
  }
}

/** What a browser calls no picture may be one by its first bytes; SVG that is not called a picture is text. */
async function looksLikePicture(file: File): Promise<boolean> {
  if (file.type) return file.type.startsWith('image/');
  const kind = kindOf(new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  return kind !== null && kind !== 'SVG';
}

/** Pictures become pictures, everything else is taken for text; Python refuses what is none. `as` says what is meant. */
export async function attachFiles(files: Iterable<File>, as: 'either' | 'pictures' | 'text' = 'either'): Promise<void> {
  composerError.value = null;
  for (const file of files) {
    decoding.value += 1;
    try {
      if (as === 'pictures' || (as === 'either' && (await looksLikePicture(file)))) attach(await imageFromFile(file));
      else await attachText(file);
    } catch (thrown) {
      composerError.value = errorOf(thrown);
    } finally {
      decoding.value -= 1;
    }
  }
}

export function detach(key: number): void {
  draw(attachments.value.filter((attachment) => attachment.key !== key));
  composerError.value = null;
  keepAll();
}

/** Nothing waits in a conversation any more. */
export function detachAll(sessionId: string | null): void {
  void keep(sessionId, []).catch(() => undefined);
  if (sessionId !== place) return;
  draw([]);
  composerError.value = null;
}

function shown(kept: Kept): Attachment {
  lastKey += 1;
  if ('file' in kept) return { key: lastKey, file: kept.file };
  const blob = new Blob([new Uint8Array(kept.image.bytes)], { type: kept.image.mime });
  return { key: lastKey, image: kept.image, address: URL.createObjectURL(blob) };
}

/** Puts others on screen and frees the addresses of those that go. */
function draw(next: readonly Attachment[]): void {
  for (const gone of attachments.value) if (isPicture(gone) && !next.includes(gone)) URL.revokeObjectURL(gone.address);
  attachments.value = next;
}

function keepAll(): void {
  const kept = attachments.value.map((one): Kept => (isPicture(one) ? { image: one.image } : { file: one.file }));
  // A browser that keeps nothing has them while the tab lives.
  void keep(place, kept).catch(() => undefined);
}

function refused(message: string, action: string): ErrorInfo {
  return { code: 'bad_image', message, action, retryable: false };
}
