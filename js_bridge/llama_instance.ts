/**
 * One llama.cpp instance: a wllama object with its worker, from load to death.
 *
 * Owns loading from Files, answering, counting tokens, reading the engine's log (reasons, backend, image encoding), and
 * telling a refused request from a dead instance. Never repairs itself: once `gone` has settled, throw it away.
 * What to do then, and who may ask when, is the business of llamacpp.worker.ts.
 */

import { Wllama, type LoadedContextInfo, type LoadModelParams } from '@wllama/wllama/esm/index.js';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import type { ChatRequest, Completion, Embedding, EngineInfo, Ranking, RankTexts } from './contract.gen';
import { readEncoder, withoutTiles, type Encoder } from './encoder';
import { prepared } from './encoder_images';
import { GgufArray, readGgufHeader } from './gguf';
import { KeptPrompts, kvBytesPerToken } from './kept_prompts';
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
import { RpcError } from './rpc';

const ENGINE_CODE = new URL(wasmUrl, self.location.href).href;
/**
 * The compiled engine, held so that the browser finds it when an instance compiles the same bytes: a replaced instance
 * loads in about half the time. Compiling starts with the worker, beside the fetching of the model.
 */
const engineCode = WebAssembly.compileStreaming(fetch(ENGINE_CODE)).catch(() => undefined);

const REASONS_KEPT = 12;
/**
 * What wllama says when llama.cpp threw an exception: the instance lives on, the reason is in the log. There is no answer
 * then, so wllama takes the first bytes of the question, "GLUE", for its length; in a large heap it goes on to read the
 * answer at address 0.
 */
const REFUSED = /invalid typed array length: 1163217991|invalid magic number/i;

export class LlamaInstance implements LlamaEngine {
  /** It hears of a stop between two steps only, and a step may take minutes. */
  readonly patience = 150;
  readonly gone: Promise<never>;
  readonly pulse = new Pulse((error) => this.die(error));
  private die!: (error: RpcError) => void;
  private readonly wllama: Wllama;
  private readonly reasons: string[] = [];
  private readonly imageClock = new ImageClock();
  private gpu = false;
  private loaded: EngineInfo | undefined;
  private encoder: Encoder | undefined;
  /** Tokens of a picture by its size, as the engine counted them when it encoded one. */
  private readonly imageTokens = new Map<string, number>();
  /** Passes of the encoder for one picture: two where the family adds an overview. */
  private passes = 0;
  /** A text of exactly one token that joins no other, and the tokens of an empty prompt padded with it. */
  private padding: { text: string; base: number } | undefined;
  private paddingToken = ' a';
  private prompts: KeptPrompts | undefined;

  constructor() {
    this.gone = new Promise((_resolve, reject) => (this.die = reject));
    this.gone.catch(() => undefined); // Not every instance has somebody waiting on it.
    const listen = (line: unknown): void => this.hear(line);
    const logger = { debug: listen, log: listen, warn: listen, error: (line: unknown) => this.hear(line, true) };
    this.wllama = new Wllama({ default: ENGINE_CODE }, { logger });
    this.wllama.setCompat(null); // Its compatibility build would come from another origin.
  }

  async load(options: LoadOptions): Promise<EngineInfo> {
    const startedAt = performance.now();
    const { weights, projector, adapters } = options;
    const files = [...weights, ...adapters, ...(projector ? [await withoutTiles(projector)] : [])];
    let context: LoadedContextInfo & { success?: boolean };
    try {
      await this.alive(engineCode);
      await this.alive(this.wllama.loadModel(files, await parametersOf(options)));
      context = this.wllama.getLoadedContextInfo();
    } catch (thrown) {
      if (thrown instanceof RpcError && thrown.code === 'aborted') throw thrown;
      throw this.loadFailed(String(Object(thrown).message ?? thrown));
    }
    // loadModel resolves for files that llama.cpp refused, too.
    if (!context.success) throw this.loadFailed('the engine refused the files');
    await this.readHeaders(weights[0], projector);
    this.prompts = new KeptPrompts(kvBytesPerToken(context));
    this.loaded = {
      engine: `llama.cpp ${Wllama.getLibllamaVersion()} (wllama 3.8.1)`,
      backend: this.gpu ? 'webgpu' : 'cpu',
      threads: this.wllama.getNumThreads(),
      context_window: context.n_ctx,
      images: this.wllama.supportInputModality('image'),
      encoder: this.encoder ? { family: this.encoder.family, side: this.encoder.side, dynamic: this.encoder.dynamic } : null,
      load_ms: performance.now() - startedAt,
      memory_bytes: null,
    };
    return this.loaded;
  }

  async complete(request: ChatRequest, options: CompletionOptions): Promise<Completion> {
    const { signal, startedAt, onDelta } = options;
    const images = countImages(request);
    if (images > 0 && !this.loaded?.images) throw imageUnsupported();
    const sizes: string[] = [];
    const llama = await toLlama(request, async (content) => {
      const { bytes, width, height } = await prepared(content, this.encoder, !this.gpu);
      sizes.push(`${width}x${height}`);
      return { type: 'image', data: bytes };
    });
    signal.throwIfAborted();
    const answer = new Answer(startedAt);
    this.imageClock.start();
    await this.ask(() =>
      this.wllama.createChatCompletion({
        ...llama,
        stream: true,
        abortSignal: signal,
        onData: (chunk) => {
          this.imageClock.mark();
          this.pulse.beat();
          const delta = answer.add(chunk);
          if (delta) onDelta(delta);
        },
      }),
    );
    const completion = answer.complete(images > 0 ? { ms: this.imageClock.elapsed, tokens: this.tokensOf(sizes) } : null);
    this.prompts?.note(completion.usage);
    return completion;
  }

  get full(): boolean {
    return this.prompts?.tooMany ?? false;
  }

  /**
   * Tokens of a text. wllama has no tokenizer call; but llama.cpp tells how long a prompt is when it refuses one that is
   * too long, before computing anything. So the text is padded beyond the context window and the padding subtracted.
   */
  async countTokens(text: string): Promise<number> {
    this.padding ??= await this.measurePadding();
    return (await this.promptLength(text + this.padding.text)) - this.padding.base;
  }

  /** Tokens of all pictures of a request. Those that came from the KV cache are its first: the others were counted. */
  private tokensOf(sizes: readonly string[]): number {
    const { counts } = this.imageClock;
    this.passes ||= Math.round(counts.length / sizes.length);
    const encoded = this.passes === 0 ? [] : sizes.slice(sizes.length - counts.length / this.passes);
    encoded.forEach((size, index) => {
      const own = counts.slice(index * this.passes, (index + 1) * this.passes);
      this.imageTokens.set(size, own.reduce((sum, tokens) => sum + tokens, 0));
    });
    return sizes.reduce((sum, size) => sum + (this.imageTokens.get(size) ?? 0), 0);
  }

  async embed(texts: string[], signal: AbortSignal): Promise<Embedding[]> {
    const embeddings: Embedding[] = [];
    for (const text of texts) {
      signal.throwIfAborted();
      // One text a call: for a list wllama gives the first vector only.
      const { data, usage } = await this.ask(() => this.wllama.createEmbedding({ input: text }));
      embeddings.push({ vector: data[0]?.embedding as number[], tokens: usage.prompt_tokens });
    }
    return embeddings;
  }

  async rerank({ query, documents }: RankTexts, signal: AbortSignal): Promise<Ranking> {
    const ranking: Ranking = { scores: [], tokens: 0 };
    for (const document of documents) {
      signal.throwIfAborted();
      // One document a call, so that a stop comes in between.
      const { results, usage } = await this.ask(() => this.wllama.createRerank({ query, documents: [document] }));
      ranking.scores.push(results[0]?.relevance_score as number);
      ranking.tokens += usage.prompt_tokens;
    }
    return ranking;
  }

  async keep(): Promise<void> {
    // wllama gives nobody its state.
  }

  exit(): void {
    this.die(new RpcError('aborted', 'Stopped on request.'));
    void this.wllama.exit();
  }

  private async measurePadding(): Promise<{ text: string; base: number }> {
    const text = this.paddingToken.repeat((this.loaded?.context_window ?? 0) + 1);
    return { text, base: await this.promptLength(text) };
  }

  private async promptLength(prompt: string): Promise<number> {
    try {
      await this.ask(() =>
        this.wllama.createCompletion({ prompt, max_tokens: 1, stream: true, onData: () => undefined }),
      );
    } catch (error) {
      const tokens = error instanceof RpcError && error.code === 'message_too_long' && /\d+/.exec(error.message);
      if (tokens) return Number(tokens[0]);
      throw error;
    }
    throw new RpcError('generation_failed', 'The tokens could not be counted.');
  }

  /** Runs one request and puts its failure into words. */
  private async ask<T>(request: () => Promise<T>): Promise<T> {
    this.reasons.length = 0;
    this.pulse.beat();
    try {
      return await this.alive(request());
    } catch (thrown) {
      throw this.explain(thrown);
    }
  }

  /** Promises of a dead wllama never settle, so each is raced against the instance's death. */
  private alive<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.gone]);
  }

  private explain(thrown: unknown): RpcError {
    if (thrown instanceof RpcError) return thrown;
    const {
      name,
      type,
      message = String(thrown),
    } = Object(thrown) as { name?: string; type?: string; message?: string };
    if (name === 'AbortError') return new RpcError('aborted', 'Stopped on request.');
    if (type === 'inference_error') return refusal(message);
    if (REFUSED.test(message) && this.reasons[0]) return refusal(this.reasons[0]);
    const error = crash(message);
    this.die(error);
    return error;
  }

  private loadFailed(fallback: string): RpcError {
    return loadFailed(this.reasons[0] ?? fallback);
  }

  /** Everything the engine and wllama write. */
  private hear(line: unknown, isError = false): void {
    if (line instanceof ErrorEvent) {
      line.preventDefault(); // Else it would count as an error of this worker, too.
      this.die(crash(line.message));
      return;
    }
    if (typeof line !== 'string') return;
    this.pulse.beat();
    this.imageClock.hear(line);
    if (/using device WebGPU/i.test(line)) this.gpu = true;
    if (isError && this.reasons.length < REASONS_KEPT && !line.startsWith('Stack trace')) this.reasons.push(line);
  }

  private async readHeaders(weights: File | undefined, projector: File | undefined): Promise<void> {
    const text = weights && (await readGgufHeader(weights));
    const tokens = text?.get('tokenizer.ggml.tokens');
    const end = text?.get('tokenizer.ggml.eos_token_id');
    const token = tokens instanceof GgufArray && typeof end === 'number' ? tokens.at(end) : undefined;
    if (typeof token === 'string' && token) this.paddingToken = token;
    this.encoder = projector && (await readEncoder(projector));
  }
}

/** What wllama calls the options. What is left out, llama.cpp decides: all layers on the GPU where one can be used. */
async function parametersOf(options: LoadOptions): Promise<LoadModelParams> {
  const { weights, adapters, purpose, contextWindow, threads, advanced } = options;
  const { gpu_layers, batch, cache_type, adapter_scale } = advanced;
  const pooling = await poolingOf(options);
  const whole = wholeText(options);
  // wllama numbers the files in the order given; an adapter lies behind the weights under such a number.
  const files = weights.length + adapters.length;
  const pathOf = (index: number): string => `models/model-${digits(weights.length + index + 1)}-of-${digits(files)}.gguf`;
  return {
    n_ctx: contextWindow,
    n_threads: threads,
    ...(gpu_layers === null ? {} : { n_gpu_layers: gpu_layers }),
    ...(batch === null ? {} : { n_batch: batch, n_ubatch: Math.min(batch, 512) }),
    ...(cache_type === null ? {} : { cache_type_k: cache_type, cache_type_v: cache_type }),
    ...(purpose === 'chat'
      ? {}
      : { embeddings: true, n_parallel: 1, n_batch: whole, n_ubatch: whole, ...(pooling && { pooling_type: pooling }) }),
    ...(adapters.length === 0
      ? {}
      : { lora_adapters: adapters.map((_, index) => ({ path: pathOf(index), scale: adapter_scale ?? 1 })) }),
  };
}

function digits(number: number): string {
  return String(number).padStart(5, '0');
}

/**
 * How long the vision encoder worked.
 *
 * llama.cpp's own timings hold image and text together. But an image is the first thing in a step of the prompt: the
 * step before ends with a chunk (of progress, or of the answer) or with "image decoded", and "decoding image batch 1/n"
 * is logged when the encoder is done and its output goes to the language model. The time between is the encoder's.
 */
class ImageClock {
  elapsed = 0;
  /** Tokens of each picture that was encoded, in order. */
  counts: number[] = [];
  private border = 0;

  start(): void {
    this.elapsed = 0;
    this.counts = [];
    this.border = performance.now();
  }

  mark(): void {
    this.border = performance.now();
  }

  hear(line: string): void {
    const [, batch, tokens] = /^decoding image batch (\d+)\/\d+, n_tokens_batch = (\d+)/.exec(line) ?? [];
    if (batch) {
      if (batch === '1') {
        this.elapsed += performance.now() - this.border;
        this.counts.push(0);
      }
      this.counts[this.counts.length - 1]! += Number(tokens);
    } else if (line.startsWith('image decoded')) this.border = performance.now();
  }
}
