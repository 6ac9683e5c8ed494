/**
 * The origins that a person has opened for remote providers, kept by the service worker.
 *
 * Owns the list: one entry in a cache of its own, so that it outlives the service worker's short lives. Only a window
 * of this app can change it (sw.ts sees to that); a worker can at most read it.
 */
const CACHE = 'cloche-open-origins';
const ENTRY = 'open-origins.json';

/** Asked by a page, answered through the port that comes with it. */
export interface SetOpenOrigins {
  type: 'set-open-origins';
  origins: readonly string[];
}
export interface GetOpenOrigins {
  type: 'get-open-origins';
}

export class OpenOrigins {
  private origins: ReadonlySet<string> | undefined;
  private reading: Promise<ReadonlySet<string>> | undefined;

  /** Whether a request may go there; false as long as the list has not been read. */
  has(origin: string): boolean {
    return this.origins?.has(origin) ?? false;
  }

  async all(): Promise<string[]> {
    this.reading ??= this.read();
    return [...(await this.reading)];
  }

  async set(origins: readonly string[]): Promise<void> {
    const wanted = new Set(origins.map(checked));
    const cache = await caches.open(CACHE);
    await cache.put(ENTRY, Response.json([...wanted]));
    this.origins = wanted;
    this.reading = Promise.resolve(wanted);
  }

  private async read(): Promise<ReadonlySet<string>> {
    const kept = await (await caches.open(CACHE)).match(ENTRY);
    const origins = new Set(kept ? ((await kept.json()) as string[]).map(checked) : []);
    this.origins = origins;
    return origins;
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
