/**
 * The page's side of the list of open origins, which the service worker keeps and enforces (js_bridge/open_origins.ts).
 *
 * Owns when the list changes: only by what a person does here. Without a service worker nothing can be opened.
 */
import { signal } from '@preact/signals';
import type { GetOpenOrigins, SetOpenOrigins } from '../js_bridge/open_origins';
import { RpcError } from '../js_bridge/rpc';

/** The open origins; null while they are not known. */
export const openOrigins = signal<readonly string[] | null>(null);

/** Why remote providers are off here, or "". */
export const remoteOff = 'serviceWorker' in navigator ? '' : 'This browser or this address allows no service worker.';

async function ask(message: GetOpenOrigins | SetOpenOrigins): Promise<void> {
  if (remoteOff) throw new RpcError('remote_off', remoteOff, 'Open Cloche over https or on localhost.');
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const told = new Promise<readonly string[]>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<readonly string[]>) => resolve(data);
  });
  active?.postMessage(message, [port2]);
  openOrigins.value = await told;
  port1.close();
}

export const readOrigins = (): Promise<void> => ask({ type: 'get-open-origins' });

/** Makes the list what it shall be. */
export const setOrigins = (origins: Iterable<string>): Promise<void> =>
  ask({ type: 'set-open-origins', origins: [...new Set(origins)] });
