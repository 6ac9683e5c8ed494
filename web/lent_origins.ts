/**
 * Origins that a person opened for one answer or one conversation, when a tool asked to reach them.
 *
 * Owns how long each stays open: until Python says that the answer is complete, or until the app starts again; and when
 * any origin is closed, which is when neither an answer nor a provider needs it. What a page that crashed had lent is
 * closed at the next start.
 */
import { changeOrigins } from './open_origins';
import { providers } from './store';

const KEPT = 'cloche-lent-origins';

/** How many answers need an origin; one that a conversation needs is never counted down. */
const lent = new Map<string, number>();

function remember(): void {
  localStorage.setItem(KEPT, JSON.stringify([...lent.keys()]));
}

/** Opens an origin because a person has just allowed it. */
export async function lend(origin: string, conversation: boolean): Promise<void> {
  await changeOrigins((open) => {
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
  await closeUnneeded(closing);
}

/** The app has started: nothing is allowed yet, so nothing that was lent before stays open. */
export async function closeLent(): Promise<void> {
  const before = [...lent.keys(), ...(JSON.parse(localStorage.getItem(KEPT) ?? '[]') as string[])];
  lent.clear();
  await closeUnneeded(before);
}

/** Closes those of these origins that are lent to nothing and that none of the providers that stay has. */
export async function closeUnneeded(origins: readonly string[], staying = providers.value): Promise<void> {
  if (origins.length === 0) return;
  const needed = (origin: string): boolean => lent.has(origin) || staying.some((provider) => provider.origin === origin);
  await changeOrigins((open) => open.filter((origin) => !origins.includes(origin) || needed(origin)));
  remember();
}
