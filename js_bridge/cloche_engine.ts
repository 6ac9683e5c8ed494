/**
 * One instance of Cloche's own engine: its thread, from load to death.
 *
 * Owns where the engine's code is found and whether this browser can run it, loading, answering, counting tokens and
 * stopping. A stop reaches the engine in the middle of any computation where memory can be shared, between two steps
 * elsewhere. The engine itself is engine/ (C++); its thread is cloche_engine.worker.ts.
 */

import { isIsolated } from './capabilities';
import type { ChatRequest, Completion, Embedding, EngineInfo, Ranking, RankTexts } from './contract.gen';
import type { EngineEvents, EngineFile, EngineMethods, EngineStreams, Step } from './cloche_engine.worker';
import { type Encoder, readEncoder, withoutTiles } from './encoder';
import { prepared } from './encoder_images';
import {
  type CompletionOptions,
  crash,
  imageUnsupported,
  type LlamaEngine,
  loadFailed,
  type LoadOptions,
  poolingOf,
  Pulse,
  refusal,
  wholeText,
} from './llama_engine';
import { Answer, countImages, toLlama } from './llama_request';
import { handleOf } from './model_files';
import { keyOf } from './prompt_files';
import { Rpc, RpcError } from './rpc';

/** What `build.py engine` writes beside the engine; without `files` it has not been built. */
interface Manifest {
  llama_cpp?: string;
  files?: { relaxed: string; plain: string };
}

/** The engine's compiled code, what it is called, and the name of its file, which no other build has. */
export interface EngineCode {
  name: string;
  file: string;
  module: WebAssembly.Module;
}

/** What glue.cpp's `cloche_embed` and `cloche_rerank` bring for each text. */
interface Embedded {
  index: number;
  embedding: number[];
  tokens_evaluated: number;
}
interface Scored {
  index: number;
  score: number;
  tokens_evaluated: number;
}

/** Beside the folder that this code is served from. */
const HERE = import.meta.url;
const FOLDER = new URL('../engine/', HERE);
/** Tokens read between two looks at the message queue, where the engine cannot be reached while it computes. */
const SMALL_BATCH = 64;
const BATCH = 512;
const REASONS_KEPT = 12;
/** See engine/threads.cpp. */
const ENDED = 2;
/** Tokens that must have been read since the last time, so that keeping what was read is worth the writing. */
const WORTH_KEEPING = 256;
const PROJECTOR = 'projector.gguf';

/** (module (func (result v128) i8x16 relaxed_swizzle of two constants)): valid where relaxed SIMD is known. */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253,
  128, 2, 11,
]);

let code: Promise<EngineCode | undefined> | undefined;

/** The engine, compiled once for all instances; undefined where it has not been built or the browser cannot run it. */
export function engineCode(): Promise<EngineCode | undefined> {
  code ??= fetchCode().catch(() => undefined);
  return code;
}

/** Whether it has been built; whether the browser can run it shows when it is compiled. */
export async function engineIsBuilt(): Promise<boolean> {
  const manifest = await fetch(new URL('engine.json', FOLDER)).then((answer) => answer.json() as Promise<Manifest>, () => undefined);
  return manifest?.files !== undefined;
}

async function fetchCode(): Promise<EngineCode | undefined> {
  const manifest = (await (await fetch(new URL('engine.json', FOLDER))).json()) as Manifest;
  if (!manifest.files) return undefined;
  const relaxed = WebAssembly.validate(RELAXED_SIMD);
  const file = relaxed ? manifest.files.relaxed : manifest.files.plain;
  new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }); // Throws where the engine's memory could not be made.
  const module = await WebAssembly.compileStreaming(fetch(new URL(file, FOLDER)));
  return { name: `llama.cpp ${manifest.llama_cpp} (Cloche${relaxed ? '' : ', without relaxed SIMD'})`, file, module };
}

export class ClocheEngine implements LlamaEngine {
  /** It keeps no prompts that were left for others (engine/glue.cpp). */
  readonly full = false;
  /** Where it hears of a stop in the middle of a step, that is worth more than a new instance. */
  readonly patience = isIsolated() ? 5000 : 150;
  readonly gone: Promise<never>;
  readonly pulse = new Pulse((error) => this.die(error));
  private die!: (error: RpcError) => void;
  private readonly worker: Worker;
  private readonly rpc: Rpc<EngineMethods, {}, EngineEvents, EngineStreams>;
  private readonly stop = new Int32Array(isIsolated() ? new SharedArrayBuffer(4) : new ArrayBuffer(4));
  private readonly reasons: string[] = [];
  private images = false;
  /** Tokens that were read and are not kept. */
  private unkept = 0;
  private encoder: Encoder | undefined;

  constructor(private readonly code: EngineCode) {
    this.gone = new Promise((_resolve, reject) => (this.die = reject));
    this.gone.catch(() => undefined); // Not every instance has somebody waiting on it.
    this.worker = new Worker(new URL('./cloche_engine.worker.ts', import.meta.url), { type: 'module' });
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.die(crash(event.message));
    });
    this.rpc = new Rpc(this.worker);
    this.rpc.onEvents((events) => events.forEach(([, line]) => this.hear(line)));
  }

  async load(options: LoadOptions): Promise<EngineInfo> {
    const startedAt = performance.now();
    const { weights, projector, adapters, contextWindow, advanced, purpose, modelId } = options;
    // Others have to be called in when there is work for them (engine_thread.worker.ts).
    const threads = 'waitAsync' in Atomics ? options.threads : 1;
    const files = [...weights, ...adapters].map(
      (file): EngineFile => ({ name: file.name, file, handle: handleOf(file) }),
    );
    if (projector) files.push({ name: PROJECTOR, file: await withoutTiles(projector), handle: undefined });
    this.encoder = projector && (await readEncoder(projector).catch(() => undefined));
    try {
      const request = {
        weights: pathOf(weights[0] as File),
        projector: projector ? `/${PROJECTOR}` : '',
        adapters: adapters.map(pathOf),
        adapter_scale: advanced.adapter_scale ?? 1,
        cache_type: advanced.cache_type ?? 'f16',
        context_window: contextWindow,
        threads,
        fewer_threads: true,
        batch: purpose === 'chat' ? (advanced.batch ?? (isIsolated() ? BATCH : SMALL_BATCH)) : wholeText(options),
        vectors: purpose !== 'chat',
        pooling: await poolingOf(options),
      };
      const loaded = await this.alive(
        this.rpc.call('load', {
          module: this.code.module,
          files,
          stop: this.stop,
          helpers: threads - 1,
          prompts: purpose === 'chat' ? { modelId, key: await this.promptKey(options) } : undefined,
          request,
        }),
      );
      this.images = loaded.images;
      return {
        engine: this.code.name,
        backend: 'cpu',
        threads: loaded.threads,
        context_window: loaded.context_window,
        images: loaded.images,
        encoder: this.encoder ? { family: this.encoder.family, side: this.encoder.side, dynamic: this.encoder.dynamic } : null,
        load_ms: performance.now() - startedAt,
        memory_bytes: loaded.memory_bytes,
      };
    } catch (thrown) {
      const error = RpcError.from(thrown);
      throw error.code === 'aborted' ? error : loadFailed(this.reasons[0] ?? error.message);
    }
  }

  async complete(request: ChatRequest, { signal, startedAt, onDelta }: CompletionOptions): Promise<Completion> {
    const images = countImages(request);
    if (images > 0 && !this.images) throw imageUnsupported();
    const llama = await toLlama(request, async (content) => ({
      type: 'image_url',
      image_url: { url: await dataUrl((await prepared(content, this.encoder, true)).bytes) },
    }));
    signal.throwIfAborted();
    const answer = new Answer(startedAt);
    let pictures = { ms: 0, tokens: 0 };
    let memoryBytes: number | null = null;
    const tokenIds: number[] = [];
    await this.steps('chat', { ...llama, stream: true }, signal, (step) => {
      pictures = { ms: step.image_ms, tokens: step.image_tokens };
      memoryBytes = step.memory_bytes;
      if (request.token_ids) tokenIds.push(...step.tokens);
      for (const chunk of step.chunks) {
        const delta = answer.add(chunk as never);
        if (delta) onDelta(delta);
      }
    });
    const completion = answer.complete(images > 0 ? pictures : null, memoryBytes, tokenIds);
    const { prompt_tokens, cached_tokens, completion_tokens } = completion.usage;
    // A picture that is seen for the first time may be one of a camera's, which is never asked about again.
    if (pictures.ms === 0) this.unkept += prompt_tokens - cached_tokens + completion_tokens;
    return completion;
  }

  async keep(): Promise<void> {
    if (this.unkept < WORTH_KEEPING) return;
    this.unkept = 0;
    await this.ask(this.rpc.call('keep', null));
  }

  countTokens(text: string): Promise<number> {
    return this.ask(this.rpc.call('count', { text }));
  }

  async embed(texts: string[], signal: AbortSignal): Promise<Embedding[]> {
    const embeddings: Embedding[] = [];
    const take = ({ index, embedding, tokens_evaluated }: Embedded): void => {
      embeddings[index] = { vector: embedding, tokens: tokens_evaluated };
    };
    if (texts.length > 0) await this.steps('embed', { texts }, signal, ({ chunks }) => (chunks as Embedded[]).forEach(take));
    return embeddings;
  }

  async rerank(request: RankTexts, signal: AbortSignal): Promise<Ranking> {
    const ranking: Ranking = { scores: [], tokens: 0 };
    const take = ({ index, score, tokens_evaluated }: Scored): void => {
      ranking.scores[index] = score;
      ranking.tokens += tokens_evaluated;
    };
    if (request.documents.length > 0) await this.steps('rerank', request, signal, ({ chunks }) => (chunks as Scored[]).forEach(take));
    return ranking;
  }

  exit(): void {
    Atomics.store(this.stop, 0, ENDED); // Its threads wait for no one then.
    this.worker.terminate();
    this.rpc.close(new RpcError('aborted', 'Stopped on request.'));
    this.die(new RpcError('aborted', 'Stopped on request.'));
  }

  /** Stands for everything that the state of a prompt depends on. */
  private promptKey({ identity, advanced: { cache_type, adapter_scale } }: LoadOptions): Promise<string> {
    return keyOf(JSON.stringify([this.code.file, identity, cache_type, adapter_scale]));
  }

  /** Runs one request; `take` gets each step that it brings. A stop is heard between two steps at the latest. */
  private async steps<M extends keyof EngineStreams>(
    method: M,
    request: EngineMethods[M]['params'],
    signal: AbortSignal,
    take: (step: Step) => void,
  ): Promise<void> {
    const over = new AbortController();
    Atomics.store(this.stop, 0, 0);
    const letGo = this.ask(
      this.rpc.call(method, request, {
        onChunks: (steps) => {
          this.pulse.beat();
          steps.forEach(take);
        },
      }),
      signal,
    );
    signal.addEventListener('abort', () => this.interrupt(), { signal: over.signal });
    try {
      await letGo;
    } finally {
      over.abort();
    }
  }

  /** Tells the engine to end the running request; the request's promise settles when it has. */
  private interrupt(): void {
    Atomics.store(this.stop, 0, 1);
    this.rpc.call('stop', null).catch(() => undefined); // Where memory is not shared, the number above says nothing.
  }

  /** The outcome of a request, its failure in words. What is no refusal is the end of the instance. */
  private async ask<T>(request: Promise<T>, signal?: AbortSignal): Promise<T> {
    this.reasons.length = 0;
    this.pulse.beat();
    try {
      return await this.alive(request);
    } catch (thrown) {
      const error = RpcError.from(thrown);
      if (error.code === 'refused') {
        throw signal?.aborted ? new RpcError('aborted', 'Stopped on request.') : refusal(error.message);
      }
      if (error.code !== 'internal') throw error;
      const end = crash(this.reasons[0] ?? error.message);
      this.die(end);
      throw end;
    }
  }

  private alive<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.gone]);
  }

  private hear(line: string): void {
    this.pulse.beat();
    const [, reason] = /^error (.*)$/.exec(line) ?? [];
    if (reason && this.reasons.length < REASONS_KEPT) this.reasons.push(reason);
  }
}

function pathOf(file: File): string {
  return `/${file.name}`;
}

async function dataUrl(bytes: ArrayBuffer): Promise<string> {
  const reader = new FileReader();
  const read = new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error as DOMException);
  });
  reader.readAsDataURL(new Blob([bytes], { type: 'image/png' }));
  return read;
}
