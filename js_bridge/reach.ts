/**
 * Whether the downloads worker may reach an address, and small things read from one.
 *
 * Owns asking the service worker for the list (which it also enforces, in this script's Content-Security-Policy) and
 * telling people why an address is out of reach. The app's own origin is always in reach.
 */
import { chunksOf } from './chunks';
import type { ReadUrl, UrlContent } from './contract.gen';
import type { Origins } from './open_origins';
import { RpcError, transfer } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

const OPEN_ORIGINS = new URL('../open-origins.json', self.location.href);
const MOST = 16 * 2 ** 20;

/** Rejects with `origin_closed` or `remote_off` unless every one of these addresses may be asked. */
export async function makeSureOfReach(urls: readonly URL[], signal: AbortSignal): Promise<void> {
  const away = new Set(urls.map(({ origin }) => origin).filter((origin) => origin !== self.location.origin));
  if (away.size === 0) return;
  const response = await fetch(OPEN_ORIGINS, { signal, cache: 'no-store' }).catch(() => undefined);
  signal.throwIfAborted();
  if (!response?.ok) {
    throw new RpcError(
      'remote_off',
      'Downloads from other addresses are off: no service worker enforces the list of allowed ones here.',
      'Reload the page. They need a browser and an address where service workers are allowed.',
    );
  }
  const { downloads } = (await response.json()) as Origins;
  for (const origin of away) {
    if (!downloads.includes(origin)) throw closed(`This page may not download from ${origin}.`);
  }
}

function closed(message: string): RpcError {
  return new RpcError('origin_closed', message, 'Allow the address for downloads, then try again.');
}

/** Notes whether a request is held back by the policy; a browser tells `fetch` only that it failed. */
class Policy {
  blocked = false;

  constructor() {
    self.addEventListener('securitypolicyviolation', () => (this.blocked = true));
  }

  /** What to tell instead of a failed connection, if a redirect led to where this page may not go. */
  async explain(url: URL): Promise<RpcError | undefined> {
    // The word of the violation comes a moment after the failure.
    if (!this.blocked) await new Promise((resolve) => setTimeout(resolve));
    if (!this.blocked) return undefined;
    this.blocked = false;
    return closed(`${url.origin} sends its files from another address, which this page may not reach.`);
  }
}

export const policy = new Policy();

/** Reads something small. */
export async function readUrl(request: ReadUrl, signal: AbortSignal): Promise<UrlContent> {
  const { url, offset = 0, length = 0, headers = {} } = request;
  await makeSureOfReach([new URL(url)], signal);
  const range = length > 0 ? { Range: `bytes=${offset}-${offset + length - 1}` } : {};
  try {
    const response = await fetch(url, {
      signal,
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      credentials: 'omit',
      headers: { ...headers, ...range },
    });
    const bytes = await upTo(response, length || MOST, response.status === 206 ? 0 : offset);
    const total = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1] ?? response.headers.get('Content-Length');
    const content = { status: response.status, url: response.url, headers: Object.fromEntries(response.headers), total: Number(total ?? 0), bytes };
    return transfer(content, [bytes.buffer]);
  } catch (thrown) {
    if (signal.aborted) throw new RpcError('aborted', 'Stopped on request.');
    if (thrown instanceof RpcError) throw thrown;
    const { origin } = new URL(url);
    throw (await policy.explain(new URL(url))) ?? new RpcError('server_unreachable', `${origin} could not be reached.`, 'Check the connection and try again.', true);
  }
}

/** So many bytes of a body after the first `skip`; the rest is not waited for. */
async function upTo(response: Response, most: number, skip: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let room = most;
  for await (let piece of chunksOf(response.body)) {
    const skipped = Math.min(skip, piece.length);
    skip -= skipped;
    piece = piece.subarray(skipped, skipped + room);
    pieces.push(piece);
    room -= piece.length;
    if (room === 0) break;
  }
  const bytes = new Uint8Array(most - room);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
