/**
 * Which folder on the person's disk holds their models: the handle that the browser gave for it.
 *
 * Owns where the handle is kept (IndexedDB, so that the page and every worker find it). Only a page can ask for permission
 * (web/model_folder.ts); what lies in the folder is model_folder.ts.
 */
import { KeyedStore } from './keyed_store';

/** What browsers have and TypeScript's library does not. */
interface Permitted {
  queryPermission(wanted: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
  requestPermission(wanted: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
}
export type FolderHandle = FileSystemDirectoryHandle & Permitted;

const KEY = 'models';
const handles = new KeyedStore('cloche-folder', 'handles');

export async function chosenFolder(): Promise<FolderHandle | undefined> {
  return (await handles.read(KEY)) as FolderHandle | undefined;
}

/** Keeps this folder in place of the one before; null forgets it. Nothing on the disk changes. */
export function chooseFolder(folder: FolderHandle | null): Promise<void> {
  return folder ? handles.keep(KEY, folder) : handles.remove(KEY);
}
