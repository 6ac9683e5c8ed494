/**
 * Files in memory for this visit, on their way from the worker that fetched them to an engine's.
 *
 * Owns that passage: only the downloads worker may reach other addresses, and only an engine's worker needs the files. A
 * File that crosses stays where the browser holds it, its bytes are not copied. A lock tells whether a worker holds a
 * model's files: the browser takes it back when that worker ends, and whoever waits for them hears of it.
 */
import type { TakeFiles } from './contract.gen';
import type { ModelStore } from './model_files';
import { RpcError } from './rpc';

const CHANNEL = 'cloche-held-files';
const GONE = 'The files of this model are no longer in memory.';

const lockOf = (modelId: string): string => `cloche-held:${modelId}`;

interface Question extends TakeFiles {
  id: string;
}
interface Answer {
  to: string;
  files: File[];
}

/** Gives the files of this store to whoever asks for them, as long as this worker lives. */
export function lendFiles(store: ModelStore): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = async ({ data }: MessageEvent<Question | Answer>) => {
    if (!('names' in data)) return;
    const found = await Promise.all(data.names.map((name) => store.find(data.model_id, name)));
    const files = found.filter((file) => file !== undefined);
    if (files.length === found.length) channel.postMessage({ to: data.id, files } satisfies Answer);
  };
}

/** From now on, and as long as this worker lives, it holds the files of this model. */
export function keepHeld(modelId: string): Promise<void> {
  return new Promise((held, failed) => {
    const forEver = (): Promise<never> => {
      held();
      return new Promise(() => undefined);
    };
    navigator.locks.request(lockOf(modelId), { mode: 'shared' }, forEver).catch(failed);
  });
}

/** The files that an engine's worker has taken. */
export class TakenFiles {
  private readonly files = new Map<string, File>();

  find(modelId: string, name: string): File | undefined {
    return this.files.get(`${modelId}/${name}`);
  }

  async take(request: TakeFiles, signal: AbortSignal): Promise<null> {
    const channel = new BroadcastChannel(CHANNEL);
    const id = crypto.randomUUID();
    const over = new AbortController();
    try {
      const files = await new Promise<File[]>((resolve, reject) => {
        channel.onmessage = ({ data }: MessageEvent<Question | Answer>) => {
          if ('files' in data && data.to === id) resolve(data.files);
        };
        signal.addEventListener('abort', () => reject(new RpcError('aborted', 'Stopped on request.')));
        const gone = (): void => reject(new RpcError('model_not_ready', GONE, 'Press Retry.', true));
        navigator.locks.request(lockOf(request.model_id), { signal: over.signal }, gone).catch(() => undefined);
        channel.postMessage({ ...request, id } satisfies Question);
      });
      for (const file of files) this.files.set(`${request.model_id}/${file.name}`, file);
      return null;
    } finally {
      over.abort();
      channel.close();
    }
  }
}
