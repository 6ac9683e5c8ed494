/**
 * The model that the browser itself brings (Chrome's Prompt API) as the contract's worker "browser".
 *
 * Owns the way from a chat request to a session of `LanguageModel` and back. The API exists in windows only, so this
 * runs in the page and answers over a port. The API has no limit on tokens and no stop texts: both are kept here. Whether
 * the model is there, and fetching it, is web/browser_model.ts'.
 */
import type { ChatMessage, ChatRequest, Completion, CountTokens, Streams, Workers } from './contract.gen';
import { Rpc, RpcError, type Port } from './rpc';

export type Availability = 'unavailable' | 'downloadable' | 'downloading' | 'available';

interface Prompt {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** What is used of a session (https://github.com/webmachinelearning/prompt-api); two figures have changed their names. */
export interface LanguageModelSession {
  contextUsage?: number;
  contextWindow?: number;
  inputUsage?: number;
  inputQuota?: number;
  promptStreaming(input: string, options: { signal: AbortSignal; responseConstraint?: unknown }): ReadableStream<string>;
  measureContextUsage?(input: string): Promise<number>;
  measureInputUsage?(input: string): Promise<number>;
  destroy(): void;
}

export interface LanguageModelApi {
  availability(options?: object): Promise<Availability>;
  create(options?: {
    initialPrompts?: Prompt[];
    signal?: AbortSignal;
    monitor?: (monitor: EventTarget) => void;
    expectedInputs?: object[];
    expectedOutputs?: object[];
  }): Promise<LanguageModelSession>;
}

/** Said with every call, so that the browser judges what is really asked for. */
export const EXPECTED = {
  expectedInputs: [{ type: 'text', languages: ['en'] }],
  expectedOutputs: [{ type: 'text', languages: ['en'] }],
};

/** The API where the browser has it. */
export function languageModel(): LanguageModelApi | undefined {
  return (globalThis as { LanguageModel?: LanguageModelApi }).LanguageModel;
}

export function contextWindow(session: LanguageModelSession): number {
  return session.contextWindow ?? session.inputQuota ?? 0;
}

/** Answers the contract's methods on a port. */
export function serveBrowserModel(port: Port): void {
  new Rpc<{}, Workers['browser'], {}, Streams>(port).serve({
    'chat.complete': (request, { signal, push }) => complete(request, signal, (text) => push({ text, reasoning: '', tool_calls: [] })),
    'tokens.count': ({ texts }: CountTokens, { signal }) => count(texts, signal),
  });
}

async function complete(request: ChatRequest, signal: AbortSignal, push: (text: string) => void): Promise<Completion> {
  const startedAt = performance.now();
  const prompts = request.messages.map(promptOf);
  const last = prompts.at(-1)?.role === 'user' ? prompts.pop()!.content : '';
  const session = await opened(prompts, signal);
  // Ends the answer at its limit or at a stop text, beside the caller's own stop.
  const ending = new AbortController();
  try {
    const schema = (request.response_format as { json_schema?: { schema?: unknown } } | null)?.json_schema?.schema;
    const stream = session.promptStreaming(last, {
      signal: AbortSignal.any([signal, ending.signal]),
      ...(schema ? { responseConstraint: schema } : {}),
    });
    const reader = stream.getReader();
    let text = '';
    let sent = 0;
    let pieces = 0;
    let firstAt: number | undefined;
    let finish: Completion['finish_reason'] = 'stop';
    const stops = request.stop ?? [];
    const held = Math.max(0, ...stops.map((stop) => stop.length - 1));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      firstAt ??= performance.now();
      text += value;
      pieces += 1;
      const end = Math.min(...stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0));
      if (Number.isFinite(end)) {
        text = text.slice(0, end);
        break;
      }
      const certain = Math.max(sent, text.length - held);
      if (certain > sent) push(text.slice(sent, certain));
      sent = certain;
      if (pieces >= (request.max_tokens ?? Infinity)) {
        finish = 'length';
        break;
      }
    }
    if (text.length > sent) push(text.slice(sent));
    const took = firstAt === undefined ? 0 : performance.now() - firstAt;
    return {
      text,
      reasoning: '',
      tool_calls: [],
      token_ids: [],
      memory_bytes: null,
      finish_reason: finish,
      usage: { prompt_tokens: Math.max(0, usageOf(session) - pieces), completion_tokens: pieces, cached_tokens: 0, image_tokens: 0 },
      timings: {
        time_to_first_token_ms: firstAt === undefined ? null : firstAt - startedAt,
        prompt_ms: null,
        image_ms: null,
        total_ms: performance.now() - startedAt,
        tokens_per_second: took > 0 && pieces > 1 ? ((pieces - 1) * 1000) / took : null,
      },
    };
  } catch (thrown) {
    throw explained(thrown, signal);
  } finally {
    ending.abort();
    session.destroy();
  }
}

async function count(texts: string[], signal: AbortSignal): Promise<number[]> {
  const session = await opened([], signal);
  try {
    const measure = session.measureContextUsage ?? session.measureInputUsage;
    if (!measure) return texts.map((text) => Math.ceil(text.length / 3) + 1);
    const counts: number[] = [];
    for (const text of texts) counts.push(Math.ceil(await measure.call(session, text)));
    return counts;
  } catch (thrown) {
    throw explained(thrown, signal);
  } finally {
    session.destroy();
  }
}

async function opened(initialPrompts: Prompt[], signal: AbortSignal): Promise<LanguageModelSession> {
  const api = languageModel();
  try {
    if ((await api?.availability(EXPECTED)) !== 'available') throw new DOMException('It is not there.', 'NotAllowedError');
    return await api!.create({ initialPrompts, signal, ...EXPECTED });
  } catch (thrown) {
    throw explained(thrown, signal);
  }
}

function promptOf({ role, content }: ChatMessage): Prompt {
  const text = typeof content === 'string' ? content : (content ?? []).map((part) => ('text' in part ? part.text : '')).join('\n');
  return { role: role === 'tool' ? 'user' : role, content: text };
}

const usageOf = (session: LanguageModelSession): number => Math.round(session.contextUsage ?? session.inputUsage ?? 0);

function explained(thrown: unknown, signal: AbortSignal): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { name, message } = Object(thrown) as { name?: string; message?: string };
  if (signal.aborted) return new RpcError('aborted', 'Stopped on request.');
  if (name === 'QuotaExceededError') return new RpcError('message_too_long', 'The conversation is too long for the browser’s model.');
  if (name === 'NotAllowedError') return new RpcError('model_not_ready', 'The browser’s model is not on this device.');
  return new RpcError('generation_failed', `The browser’s model refused: ${message ?? String(thrown)}`);
}
