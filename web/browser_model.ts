/**
 * Whether the browser brings a model of its own, and fetching it when a person says so.
 *
 * Owns that state and tells Python when the model is there. Asking the model is js_bridge/browser_model.ts'.
 */
import { signal } from '@preact/signals';
import { contextWindow, EXPECTED, languageModel, type Availability } from '../js_bridge/browser_model';
import { connection } from './store';

/** null: this browser has no such model, or has not said yet. */
export const browserModel = signal<Availability | null>(null);
/** Share of the model that has been fetched, 0 to 1; null while nothing is being fetched. */
export const browserModelFetched = signal<number | null>(null);

/** Looks whether the model is there; called once Python is up. */
export async function findBrowserModel(): Promise<void> {
  const state = (await languageModel()?.availability(EXPECTED)) ?? null;
  browserModel.value = state === 'unavailable' ? null : state;
  if (state === 'available') await tellPython();
}

/** Fetches the model. Must be called from a click: the browser asks for one. */
export async function fetchBrowserModel(): Promise<void> {
  browserModelFetched.value = 0;
  try {
    const monitor = (watched: EventTarget): void =>
      watched.addEventListener('downloadprogress', (event) => {
        const { loaded, total } = event as ProgressEvent;
        browserModelFetched.value = total > 0 ? loaded / total : loaded;
      });
    (await languageModel()!.create({ monitor, ...EXPECTED })).destroy();
  } finally {
    browserModelFetched.value = null;
    await findBrowserModel();
  }
}

async function tellPython(): Promise<void> {
  const session = await languageModel()!.create(EXPECTED);
  const context_window = Math.floor(contextWindow(session)) || 4096;
  session.destroy();
  await connection.call('provider.browser', { context_window });
}
