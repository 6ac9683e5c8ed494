/**
 * The worker that brings model files into the origin's private file system, apart from the engines so that hashing
 * never holds up an answer.
 *
 * Owns the decision whether files can be kept. Where they cannot (no private file system, or a full disk and a model
 * small enough for memory) it answers `kept: false` at once, having fetched nothing: the engine's worker then answers
 * the same `files.fetch` and holds the files itself, because only it needs them.
 */

import type { FetchedFiles, FetchFiles, Streams, Workers } from './contract.gen';
import { fetchFiles, type FetchContext } from './file_fetch';
import { OpfsStore } from './model_files';
import { Rpc, RpcError } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

/** Models up to this size may live in memory when the disk is full. */
const FITS_IN_MEMORY = 256 * 2 ** 20;

const opening = OpfsStore.open();

async function fetchAndKeep(request: FetchFiles, context: FetchContext): Promise<FetchedFiles> {
  const store = await opening;
  if (!store) return notKept('This browser gives the page no file storage; a private window may be the cause.');
  try {
    return { kept: true, fetched_bytes: await fetchFiles(request, store, context), reason: '' };
  } catch (error) {
    const size = request.files.reduce((sum, file) => sum + file.size, 0);
    if (!(error instanceof RpcError) || error.code !== 'storage_full' || size > FITS_IN_MEMORY) throw error;
    return notKept(error.message);
  }
}

function notKept(reason: string): FetchedFiles {
  return { kept: false, fetched_bytes: 0, reason };
}

new Rpc<{}, Workers['downloads'], {}, Streams>(self).serve({ 'files.fetch': fetchAndKeep });
