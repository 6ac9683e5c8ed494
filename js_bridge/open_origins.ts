/**
 * The origins that a person has opened, kept by the service worker: for remote providers, and for downloads of models.
 *
 * Owns both lists (one entry in a cache of their own, so that they outlive the service worker's short lives) and the
 * table of hubs that deliver from other hosts than their own. Only a window of this app can change the lists (sw.ts sees
 * to that); a worker can at most read them.
 */
const CACHE = 'cloche-open-origins';
const ENTRY = 'open-origins.json';

/** What an origin is opened for; each is for one worker only. */
export type Purpose = 'remote' | 'downloads';
export type Origins = Record<Purpose, readonly string[]>;

/** Asked by a page, answered through the port that comes with it. */
export interface SetOpenOrigins {
  type: 'set-open-origins';
  purpose: Purpose;
  origins: readonly string[];
}
export interface GetOpenOrigins {
  type: 'get-open-origins';
}

/**
 * Where the files of a hub really come from: it answers with a redirect to one of these. Hugging Face names its hosts in
 * its documentation (downloading behind a firewall) and moves between regions, so one pattern stands for them.
 */
const DELIVERED_FROM: Record<string, readonly string[]> = {
  'https://huggingface.co': [
    'https://*.hf.co',
    'https://cdn-lfs.huggingface.co',
    'https://cdn-lfs-us-1.huggingface.co',
    'https://cdn-lfs-eu-1.huggingface.co',
  ],
};

/** What a worker must be able to reach so that it can fetch from these origins. */
export const withDelivery = (origins: readonly string[]): string[] =>
  origins.flatMap((origin) => [origin, ...(DELIVERED_FROM[origin] ?? [])]);

export class OpenOrigins {
  private origins: Origins | undefined;
  private reading: Promise<Origins> | undefined;

  /** Whether any worker may make a request there; false as long as the lists have not been read. */
  has(origin: string): boolean {
    return Object.values(this.origins ?? {}).some((list) => list.includes(origin));
  }

  async all(): Promise<Origins> {
    this.reading ??= this.read();
    return this.reading;
  }

  async set(purpose: Purpose, origins: readonly string[]): Promise<void> {
    const wanted = { ...(await this.all()), [purpose]: [...new Set(origins.map(checked))] };
    const cache = await caches.open(CACHE);
    await cache.put(ENTRY, Response.json(wanted));
    this.origins = wanted;
    this.reading = Promise.resolve(wanted);
  }

  private async read(): Promise<Origins> {
    const kept = await (await caches.open(CACHE)).match(ENTRY);
    const found = kept ? ((await kept.json()) as Origins | readonly string[]) : [];
    // An earlier version kept one list, of providers.
    const { remote = [], downloads = [] } = 'remote' in found ? found : { remote: found as readonly string[] };
    this.origins = { remote: remote.map(checked), downloads: downloads.map(checked) };
    return this.origins;
  }
}

/** An origin as browsers write it, and nothing that could say more inside a Content-Security-Policy. */
function checked(origin: string): string {
  const url = new URL(origin);
  if (!/^(?:https?|wss?):$/.test(url.protocol) || url.origin !== origin || /[\s;,'"*]/.test(origin)) {
    throw new TypeError(`${origin} is not an origin.`);
  }
  return origin;
}
