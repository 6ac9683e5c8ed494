/**
 * What was typed and not sent yet, kept per session across reloads in localStorage.
 *
 * Owns the drafts and nothing else that is stored; sent messages are Python's. Writes when the page is idle and when it
 * goes away, so that typing never waits for storage. A browser without storage only loses drafts on reload.
 */

const PREFIX = 'cloche-draft:';
const NEW = 'new';
const whenIdle = globalThis.requestIdleCallback ?? ((task: () => void) => setTimeout(task));
const waiting = new Map<string, string>();
let scheduled = false;

function keyOf(sessionId: string | null): string {
  return PREFIX + (sessionId ?? NEW);
}

export function readDraft(sessionId: string | null): string {
  const key = keyOf(sessionId);
  try {
    return waiting.get(key) ?? localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

export function writeDraft(sessionId: string | null, text: string): void {
  waiting.set(keyOf(sessionId), text);
  if (scheduled) return;
  scheduled = true;
  whenIdle(flushDrafts, { timeout: 500 });
}

/** A new chat became a session: what was typed there goes with it. */
export function adoptDraft(sessionId: string): void {
  writeDraft(sessionId, readDraft(null));
  writeDraft(null, '');
}

export function flushDrafts(): void {
  scheduled = false;
  for (const [key, text] of waiting) {
    try {
      if (text) localStorage.setItem(key, text);
      else localStorage.removeItem(key);
    } catch {
      // Storage is full or switched off: the draft stays in memory for this tab.
      continue;
    }
    waiting.delete(key);
  }
}

addEventListener('pagehide', flushDrafts);
document.addEventListener('visibilitychange', flushDrafts);
