/**
 * The page's side of the lists of open origins, which the service worker keeps and enforces (js_bridge/open_origins.ts).
 *
 * Owns when a list changes: only by what a person does here. Without a service worker nothing can be opened.
 */
import { signal } from '@preact/signals';
import type { GetOpenOrigins, Origins, SetOpenOrigins } from '../js_bridge/open_origins';
import { RpcError } from '../js_bridge/rpc';

/** The origins open to providers, tools, packages and cameras, and those that models may be downloaded from; null while they are not known. */
export const openOrigins = signal<readonly string[] | null>(null);
export const downloadOrigins = signal<readonly string[] | null>(null);

/** Why other origins cannot be reached here, or "". */
export const remoteOff = 'serviceWorker' in navigator ? '' : 'This browser or this address allows no service worker.';

async function ask(message: GetOpenOrigins | SetOpenOrigins): Promise<void> {
  if (remoteOff) throw new RpcError('remote_off', remoteOff, 'Open Cloche over https or on localhost.');
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const told = new Promise<Origins>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<Origins>) => resolve(data);
  });
  active?.postMessage(message, [port2]);
  const { remote, downloads } = await told;
  openOrigins.value = remote;
  downloadOrigins.value = downloads;
  port1.close();
}

export const readOrigins = (): Promise<void> => ask({ type: 'get-open-origins' });

/** One change of the list of remote origins after the other, so that none is lost. */
let changing: Promise<void> = Promise.resolve();

/** Makes the list of remote origins what `next` says of the one that holds now. */
export function changeOrigins(next: (open: readonly string[]) => readonly string[]): Promise<void> {
  const done = changing.then(async () => {
    await readOrigins();
    const origins = next(openOrigins.value ?? []);
    await ask({ type: 'set-open-origins', purpose: 'remote', origins: [...new Set(origins)] });
  });
  changing = done.catch(() => undefined);
  return done;
}

/** Makes the list of places to download from what it shall be. */
export const setDownloadOrigins = (origins: Iterable<string>): Promise<void> =>
  ask({ type: 'set-open-origins', purpose: 'downloads', origins: [...new Set(origins)] });

/** Lets models be downloaded from these addresses, too; the app's own needs no word. */
export async function allowDownloads(...addresses: string[]): Promise<void> {
  const wanted = addresses.map((address) => new URL(address, document.baseURI).origin).filter((origin) => origin !== location.origin);
  if (wanted.length === 0) return;
  if (downloadOrigins.value === null) await readOrigins();
  const open = downloadOrigins.value ?? [];
  if (wanted.some((origin) => !open.includes(origin))) await setDownloadOrigins([...open, ...wanted]);
}
