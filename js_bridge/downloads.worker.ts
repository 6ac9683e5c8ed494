/**
 * The worker that brings model files into the origin's private file system and keeps them in order there, apart from the
 * engines so that hashing never holds up an answer.
 *
 * Owns the decision whether files can be kept. Where they cannot (no private file system, or a full disk and a model
 * small enough for memory), and where a person wants it so, it holds them in memory and answers `kept: false`: as long as
 * it lives, an engine's worker can take them from it. The page may start one of its own to hand over a file from the
 * person's disk, which cannot go through Python.
 */

import type { FetchedFiles, FetchFiles, FileFacts, RemoveFiles, StoredFiles, Streams, Workers } from './contract.gen';
import { exclusively, fetchFiles, type FetchContext } from './file_fetch';
import { importFile, type ImportFile, type ImportProgress } from './file_import';
import { keepHeld, lendFiles } from './held_files';
import { MemoryStore, OpfsStore } from './model_files';
import { listFolder, readFolder, takeIntoFolder } from './model_folder';
import { promptBytes, removePrompts } from './prompt_files';
import { makeSureOfReach, policy, readUrl } from './reach';
import { Rpc, RpcError } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

/** What the page, and only the page, may ask besides. */
export interface PageMethods {
  'file.import': { params: ImportFile; result: FileFacts };
}
export interface PageStreams {
  'file.import': ImportProgress;
}

/** Models up to this size may live in memory when the disk is full. */
const FITS_IN_MEMORY = 256 * 2 ** 20;
const NO_STORE = 'This browser gives the page no file storage; a private window may be the cause.';

const opening = OpfsStore.open();
const memory = new MemoryStore();
lendFiles(memory);

async function opened(): Promise<OpfsStore> {
  const store = await opening;
  if (!store) throw new RpcError('no_storage', NO_STORE, 'Open Cloche in an ordinary window.');
  return store;
}

async function fetchAndKeep(request: FetchFiles, context: FetchContext): Promise<FetchedFiles> {
  policy.blocked = false;
  const allow = (addresses: URL[]) => makeSureOfReach(addresses, context.signal);
  const reaching = { ...context, allow, held: (address: URL) => policy.explain(address) };
  const hold = async (reason: string): Promise<FetchedFiles> => {
    const fetched = await fetchFiles(request, memory, reaching);
    await keepHeld(request.model_id);
    return { kept: false, ...fetched, reason };
  };
  const store = await opening;
  if (!store) {
    if (request.keep) throw new RpcError('no_storage', NO_STORE, 'Open Cloche in an ordinary window.');
    return hold(NO_STORE);
  }
  if (request.hold) return hold('It is wanted in memory.');
  try {
    return { kept: true, ...(await fetchFiles(request, store, reaching)), reason: '' };
  } catch (thrown) {
    const error = RpcError.from(thrown);
    const size = request.files.reduce((sum, file) => sum + file.size, 0);
    if (error.code !== 'storage_full' || request.keep || size > FITS_IN_MEMORY) throw error;
    return hold(error.message);
  }
}

async function list(): Promise<StoredFiles> {
  const models = await (await opening)?.list();
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return { models: models ?? [], usage, quota, prompt_bytes: models ? await promptBytes() : 0 };
}

async function remove({ model_id }: RemoveFiles, signal: AbortSignal): Promise<null> {
  const store = await opened();
  await exclusively(model_id, store, signal, () => store.remove(model_id));
  await removePrompts(model_id);
  return null;
}

async function forgetPrompts(): Promise<null> {
  if (await opening) await removePrompts();
  return null;
}

new Rpc<{}, Workers['downloads'] & PageMethods, {}, Streams & PageStreams>(self).serve({
  'files.fetch': fetchAndKeep,
  'files.list': list,
  'files.remove': (request, { signal }) => remove(request, signal),
  'folder.list': () => listFolder(),
  'folder.read': (request) => readFolder(request),
  'folder.take': async (request, context) => takeIntoFolder(request, await opened(), context),
  'prompts.remove': forgetPrompts,
  'url.read': (request, { signal }) => readUrl(request, signal),
  'file.import': async (request, context) => importFile(request, await opened(), context),
});
