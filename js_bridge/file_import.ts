/**
 * Takes a file from the person's disk into the store of models, piece by piece.
 *
 * Owns the copying and the journal with its hash, so that it is as good as one that was fetched; it is never whole in
 * memory. Whether it is a model at all is for whoever hands it over to have looked at.
 */
import { chunksOf } from './chunks';
import type { FileFacts } from './contract.gen';
import { exclusively } from './file_fetch';
import { isNamed, type ModelStore, removeUnfinished } from './model_files';
import { PartedFile } from './parted_file';
import { RpcError } from './rpc';

const PART = 16 * 2 ** 20;

export interface ImportFile {
  model_id: string;
  name: string;
  file: File;
}
export interface ImportProgress {
  loaded_bytes: number;
  total_bytes: number;
}
export interface ImportContext {
  signal: AbortSignal;
  push(progress: ImportProgress): void;
}

export function importFile(request: ImportFile, store: ModelStore, context: ImportContext): Promise<FileFacts> {
  const { model_id, name, file } = request;
  return exclusively(model_id, store, context.signal, async () => {
    const parted = await PartedFile.open(store, model_id, name);
    try {
      parted.begin({ size: file.size, etag: '', part_bytes: PART });
      await copy(file, parted, context);
      await parted.hashOn();
      const sha256 = parted.digest();
      await parted.finish(sha256);
      return { name, size: file.size, sha256 };
    } catch (thrown) {
      parted.discard();
      parted.close();
      await removeUnfinished(store, model_id, name);
      throw explain(thrown, name, context.signal);
    }
  });
}

async function copy(file: File, parted: PartedFile, { signal, push }: ImportContext): Promise<void> {
  for await (let bytes of chunksOf(file.stream())) {
    signal.throwIfAborted();
    for (let part; bytes.length > 0 && (part = parted.next()); ) {
      const piece = bytes.subarray(0, part.length - part.received);
      parted.write(part, piece);
      bytes = bytes.subarray(piece.length);
    }
    push({ loaded_bytes: parted.received, total_bytes: file.size });
  }
}

function explain(thrown: unknown, name: string, signal: AbortSignal): RpcError {
  if (signal.aborted) return new RpcError('aborted', 'Stopped on request.');
  if (isNamed(thrown, 'QuotaExceededError')) {
    const action = 'Free some disk space, or delete other models, then drop it again.';
    return new RpcError('storage_full', `There is no room for ${name}.`, action, true);
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new RpcError('bad_file', `${name} could not be read: ${why}`, 'Look whether it is still there, then drop it again.');
}
