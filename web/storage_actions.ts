/**
 * What a person can do with what is kept on this device: check, pin, export, delete, make room, order the queue.
 *
 * Owns the order of commands and the wording of what came of them. What is kept, Python knows.
 */
import { signal } from '@preact/signals';
import type { Commands, EvictionPlan, KeptModel, StorageReport } from '../js_bridge/contract.gen';
import { report } from './actions';
import { bytes, count } from './figures';
import { connection, dispatch, toast } from './store';

/** What is on this device; null as long as it has not been looked at. */
export const kept = signal<StorageReport | null>(null);
/** Models that are being checked. */
export const checking = signal<ReadonlySet<string>>(new Set());

export async function readStorage(): Promise<void> {
  try {
    kept.value = await connection.call('storage.list', {});
  } catch (thrown) {
    report(thrown);
  }
}

export async function deleteKept({ model_id, name }: KeptModel): Promise<void> {
  try {
    kept.value = await connection.call('storage.delete', { model_id });
    toast(`${name} was deleted from this device.`);
  } catch (thrown) {
    report(thrown);
  }
}

export async function forgetPrompts(): Promise<void> {
  try {
    kept.value = await connection.call('storage.forget_prompts', {});
    toast('What was kept of conversations for the engine is gone; the conversations are all there.');
  } catch (thrown) {
    report(thrown);
  }
}

export function pin({ model_id, pinned }: KeptModel): void {
  connection.call('storage.pin', { model_id, pinned: !pinned }).then((found) => (kept.value = found), report);
}

/** Hashes every file anew; what has changed is fetched again. */
export async function check({ model_id, name }: KeptModel): Promise<void> {
  checking.value = new Set([...checking.value, model_id]);
  try {
    const { repaired, fetched_bytes } = await connection.call('storage.verify', { model_id });
    if (repaired.length === 0) toast(`${name} is as it came: every byte is right.`);
    else toast(`${count(repaired.length, 'file')} of ${name} had changed and was repaired with ${bytes(fetched_bytes)}.`);
    await readStorage();
  } catch (thrown) {
    report(thrown);
  } finally {
    checking.value = new Set([...checking.value].filter((id) => id !== model_id));
  }
}

/** Hands a file to the browser's own downloads; its bytes stay on the disk. */
export async function exportFile(modelId: string, name: string): Promise<void> {
  try {
    const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    const file = await (await (await models.getDirectoryHandle(modelId)).getFileHandle(name)).getFile();
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (thrown) {
    report(thrown);
  }
}

// ---------------------------------------------------------------- the queue

type OfTheQueue = 'download.pause' | 'download.resume' | 'download.cancel' | 'download.move' | 'storage.evict';

export function inQueue<K extends OfTheQueue>(command: K, params: Commands[K]['params']): void {
  connection.call(command, params).then((queue) => dispatch(['download:changed', queue]), report);
}

export const planRoom = (modelId: string): Promise<EvictionPlan> => connection.call('storage.plan', { model_id: modelId });

/** Asks the browser not to clear what is kept; it decides by itself, and never twice for nothing. */
export async function askToKeep(): Promise<boolean> {
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
