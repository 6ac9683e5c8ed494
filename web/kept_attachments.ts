/**
 * Pictures and files that wait in a composer, kept per conversation across reloads in IndexedDB.
 *
 * Owns their names there. A browser without IndexedDB only loses attachments on reload.
 */
import type { NewFile, NewImage } from '../js_bridge/contract.gen';
import { KeyedStore } from '../js_bridge/keyed_store';

export type Kept = { image: NewImage } | { file: NewFile };

const NEW = 'new';
const attachments = new KeyedStore('cloche-attachments', 'by-conversation');

const keyOf = (sessionId: string | null): string => sessionId ?? NEW;

export async function readKept(sessionId: string | null): Promise<readonly Kept[]> {
  return ((await attachments.read(keyOf(sessionId))) as readonly Kept[] | undefined) ?? [];
}

/** Keeps what waits in a conversation; nothing removes what was kept. */
export async function keep(sessionId: string | null, kept: readonly Kept[]): Promise<void> {
  const key = keyOf(sessionId);
  if (kept.length > 0) await attachments.keep(key, kept);
  else await attachments.remove(key);
}
