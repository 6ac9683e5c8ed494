/**
 * The service worker: keeps the app shell for use without a network and isolates the origin on hosts that cannot.
 *
 * Owns the precache, the headers of what the page and its workers run (headers.json), when a new version takes over (the
 * first one at once, every later one only when the page says so), and which other origins may be reached: none but those
 * that a person has opened (open_origins.ts), for providers by remote.worker.ts, for models by downloads.worker.ts, whose
 * scripts alone get them in their Content-Security-Policy. It does not own model files (they rest in OPFS), does not
 * reload pages, and leaves alone every response that it must not rebuild.
 */
import { cleanupOutdatedCaches, PrecacheController, type PrecacheEntry } from 'workbox-precaching';
import headers from './headers.json';
import { OpenOrigins, withDelivery, type GetOpenOrigins, type Purpose, type SetOpenOrigins } from './open_origins';

/** `bytes` is added to the manifest by the build, so that progress can be told in bytes. */
type Entry = PrecacheEntry & { bytes: number };

/** What the worker tells its pages while it installs, and what a page may ask of it. */
export interface InstallProgress {
  type: 'install-progress';
  loaded: number;
  total: number;
}
export interface SkipWaiting {
  type: 'skip-waiting';
}

declare const self: ServiceWorkerGlobalScope;

const entries = self.__WB_MANIFEST as Entry[];
const openOrigins = new OpenOrigins();
const OPEN_ORIGINS = new URL('open-origins.json', self.location.href).href;
const REACHING_OUT = /\/(remote|downloads)\.worker[^/]*\.js$/;
const POLICY = 'Content-Security-Policy';
const RUN_BY_THE_PAGE = new Set<RequestDestination>(['script', 'worker', 'sharedworker', 'audioworklet']);

// ---------------------------------------------------------------- install: fetch the shell, telling how far it is

const sizes = new Map(entries.map((entry) => [new URL(entry.url, self.location.href).href, entry.bytes]));
const total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
let kept = 0;
let told = -1;

async function tellProgress(loaded: number): Promise<void> {
  const percent = Math.floor((100 * loaded) / total);
  if (percent <= told) return;
  told = percent;
  const message: InstallProgress = { type: 'install-progress', loaded, total };
  for (const client of await self.clients.matchAll({ includeUncontrolled: true, type: 'window' })) {
    client.postMessage(message);
  }
}

/** A stream that passes everything on and counts it. */
function counter(): TransformStream<Uint8Array, Uint8Array> {
  let loaded = kept;
  return new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      void tellProgress(loaded);
      controller.enqueue(chunk);
    },
  });
}

const shell = new PrecacheController({
  plugins: [
    {
      fetchDidSucceed: async ({ response, event }) =>
        event.type === 'install' && response.body
          ? new Response(response.body.pipeThrough(counter()), response)
          : response,
      handlerDidComplete: async ({ request, event }) => {
        if (event.type !== 'install') return;
        kept += sizes.get(request.url) ?? 0;
        await tellProgress(kept);
      },
    },
  ],
});
shell.precache(entries);
cleanupOutdatedCaches();

// ---------------------------------------------------------------- versions: the first claims its pages, later ones wait

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const message = event.data as SkipWaiting | GetOpenOrigins | SetOpenOrigins;
  if (message.type === 'skip-waiting') event.waitUntil(self.skipWaiting());
  else if (event.source instanceof WindowClient) event.waitUntil(tellOrigins(message, event.ports[0]));
});

// ---------------------------------------------------------------- other origins: none but those a person has opened

/** Changes the list if asked to, and tells it. */
async function tellOrigins(message: GetOpenOrigins | SetOpenOrigins, port: MessagePort | undefined): Promise<void> {
  if (message.type === 'set-open-origins') await openOrigins.set(message.purpose, message.origins);
  port?.postMessage(await openOrigins.all());
}

/** The script of a worker that may connect to other origins: to those that are open for its purpose, and to no others. */
async function withOrigins(response: Response, purpose: Purpose): Promise<Response> {
  const open = (await openOrigins.all())[purpose];
  const origins = ["'self'", ...(purpose === 'downloads' ? withDelivery(open) : open)].join(' ');
  const complete = new Headers(response.headers);
  complete.set(POLICY, headers.worker[POLICY].replace(/connect-src [^;]*/, `connect-src ${origins}`));
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers: complete });
}

// ---------------------------------------------------------------- responses

/** The same response with the headers that its host did not send. */
function completed(response: Response): Response {
  const rebuildable = response.status !== 0 && response.status !== 304 && response.type !== 'opaque';
  if (!rebuildable) return response;
  const type = response.headers.get('Content-Type') ?? '';
  const policy = type.startsWith('text/html') ? headers.document : /\bjavascript\b/.test(type) ? headers.worker : {};
  const missing = Object.entries({ ...headers.isolation, ...policy }).filter(([name]) => !response.headers.has(name));
  if (missing.length === 0) return response;
  const complete = new Headers(response.headers);
  for (const [name, value] of missing) complete.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers: complete });
}

/** The address under which a request's answer may be kept: views live in the hash, so a folder means its index.html. */
function addressOf(request: Request): string {
  const url = new URL(request.url);
  url.hash = '';
  if (request.mode === 'navigate') url.search = '';
  return url.pathname.endsWith('/') ? new URL('index.html', url).href : url.href;
}

async function answer(request: Request): Promise<Response> {
  const known = await shell.matchPrecache(addressOf(request));
  const purpose = REACHING_OUT.exec(addressOf(request))?.[1] as Purpose | undefined;
  if (known && purpose) return withOrigins(completed(known), purpose);
  if (known) return completed(known);
  try {
    return completed(await fetch(request));
  } catch (error) {
    const index = request.mode === 'navigate' ? await shell.matchPrecache('index.html') : undefined;
    if (index) return completed(index);
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin } = new URL(request.url);
  if (origin !== self.location.origin) {
    // An allowed request goes on by itself, under the policy of the worker that makes it.
    if (/^https?:/.test(request.url) && !openOrigins.has(origin)) event.respondWith(Response.error());
    return;
  }
  if (request.url === OPEN_ORIGINS) {
    event.respondWith(openOrigins.all().then((origins) => Response.json(origins, { headers: headers.isolation })));
    return;
  }
  if (request.method !== 'GET' || request.headers.has('Range')) return;
  const runs = request.mode === 'navigate' || RUN_BY_THE_PAGE.has(request.destination);
  if (runs || shell.getCacheKeyForURL(addressOf(request))) event.respondWith(answer(request));
});
