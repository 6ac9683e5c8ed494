/**
 * The page's side of the service worker: registers it, shows how far it is, announces updates, isolates the origin.
 *
 * Threads need a cross-origin isolated page. Where the host does not send the headers the service worker adds them, and
 * that takes one reload: exactly one, marked in sessionStorage, never a loop. Does not decide what is kept: sw.ts does.
 */
import { signal } from '@preact/signals';
import type { InstallProgress, SkipWaiting } from '../js_bridge/sw';
import { ownScript } from './trusted_types';

/** Browsers ask for a newer version only when a page is opened; a tab may stay open for weeks. */
const ASK_EVERY_MS = 10 * 60_000;
const RELOADED = 'cloche-isolation-reload';

/** Bytes of the app kept for offline use so far; null before there is anything to tell. */
export const installProgress = signal<{ loaded: number; total: number } | null>(null);
/** A newer version that waits for the person's word. */
export const updateWaiting = signal<ServiceWorker | null>(null);
export const offlineReady = signal(false);

function register(): Promise<ServiceWorkerRegistration> {
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<InstallProgress>) => {
    if (data.type === 'install-progress') installProgress.value = { loaded: data.loaded, total: data.total };
  });
  return navigator.serviceWorker.register(ownScript('sw.js'));
}

/** Resolves when the worker has kept everything; rejects when it gave up. */
function activated(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (worker.state === 'activated') resolve();
      if (worker.state === 'redundant') reject(new Error('The service worker could not keep the app for offline use.'));
    };
    worker.addEventListener('statechange', look);
    look();
  });
}

/**
 * Before anything else starts: true when the page may go on, false when a reload is under way.
 *
 * A page without isolation registers the service worker and reloads under its control, once.
 */
export async function isolate(): Promise<boolean> {
  if (crossOriginIsolated || !('serviceWorker' in navigator)) return true;
  try {
    if (sessionStorage.getItem(RELOADED)) return true;
    const registration = await register();
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    if (worker) await activated(worker);
    sessionStorage.setItem(RELOADED, 'yes');
  } catch {
    return true;
  }
  location.reload();
  return false;
}

/** After the app is up: keeps it for offline use and watches for newer versions. */
export async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  if (crossOriginIsolated) sessionStorage.removeItem(RELOADED);
  const registration = await register();
  const watch = (worker: ServiceWorker | null): void => {
    if (!worker) return;
    const announce = (): void => {
      if (worker.state === 'installed' && registration.active) updateWaiting.value = worker;
      if (worker.state === 'redundant' && updateWaiting.value === worker) updateWaiting.value = null;
    };
    worker.addEventListener('statechange', announce);
    announce();
  };
  registration.addEventListener('updatefound', () => watch(registration.installing));
  watch(registration.waiting);
  const first = registration.active ?? registration.installing;
  if (first) await activated(first);
  offlineReady.value = true;
  document.documentElement.dataset['offlineReady'] = '';
  askForNewer(registration);
}

/** Now and then, and when the person comes back to the tab. Without a network there is nothing newer. */
function askForNewer(registration: ServiceWorkerRegistration): void {
  const ask = (): void => {
    if (!document.hidden) registration.update().catch(() => undefined);
  };
  document.addEventListener('visibilitychange', ask);
  setInterval(ask, ASK_EVERY_MS);
}

/** The person agreed: the waiting version takes over, then the page reloads into it. */
export function updateNow(): void {
  const worker = updateWaiting.value;
  if (!worker) return;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  const message: SkipWaiting = { type: 'skip-waiting' };
  worker.postMessage(message);
}
