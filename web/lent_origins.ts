/**
 * Origins that a person opened for one answer or one conversation, when a tool asked to reach them.
 *
 * Owns how long each stays open: until Python says that the answer is complete, or until the app starts again. Origins
 * that are open anyway (a provider's) are left alone. What a page that crashed had lent is closed at the next start.
 */
import { openOrigins, readOrigins, setOrigins } from './open_origins';
import { providers } from './store';

const KEPT = 'cloche-lent-origins';

/** How many answers need an origin; one that a conversation needs is never counted down. */
const lent = new Map<string, number>();

/** One change of the list after the other. */
let changing: Promise<void> = Promise.resolve();

function change(next: (open: readonly string[]) => readonly string[]): Promise<void> {
  const done = changing.then(async () => {
    await readOrigins();
    await setOrigins(next(openOrigins.value ?? []));
  });
  changing = done.catch(() => undefined);
  return done;
}

function remember(): void {
  localStorage.setItem(KEPT, JSON.stringify([...lent.keys()]));
}

/** Opens an origin because a person has just allowed it. */
export async function lend(origin: string, conversation: boolean): Promise<void> {
  await change((open) => {
    if (open.includes(origin) && !lent.has(origin)) return open;
    lent.set(origin, conversation ? Infinity : (lent.get(origin) ?? 0) + 1);
    remember();
    return [...open, origin];
  });
}

/** Closes what was lent and is needed by no other answer or conversation. */
export async function giveBack(origins: readonly string[]): Promise<void> {
  const closing = origins.filter((origin) => {
    const left = (lent.get(origin) ?? 0) - 1;
    if (left > 0) lent.set(origin, left);
    return left === 0 && lent.delete(origin);
  });
  await close(closing);
}

/** The app has started: nothing is allowed yet, so nothing that was lent before stays open. */
export async function closeLent(): Promise<void> {
  const before = [...lent.keys(), ...(JSON.parse(localStorage.getItem(KEPT) ?? '[]') as string[])];
  lent.clear();
  await close(before);
}

async function close(origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  const kept = new Set(providers.value.map(({ origin }) => origin));
  await change((open) => open.filter((origin) => !origins.includes(origin) || kept.has(origin)));
  remember();
}
