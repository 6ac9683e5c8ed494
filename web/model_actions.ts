/**
 * What a person can do with models: look through the catalogue, add any model, download, load, unload, delete, tune.
 *
 * Owns the order of opening an origin and asking Python, and the reading of files that a person chose. An origin is opened
 * for downloads by the press of a button that names it.
 */
import type { CatalogueEntry, EngineOptions, HeadsRead, ModelCard, Offer } from '../js_bridge/contract.gen';
import { loadModel, report, saveSettings } from './actions';
import { allowDownloads, downloadOrigins, readOrigins } from './open_origins';
import { askToKeep } from './storage_actions';
import { connection, dispatch, settings } from './store';

export const STARTER = 'cloche-starter';
const HUB_NAMES = /^(https?:\/\/)?(www\.)?(huggingface\.co|hf\.co)(\/|$)/;

/** Fetches the catalogue with its verdicts; views call it when they open. */
export async function readCatalogue(): Promise<void> {
  try {
    dispatch(['catalogue:changed', await connection.call('catalogue.list', {})]);
    if (downloadOrigins.value === null) await readOrigins().catch(() => undefined);
  } catch (thrown) {
    report(thrown);
  }
}

/** Loads a model in place of the one before, and at every start from now on; the chosen one again, if it was unloaded. */
export async function chooseModel(modelId: string): Promise<void> {
  if (settings.value.model_id === modelId) loadModel();
  else await saveSettings({ model_id: modelId });
}

export function unloadModel(): void {
  connection.call('model.unload', {}).catch(report);
}

export function measureDevice(): Promise<void> {
  return connection.call('device.measure', {}).then(() => undefined, report);
}

/** Commands of the benchmark; each answers with what was measured. */
export async function benchmark(command: 'speed.list' | 'speed.measure' | 'speed.clear'): Promise<void> {
  try {
    dispatch(['speed:changed', await connection.call(command, {})]);
  } catch (thrown) {
    report(thrown);
  }
}

export function stopBenchmark(): void {
  connection.call('speed.stop', {}).catch(report);
}

export async function setOptions(modelId: string, options: EngineOptions): Promise<void> {
  await connection.call('catalogue.set_options', { model_id: modelId, options });
}

// ---------------------------------------------------------------- downloads

/** Those origins of a list that are not yet open. */
export const closedOrigins = (origins: readonly string[]): string[] =>
  origins.filter((origin) => origin !== location.origin && !(downloadOrigins.value ?? []).includes(origin));

export async function startDownload({ card, origins }: CatalogueEntry): Promise<void> {
  // What takes minutes to fetch the browser shall not clear away; only a page can ask it.
  void askToKeep();
  try {
    await allowDownloads(...origins);
    dispatch(['download:changed', await connection.call('download.start', { model_id: card.id })]);
  } catch (thrown) {
    report(thrown);
  }
}

/** Fetches a model into memory, where it stays until this tab closes, and loads it. */
export async function runFromMemory({ card, origins }: CatalogueEntry): Promise<void> {
  try {
    await allowDownloads(...origins);
    await connection.call('model.hold', { model_id: card.id });
    await chooseModel(card.id);
  } catch (thrown) {
    report(thrown);
  }
}

type Removal = 'model.release' | 'storage.delete' | 'catalogue.remove';

/** Takes a model away, each step only after the one before; the starter takes its place where it was the chosen one. */
async function takeAway(modelId: string, ...steps: Removal[]): Promise<void> {
  try {
    if (settings.value.model_id === modelId) await chooseModel(STARTER);
    for (const step of steps) await connection.call(step, { model_id: modelId });
  } catch (thrown) {
    report(thrown);
  }
}

/** Frees the memory of a model that was held there. */
export const releaseModel = (modelId: string): Promise<void> => takeAway(modelId, 'model.release');

/** Deletes a model's files. */
export const deleteFiles = (modelId: string): Promise<void> => takeAway(modelId, 'storage.delete');

/** Takes a model that a person added out of the catalogue, with its files. */
export const removeModel = (modelId: string): Promise<void> => takeAway(modelId, 'storage.delete', 'catalogue.remove');

// ---------------------------------------------------------------- adding

/** The origin that looking something up would contact; null while what was typed names none. */
export function lookUpOrigin(typed: string): string | null {
  const text = typed.trim();
  const hub = new URL(settings.value.hub_url).origin;
  if (/^[\w.-]+\/[\w.-]+(:[\w.-]+)?$/.test(text) || HUB_NAMES.test(text)) return hub;
  try {
    const { origin, protocol } = new URL(text);
    return /^https?:$/.test(protocol) ? origin : null;
  } catch {
    return null;
  }
}

export async function findModel(typed: string, origin: string): Promise<Offer> {
  await allowDownloads(origin);
  return connection.call('catalogue.find', { text: typed });
}

export const addModel = (card: ModelCard): Promise<ModelCard> => connection.call('catalogue.add', { card });

const FIRST_READ = 1 << 20;

/** Has the beginnings of files judged, reading on where a header is longer. Rejects with the reason for a refusal. */
export async function readFiles(files: readonly File[]): Promise<HeadsRead> {
  let lengths = files.map(({ size }) => Math.min(size, FIRST_READ));
  for (;;) {
    const read = await connection.call('catalogue.read_files', {
      files: await Promise.all(
        files.map(async (file, index) => ({
          name: file.name,
          size: file.size,
          head: new Uint8Array(await file.slice(0, lengths[index]).arrayBuffer()),
        })),
      ),
    });
    if (read.card) return read;
    lengths = read.needed;
  }
}
