/**
 * The one worker whose requests may leave the origin, and only to the origins that a person has opened.
 *
 * Owns the carrying: bytes in, pieces of text out; what is said is Python's business. It cannot widen its own reach: the
 * service worker wrote the list into this script's Content-Security-Policy when the worker started (sw.ts), and tells
 * the list on request. Without a service worker nothing but this origin can be reached. It also seals secrets, so that
 * a key that is kept never lies about readable (secrets.ts).
 */
import { chunksOf } from './chunks';
import type { HttpHead, HttpRequest, OpenSocket, SocketEnd, Streams, Workers } from './contract.gen';
import type { Origins } from './open_origins';
import { Rpc, RpcError, type CallContext } from './rpc';
import { openSecret, sealSecret } from './secrets';
import { Socket } from './socket';

declare const self: DedicatedWorkerGlobalScope;

/** Where the service worker tells which origins are open; relative to the folder of the app's scripts. */
const OPEN_ORIGINS = new URL('../open-origins.json', self.location.href);

const socket = new Socket();

/** The origins that are open now. Only the service worker can answer: without one there is no such file. */
async function openOrigins(signal: AbortSignal): Promise<readonly string[]> {
  const off = (why: string) => new RpcError('remote_off', `Remote providers are off: ${why}`);
  const response = await fetch(OPEN_ORIGINS, { signal, cache: 'no-store' }).catch(() => {
    throw signal.aborted ? new RpcError('aborted', 'Stopped on request.') : off('the list of allowed addresses cannot be read.');
  });
  if (!response.ok) throw off('no service worker enforces the list of allowed addresses here.');
  return ((await response.json()) as Origins).remote;
}

async function stream(request: HttpRequest, { signal, push }: CallContext<Streams['http.stream']>): Promise<HttpHead> {
  const { url, method, headers, body, binary, redirects } = request;
  const { origin } = new URL(url);
  // Asking also wakes the service worker, which then knows the list when the request itself passes it.
  if (!(await openOrigins(signal)).includes(origin)) {
    throw new RpcError('origin_closed', `This page may not reach ${origin}.`);
  }
  try {
    const response = await fetch(url, {
      method: method ?? 'GET',
      headers: headers ?? {},
      body: body ?? null,
      signal,
      mode: 'cors',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: redirects === 'same_origin' ? 'follow' : 'error',
      cache: 'no-store',
    });
    if (new URL(response.url).origin !== origin) throw new Error('it sends requests on to another address');
    const head: HttpHead = { status: response.status, headers: Object.fromEntries(response.headers) };
    push({ head, text: '', data: null });
    if (response.body && binary) await passBytes(response.body, (data) => push({ head: null, text: '', data }));
    else if (response.body) await pass(response.body, (text) => push({ head: null, text, data: null }));
    return head;
  } catch (thrown) {
    if (signal.aborted) throw new RpcError('aborted', 'Stopped on request.');
    const reason = thrown instanceof Error ? ` (${thrown.message})` : '';
    throw new RpcError('server_unreachable', `${origin} could not be reached, or the connection broke off${reason}.`);
  }
}

async function pass(body: ReadableStream<Uint8Array<ArrayBuffer>>, push: (text: string) => void): Promise<void> {
  for await (const text of chunksOf(body.pipeThrough(new TextDecoderStream()))) if (text) push(text);
}

async function passBytes(body: ReadableStream<Uint8Array<ArrayBuffer>>, push: (data: Uint8Array) => void): Promise<void> {
  for await (const data of chunksOf(body)) push(data);
}

/** Opens the worker's socket. This page's own server may always be reached. */
async function openSocket({ url }: OpenSocket, { signal, push }: CallContext<Streams['socket.open']>): Promise<SocketEnd> {
  const { origin } = new URL(url);
  if (origin !== self.location.origin.replace(/^http/, 'ws') && !(await openOrigins(signal)).includes(origin)) {
    throw new RpcError('origin_closed', `This page may not reach ${origin}.`);
  }
  return socket.open(url, signal, push);
}

new Rpc<{}, Workers['remote'], {}, Streams>(self).serve({
  'http.stream': stream,
  'socket.open': openSocket,
  'socket.send': (message) => socket.send(message),
  'socket.close': ({ code, reason }) => socket.close(code, reason),
  'secret.seal': ({ passphrase, text }) => sealSecret(passphrase, text),
  'secret.open': ({ passphrase, sealed }) => openSecret(passphrase, sealed),
});
