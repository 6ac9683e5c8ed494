/**
 * What a person can do with a folder of their own that holds models: choose it, allow it again, forget it, move a model in,
 * have every new one moved in.
 *
 * Owns the browser's questions, which only a page may ask and only after a press of a button. What lies in the folder
 * Python knows.
 */
import { effect } from '@preact/signals';
import { chooseFolder, chosenFolder, type FolderHandle } from '../js_bridge/folder_handle';
import { isNamed } from '../js_bridge/model_files';
import { report } from './actions';
import { chooseModel, STARTER } from './model_actions';
import { connection, dispatch, downloads, settings, state, toast } from './store';

/** In browsers that let pages use folders, but not in TypeScript's library. */
type Picker = (options: { id: string; mode: 'readwrite' }) => Promise<FolderHandle>;

const picker = (): Picker | undefined => (window as { showDirectoryPicker?: Picker }).showDirectoryPicker;

export const canUseFolders = (): boolean => picker() !== undefined;

/** Looks through the folder; views call it when they open. */
export async function lookIntoFolder(): Promise<void> {
  try {
    dispatch(['folder:changed', await connection.call('folder.look', {})]);
  } catch (thrown) {
    report(thrown);
  }
}

export async function pickFolder(): Promise<void> {
  try {
    await chooseFolder(await picker()!({ id: 'models', mode: 'readwrite' }));
  } catch (thrown) {
    if (!isNamed(thrown, 'AbortError')) report(thrown);
    return;
  }
  await lookIntoFolder();
}

/** Has the browser ask the person whether this page may use the folder again. */
export async function allowFolder(): Promise<void> {
  try {
    await (await chosenFolder())?.requestPermission({ mode: 'readwrite' });
  } catch (thrown) {
    report(thrown);
  }
  await lookIntoFolder();
}

/** The folder and everything in it stay on the disk; the starter takes the place of a model that was chosen there. */
export async function forgetFolder(): Promise<void> {
  const chosen = state.value.folder?.models.some(({ model_id }) => model_id === settings.value.model_id);
  try {
    if (chosen) await chooseModel(STARTER);
    await chooseFolder(null);
  } catch (thrown) {
    report(thrown);
  }
  await lookIntoFolder();
}

let moving = new AbortController();
let last = Promise.resolve();

/** One model after the other. */
export function moveToFolder(modelId: string, name: string): Promise<void> {
  return (last = last.then(() => move(modelId, name)));
}

async function move(modelId: string, name: string): Promise<void> {
  moving = new AbortController();
  try {
    const { name: folder } = await connection.call('folder.move', { model_id: modelId }, { signal: moving.signal });
    toast(`${name} lies in the folder "${folder}" now.`);
  } catch (thrown) {
    if (!moving.signal.aborted) report(thrown);
  }
}

export const stopMoving = (): void => moving.abort();

/** From now on moves what has been downloaded into the folder, if there is one and that is the person's wish. */
export function keepDownloadsInFolder(): void {
  let known: ReadonlySet<string> = new Set();
  effect(() => {
    const whole = downloads.value.downloads.filter(({ state, engine }) => state === 'done' && engine === 'llamacpp');
    const fresh = whole.filter(({ model_id }) => !known.has(model_id));
    if (settings.peek().models_in_folder) void moveAll(fresh).catch(report);
    known = new Set(whole.map(({ model_id }) => model_id));
  });
}

async function moveAll(models: readonly { model_id: string; name: string }[]): Promise<void> {
  if (models.length === 0 || !(await chosenFolder())) return;
  for (const { model_id, name } of models) await moveToFolder(model_id, name);
}
