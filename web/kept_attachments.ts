/**
 * Pictures and files that wait in a composer, kept per conversation across reloads in IndexedDB.
 *
 * Owns that database and nothing else that is stored. A browser without it only loses attachments on reload.
 */
import type { NewFile, NewImage } from '../js_bridge/contract.gen';

export type Kept = { image: NewImage } | { file: NewFile };

const DATABASE = 'cloche-attachments';
const STORE = 'by-conversation';
const NEW = 'new';

const keyOf = (sessionId: string | null): string => sessionId ?? NEW;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The attachments could not be kept.'));
  });
}

let opening: Promise<IDBDatabase> | undefined;

function opened(): Promise<IDBDatabase> {
  opening ??= (() => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return done(request);
  })();
  return opening;
}

async function inStore<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await opened()).transaction(STORE, mode);
  const request = use(transaction.objectStore(STORE));
  // At once: a page that goes away takes back what has not been committed.
  transaction.commit();
  return done(request);
}

export async function readKept(sessionId: string | null): Promise<readonly Kept[]> {
  return ((await inStore('readonly', (store) => store.get(keyOf(sessionId)))) as readonly Kept[] | undefined) ?? [];
}

/** Keeps what waits in a conversation; nothing removes what was kept. */
export async function keep(sessionId: string | null, kept: readonly Kept[]): Promise<void> {
  const key = keyOf(sessionId);
  if (kept.length > 0) await inStore('readwrite', (store) => store.put(kept, key));
  else await inStore('readwrite', (store) => store.delete(key));
}
