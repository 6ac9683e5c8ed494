/**
 * The llama.cpp engine as the contract's worker "llamacpp".
 *
 * Owns which instance is current, whose turn it is (one request at a time, first come first served), stopping, and
 * replacing an instance that died or does not come free. Which engine it is, is decided in engine_choice.ts.
 */

import { defaultThreads, isIsolated } from './capabilities';
import type {
  ChatRequest,
  Completion,
  CountTokens,
  Delta,
  Embedding,
  EngineInfo,
  LoadModel,
  ModelFile,
  Ranking,
  RankTexts,
  Streams,
  Workers,
} from './contract.gen';
import { DeltaBatch } from './delta_batch';
import { chooseEngine, type MakeEngine } from './engine_choice';
import { TakenFiles } from './held_files';
import { emptyText, type LlamaEngine, type LoadOptions, wrongPurpose } from './llama_engine';
import { OpfsStore } from './model_files';
import { fileInFolder, SCHEME } from './model_folder';
import { Rpc, RpcError } from './rpc';
import { Turns } from './turns';

declare const self: DedicatedWorkerGlobalScope;

/** An engine that says nothing for so long is hung; the slowest step known, a large picture without a GPU, takes less. */
const SILENCE_MS = 600_000;

/** So long after an answer what was read is kept, unless somebody asks for something else. */
const IDLE_MS = 1000;

const taken = new TakenFiles();
const opfs = OpfsStore.open();

class Engine {
  private readonly turns = new Turns();
  private options: LoadOptions | undefined;
  private make: MakeEngine | undefined;
  private instance: LlamaEngine | undefined;
  /** Settles when `instance` is loaded. */
  private loading: Promise<EngineInfo> | undefined;
  /** The request that `options` came from, as text. */
  private request = '';
  /** `loading`, when it is a replacement that nobody has asked for yet. */
  private replacement: Promise<EngineInfo> | undefined;
  /** Runs out when nobody has asked for anything for a while after an answer. */
  private idle: ReturnType<typeof setTimeout> | undefined;

  /** Loads a model; asked for the same one after a crash, it hands out the replacement that is already on its way. */
  async load(request: LoadModel, signal: AbortSignal): Promise<EngineInfo> {
    const leave = await this.turns.enter(signal);
    try {
      const name = JSON.stringify(request);
      let loading = name === this.request ? this.replacement : undefined;
      if (!loading) {
        await this.keepNow();
        this.unloadNow();
        const options = await optionsFor(request);
        this.make = await chooseEngine(options);
        this.options = options;
        this.request = name;
        signal.throwIfAborted();
        loading = this.start();
      }
      this.replacement = undefined;
      return await this.orStop(signal, loading, () => this.unloadNow());
    } finally {
      leave();
    }
  }

  async unload(signal: AbortSignal): Promise<null> {
    const leave = await this.turns.enter(signal);
    await this.keepNow();
    this.unloadNow();
    leave();
    return null;
  }

  async complete(request: ChatRequest, signal: AbortSignal, push: (delta: Delta) => void): Promise<Completion> {
    const startedAt = performance.now();
    const batch = new DeltaBatch(push);
    const answer = async (instance: LlamaEngine): Promise<Completion> => {
      this.clearIdle();
      const silence = request.silence_seconds ? request.silence_seconds * 1000 : SILENCE_MS;
      const endWatch = instance.pulse.watch(silence);
      try {
        const completion = await instance.complete(request, { signal, startedAt, onDelta: (delta) => batch.add(delta) });
        batch.flush();
        return completion;
      } finally {
        endWatch();
        this.idle = setTimeout(() => void this.keep(), IDLE_MS);
      }
    };
    return this.withInstance(signal, answer, 'chat');
  }

  /** Keeps what was read, in a turn of its own. */
  private async keep(): Promise<void> {
    const leave = await this.turns.enter(new AbortController().signal);
    await this.keepNow();
    leave();
  }

  /** The same in the turn of something that ends the instance; only where it has not been done since the last answer. */
  private async keepNow(): Promise<void> {
    const { instance } = this;
    if (this.idle === undefined || !instance) return;
    this.clearIdle();
    const endWatch = instance.pulse.watch(SILENCE_MS);
    await instance.keep().catch((thrown: unknown) => {
      if (RpcError.from(thrown).code === 'engine_crashed') this.replace();
    });
    endWatch();
  }

  private clearIdle(): void {
    clearTimeout(this.idle);
    this.idle = undefined;
  }

  async count(texts: string[], signal: AbortSignal): Promise<number[]> {
    return this.withInstance(signal, async (instance) => {
      const counts: number[] = [];
      for (const text of texts) {
        signal.throwIfAborted();
        counts.push(await instance.countTokens(text));
      }
      return counts;
    });
  }

  async embed(texts: string[], signal: AbortSignal): Promise<Embedding[]> {
    if (texts.includes('')) throw emptyText();
    return this.withInstance(signal, (instance) => instance.embed(texts, signal), 'embedding');
  }

  async rerank(request: RankTexts, signal: AbortSignal): Promise<Ranking> {
    return this.withInstance(signal, (instance) => instance.rerank(request, signal), 'rerank');
  }

  /**
   * Waits for the turn and for a loaded instance, of that purpose or of any, and lets `use` have it. A stop is answered at
   * once; the turn ends when the instance is free again, or replaced because it did not come free in time, died, or holds
   * too much.
   */
  private async withInstance<T>(
    signal: AbortSignal,
    use: (instance: LlamaEngine) => Promise<T>,
    purpose?: LoadModel['purpose'],
  ): Promise<T> {
    const leave = await this.turns.enter(signal);
    let work: Promise<T> | undefined;
    try {
      await this.orStop(signal, this.ready());
      if (purpose && this.options?.purpose !== purpose) throw wrongPurpose(purpose);
      const instance = this.instance as LlamaEngine;
      work = use(instance);
      const result = await this.orStop(signal, work);
      if (instance.full) this.replace();
      leave();
      return result;
    } catch (thrown) {
      const error = signal.aborted ? stopped() : RpcError.from(thrown);
      if (error.code === 'engine_crashed') this.replace();
      if (work && signal.aborted) void this.comesFree(work).then(leave);
      else leave();
      throw error;
    }
  }

  private ready(): Promise<EngineInfo> {
    return (
      this.loading ??
      Promise.reject(
        new RpcError('model_not_ready', 'No model is loaded.', 'Wait until the model is loaded, or press Retry.', true),
      )
    );
  }

  /** After a stop: until the request has let go of a living instance, or the instance is another. */
  private async comesFree(work: Promise<unknown>): Promise<void> {
    const letGo = work.then(
      () => true,
      (thrown: unknown) => RpcError.from(thrown).code !== 'engine_crashed',
    );
    const tooLate = new Promise<false>((resolve) => setTimeout(resolve, this.instance?.patience, false));
    if (!(await Promise.race([letGo, tooLate]))) this.replace();
  }

  private start(): Promise<EngineInfo> {
    const instance = (this.make as MakeEngine)();
    this.instance = instance;
    this.loading = instance.load(this.options as LoadOptions);
    this.loading.catch(() => {
      instance.exit();
      // A model that cannot be loaded is not tried again on its own; later requests hear the reason.
    });
    return this.loading;
  }

  private replace(): void {
    this.instance?.exit();
    if (this.options) this.replacement = this.start();
  }

  private unloadNow(): void {
    this.instance?.exit();
    this.instance = this.loading = this.replacement = this.options = undefined;
  }

  /** The promise's outcome, or "aborted" as soon as the signal says so. */
  private async orStop<T>(signal: AbortSignal, promise: Promise<T>, onStop?: () => void): Promise<T> {
    promise.catch(() => undefined);
    const over = new AbortController();
    try {
      return await new Promise<T>((resolve, reject) => {
        const stop = (): void => {
          onStop?.();
          reject(stopped());
        };
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop, { signal: over.signal });
        promise.then(resolve, reject);
      });
    } finally {
      over.abort();
    }
  }
}

/** The file where it lies: in the person's own folder, in memory, or among those that are kept. */
async function find(modelId: string, { name, url }: ModelFile): Promise<File | undefined> {
  if (url.startsWith(SCHEME)) return fileInFolder(url.slice(SCHEME.length));
  return taken.find(modelId, name) ?? (await opfs)?.find(modelId, name);
}

async function optionsFor(request: LoadModel): Promise<LoadOptions> {
  const files = await Promise.all(
    request.files.map(async (file) => {
      const found = await find(request.model_id, file);
      if (found && (file.size === 0 || found.size === file.size)) return { role: file.role, found };
      throw new RpcError(
        'model_load_failed',
        `${file.name} is ${found ? 'incomplete' : 'not on this machine'}.`,
        'Press Retry to fetch it.',
        true,
      );
    }),
  );
  const of = (wanted: ModelFile['role']): File[] => files.filter(({ role }) => role === wanted).map(({ found }) => found);
  const { context_window, purpose, options, model_id } = request;
  const identity = files.map(({ role, found }, index) => {
    const { name, sha256 } = request.files[index] as ModelFile;
    return [role, name, found.size, sha256 || found.lastModified];
  });
  const processors = navigator.hardwareConcurrency || 1;
  return {
    weights: of('weights'),
    projector: of('projector')[0],
    adapters: of('adapter'),
    purpose,
    contextWindow: options.context_window ?? context_window,
    threads: isIsolated() && options.threads ? Math.min(options.threads, processors) : defaultThreads(),
    advanced: options,
    modelId: model_id,
    identity: JSON.stringify(identity),
  };
}

function stopped(): RpcError {
  return new RpcError('aborted', 'Stopped on request.');
}

const engine = new Engine();
new Rpc<{}, Workers['llamacpp'], {}, Streams>(self).serve({
  'files.take': (request, { signal }) => taken.take(request, signal),
  'model.load': (request, { signal }) => engine.load(request, signal),
  'model.unload': (_request, { signal }) => engine.unload(signal),
  'chat.complete': (request, { signal, push }) => engine.complete(request, signal, push),
  'embeddings.create': ({ texts }, { signal }) => engine.embed(texts, signal),
  'rerank.create': (request, { signal }) => engine.rerank(request, signal),
  'tokens.count': ({ texts }: CountTokens, { signal }) => engine.count(texts, signal),
});
