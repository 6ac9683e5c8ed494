/**
 * WebLLM (WebGPU) as the contract's worker "webllm".
 *
 * Owns which model is loaded, whose turn it is (one request at a time, first come first served), stopping, and the loss
 * of the graphics card. What happens inside the engine is webllm_engine.ts.
 */

import type { ChatRequest, Completion, CountTokens, Delta, EngineInfo, LoadModel, Streams, Workers } from './contract.gen';
import { DeltaBatch } from './delta_batch';
import { TakenFiles } from './held_files';
import { isNamed, OpfsStore } from './model_files';
import { Rpc, RpcError } from './rpc';
import { Turns } from './turns';
import { WebLlmEngine } from './webllm_engine';
import { lostWhileLoading, lostWithModel } from './webllm_failures';
import { type Loss, watchDevices } from './webllm_gpu';
import { Shelf } from './webllm_shelf';

declare const self: DedicatedWorkerGlobalScope;

const taken = new TakenFiles();
const opfs = OpfsStore.open();
const shelf = new Shelf();

class Model {
  private readonly turns = new Turns();
  /** What is loaded, or was when the graphics card was lost. */
  private request: LoadModel | undefined;
  private engine: WebLlmEngine | undefined;
  private loading = false;
  /** Rejects when the graphics card is lost; a new one for every load. */
  private lost = Promise.withResolvers<never>();

  async load(request: LoadModel, signal: AbortSignal, progress: (stage: string) => void): Promise<EngineInfo> {
    const leave = await this.turns.enter(signal);
    try {
      return await this.start(request, signal, progress);
    } finally {
      leave();
    }
  }

  async unload(signal: AbortSignal): Promise<null> {
    const leave = await this.turns.enter(signal);
    await this.drop();
    leave();
    return null;
  }

  async complete(request: ChatRequest, signal: AbortSignal, push: (delta: Delta) => void): Promise<Completion> {
    const startedAt = performance.now();
    const leave = await this.turns.enter(signal);
    const batch = new DeltaBatch(push);
    try {
      const engine = await this.ready(signal);
      const completing = engine.complete(request, { signal, startedAt, onDelta: (delta) => batch.add(delta) });
      // Whoever asked hears of a stop at once; the turn ends when the engine has let go.
      return await Promise.race([completing, this.lost.promise]);
    } finally {
      batch.flush();
      leave();
    }
  }

  async count(texts: readonly string[], signal: AbortSignal): Promise<number[]> {
    const leave = await this.turns.enter(signal);
    try {
      const engine = await this.ready(signal);
      return texts.map((text) => engine.countTokens(text));
    } finally {
      leave();
    }
  }

  /** The graphics card is gone, and the model with it. Whoever waits for it hears of that. */
  readonly lose = (loss: Loss): void => {
    this.engine = undefined;
    this.lost.reject(this.loading ? lostWhileLoading(loss) : lostWithModel(loss));
  };

  /** The engine; where the graphics card was lost while nobody asked for anything, the model is loaded again first. */
  private async ready(signal: AbortSignal): Promise<WebLlmEngine> {
    if (!this.engine && this.request) await this.start(this.request, signal, () => undefined);
    if (this.engine) return this.engine;
    throw new RpcError('model_not_ready', 'No model is loaded.', 'Wait until the model is loaded, or press Retry.', true);
  }

  private async start(request: LoadModel, signal: AbortSignal, progress: (stage: string) => void): Promise<EngineInfo> {
    await this.drop();
    const files = await filesOf(request);
    signal.throwIfAborted();
    this.lost = Promise.withResolvers<never>();
    this.lost.promise.catch(() => undefined);
    this.loading = true;
    try {
      const { engine, info } = await Promise.race([WebLlmEngine.load(request, files, shelf, progress), this.lost.promise]);
      this.engine = engine;
      this.request = request;
      return info;
    } finally {
      this.loading = false;
    }
  }

  private async drop(): Promise<void> {
    await this.engine?.unload();
    this.engine = this.request = undefined;
  }
}

async function filesOf(request: LoadModel): Promise<File[]> {
  return Promise.all(
    request.files.map(async ({ name, size }) => {
      const found = taken.find(request.model_id, name) ?? (await (await opfs)?.find(request.model_id, name));
      if (found && (size === 0 || found.size === size)) return found;
      throw new RpcError(
        'model_load_failed',
        `${name} is ${found ? 'incomplete' : 'not on this machine'}.`,
        'Press Retry to fetch it.',
        true,
      );
    }),
  );
}

const model = new Model();
void opfs.then(() => shelf.install());
watchDevices(model.lose);
self.addEventListener('unhandledrejection', (event) => {
  // WebLLM leaves promises of the device behind when it is lost; whoever waits has heard of that already.
  if (isNamed(event.reason, 'AbortError') || isNamed(event.reason, 'OperationError')) event.preventDefault();
});
new Rpc<{}, Workers['webllm'], {}, Streams>(self).serve({
  'files.take': (request, { signal }) => taken.take(request, signal),
  'model.load': (request, { signal, push }) => model.load(request, signal, (stage) => push({ stage })),
  'model.unload': (_request, { signal }) => model.unload(signal),
  'chat.complete': (request, { signal, push }) => model.complete(request, signal, push),
  'tokens.count': ({ texts }: CountTokens, { signal }) => model.count(texts, signal),
});
