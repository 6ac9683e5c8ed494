/**
 * Which view is shown: hash routes, so that Back, Forward and reload keep it and any static host will do.
 *
 *     #/chat                       a new conversation
 *     #/chat/<session>             a conversation
 *     #/chat/<session>/<message>   the same, shown at one message
 *     #/trace/<session>            what happened in its turns
 *     #/live, #/python, #/share, #/models, #/storage, #/settings
 *
 * Anything else is a new conversation. Does not load what a view needs.
 */
import { signal } from '@preact/signals';

/** Views without anything to say which of it. */
const PLAIN = ['live', 'python', 'share', 'models', 'storage', 'settings'] as const;
const isPlain = (view: string | undefined): view is (typeof PLAIN)[number] => PLAIN.some((plain) => plain === view);

export type Route =
  | { view: 'chat'; sessionId: string | null; messageId: string | null }
  | { view: 'trace'; sessionId: string | null }
  | { view: (typeof PLAIN)[number] };

export function parseRoute(hash: string): Route {
  const [view, ...rest] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  if (isPlain(view)) return { view };
  if (view === 'trace') return { view, sessionId: rest[0] || null };
  const [sessionId, messageId] = view === 'chat' ? rest : [];
  return { view: 'chat', sessionId: sessionId || null, messageId: messageId || null };
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return '';
  }
}

export function addressOf(route: Route): string {
  if (route.view === 'trace') return route.sessionId ? `#/trace/${encodeURIComponent(route.sessionId)}` : '#/trace';
  if (route.view !== 'chat') return `#/${route.view}`;
  const pieces = [route.sessionId, route.messageId].filter((piece) => piece !== null);
  return ['#/chat', ...pieces.map(encodeURIComponent)].join('/');
}

export const chatAddress = (sessionId: string | null = null, messageId: string | null = null): string =>
  addressOf({ view: 'chat', sessionId, messageId });

export const route = signal<Route>(parseRoute(location.hash));
addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

/** Goes to a view; `replace` leaves no entry to go back to. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', address);
  else if (address !== location.hash) history.pushState(null, '', address);
  route.value = parseRoute(address);
}
