/**
 * Brings files from the person's disk into the store of models.
 *
 * Owns the worker that copies, because a file cannot go through Python; afterwards Python is told what came.
 */
import type { ModelCard, Streams, Workers } from '../js_bridge/contract.gen';
import type { PageMethods, PageStreams } from '../js_bridge/downloads.worker';
import downloadsWorker from '../js_bridge/downloads.worker?worker&url';
import { Rpc } from '../js_bridge/rpc';
import { connection } from './store';
import { ownScript } from './trusted_types';

/** Copies the files of a card; `told` gets the bytes copied so far. */
export async function importModel(card: ModelCard, files: readonly File[], told: (loaded: number) => void): Promise<void> {
  const worker = new Worker(ownScript(downloadsWorker), { type: 'module' });
  const link = new Rpc<Workers['downloads'] & PageMethods, {}, {}, Streams & PageStreams>(worker);
  try {
    const came = [];
    let before = 0;
    for (const { name } of card.files) {
      const file = files.find((chosen) => chosen.name === name);
      if (!file) throw new Error(`${name} was not chosen.`);
      const start = before;
      came.push(
        await link.call('file.import', { model_id: card.id, name, file }, {
          onChunks: (batch) => told(start + (batch.at(-1)?.loaded_bytes ?? 0)),
        }),
      );
      before += file.size;
    }
    await connection.call('catalogue.imported', { model_id: card.id, files: came });
  } finally {
    worker.terminate();
  }
}
