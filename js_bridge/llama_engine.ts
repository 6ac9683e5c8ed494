/**
 * What llamacpp.worker.ts expects of an engine that runs llama.cpp, whichever build of it.
 *
 * Owns the shape of an instance and the words for its failures. Which engine is used is engine_choice.ts.
 */

import type {
  ChatRequest,
  Completion,
  Delta,
  Embedding,
  EngineInfo,
  EngineOptions,
  LoadModel,
  Ranking,
  RankTexts,
} from './contract.gen';
import { readGgufHeader } from './gguf';
import { RpcError } from './rpc';

export interface LoadOptions {
  weights: File[];
  projector: File | undefined;
  adapters: File[];
  purpose: LoadModel['purpose'];
  contextWindow: number;
  threads: number;
  advanced: EngineOptions;
  modelId: string;
  /** What tells the model's files from any others. */
  identity: string;
}

export interface CompletionOptions {
  signal: AbortSignal;
  startedAt: number;
  onDelta(delta: Delta): void;
}

/** One instance, from load to death; never repairs itself. */
export interface LlamaEngine {
  readonly pulse: Pulse;
  /** Milliseconds that a stopped request may take to let go of the instance before it is better replaced. */
  readonly patience: number;
  /** Whether what it has gathered takes so much memory that it is better replaced before the next request. */
  readonly full: boolean;
  /** Rejects when the instance is dead, by `exit` (code "aborted") or by itself ("engine_crashed"). */
  readonly gone: Promise<never>;
  /** Loads the model; fails with "model_load_failed" and the engine's own reason. */
  load(options: LoadOptions): Promise<EngineInfo>;
  complete(request: ChatRequest, options: CompletionOptions): Promise<Completion>;
  countTokens(text: string): Promise<number>;
  /** The texts' vectors; only for a model that was loaded for it. */
  embed(texts: string[], signal: AbortSignal): Promise<Embedding[]>;
  /** The documents' scores; only for a model that was loaded for it. */
  rerank(request: RankTexts, signal: AbortSignal): Promise<Ranking>;
  /** Keeps what was read beyond this visit, where the engine can and where that is worth it. */
  keep(): Promise<void>;
  /** Ends the instance at once, whatever it is doing. */
  exit(): void;
}

/** An instance's signs of life: a token, or a line of its log. */
export class Pulse {
  private lastAt = performance.now();

  constructor(private readonly die: (error: RpcError) => void) {}

  beat(): void {
    this.lastAt = performance.now();
  }

  /** Declares the instance dead once it has been silent for so long; gives the function that ends the watch. */
  watch(silenceMs: number): () => void {
    let timer: ReturnType<typeof setTimeout>;
    const look = (): void => {
      const left = this.lastAt + silenceMs - performance.now();
      if (left <= 0) this.die(crash(`it gave no sign of life for ${Math.round(silenceMs / 1000)} seconds`));
      else timer = setTimeout(look, left);
    };
    timer = setTimeout(look, silenceMs);
    return () => clearTimeout(timer);
  }
}

/** The most tokens of one text that is read at once, where nobody says otherwise: memory grows with it. */
const READ_AT_ONCE = 2048;

/** How many tokens a model reads in one step that must see a whole text at once. */
export function wholeText({ contextWindow, advanced }: LoadOptions): number {
  return advanced.batch ?? Math.min(contextWindow, READ_AT_ONCE);
}

/** How a model makes one vector of many, "" as its file says; one that was not made for vectors takes the mean. */
export async function poolingOf({ purpose, weights: [weights] }: LoadOptions): Promise<'' | 'mean' | 'rank'> {
  if (purpose === 'rerank') return 'rank';
  if (purpose === 'chat' || !weights) return '';
  const header = await readGgufHeader(weights);
  return header.get(`${String(header.get('general.architecture'))}.pooling_type`) ? '' : 'mean';
}

const OVERFLOW = /request \((\d+) tokens\) exceeds the available context size \((\d+) tokens\)/;
const TOO_LARGE = /input \((\d+) tokens\) is too large to process.*batch size: (\d+)/;
const OUT_OF_MEMORY = /bad_alloc|(failed|unable) to allocate|out of memory|memory access out of bounds/i;
const UNREADABLE_IMAGE = /failed to load image/i;

export function imageUnsupported(): RpcError {
  return new RpcError(
    'image_unsupported',
    'This model reads text only; it cannot see pictures.',
    'Choose a model that sees pictures, or remove the picture.',
  );
}

/** The model was loaded for something else. */
export function wrongPurpose(wanted: LoadModel['purpose']): RpcError {
  const [does, load] = {
    chat: ['does not converse', 'a model that does'],
    embedding: ['makes no embeddings', 'an embedding model'],
    rerank: ['does not sort texts by a question', 'a reranking model'],
  }[wanted] as [string, string];
  return new RpcError('generation_failed', `This model ${does}.`, `Load ${load}.`);
}

export function emptyText(): RpcError {
  return new RpcError('bad_input', 'One of the texts is empty.', 'Leave empty texts out.');
}

/** The request cannot be served, for llama.cpp's own reason; the instance lives on. */
export function refusal(reason: string): RpcError {
  const [, tokens, limit] = OVERFLOW.exec(reason) ?? [];
  if (tokens) {
    return new RpcError(
      'message_too_long',
      `${tokens} tokens are more than the ${limit} that fit this model's context.`,
      'Shorten the message, or choose a model with a longer context.',
    );
  }
  const [, length, most] = TOO_LARGE.exec(reason) ?? [];
  if (length) {
    return new RpcError(
      'message_too_long',
      `A text of ${length} tokens is more than the ${most} that this model reads at once.`,
      'Cut the text into shorter pieces.',
    );
  }
  if (UNREADABLE_IMAGE.test(reason)) {
    return new RpcError('bad_image', 'The engine cannot decode the picture.', 'Choose another picture.');
  }
  return new RpcError(
    'generation_failed',
    `The engine refused the request: ${reason}`,
    'Change the request and try again.',
  );
}

export function loadFailed(line: string): RpcError {
  const reason = line.replace(/^[\w ]+: (?:error loading model: )?/, '');
  if (OUT_OF_MEMORY.test(line)) {
    const message = `The model does not fit into the memory that the browser gives: ${reason}.`;
    return new RpcError('out_of_memory', message, 'Choose a smaller model, or set a shorter context.');
  }
  return new RpcError(
    'model_load_failed',
    `The model could not be loaded: ${reason}.`,
    'Retry; if it fails again, reload the page or choose another model.',
    true,
  );
}

export function crash(reason: string): RpcError {
  const why = reason.trim() || 'it gave no reason';
  return new RpcError(
    'engine_crashed',
    `The engine crashed while answering (${why}).`,
    'The engine was restarted by itself. Press Regenerate to try again.',
    true,
  );
}
