/**
 * From a chat request of the contract to what llama.cpp's server takes, and back from its chunks.
 *
 * Owns the translation and the checks that keep llama.cpp's parsers from failing late: nulls are left out, tool call
 * arguments in the history are valid JSON, pictures are bytes of a sensible size. Nothing else of a request goes on:
 * `logprobs` in particular would kill the instance at the first token that is half a character.
 */

import type { ChatCompletionChunk, ChatCompletionParams, ChatCompletionMessage } from '@wllama/wllama/esm/index.js';
import type {
  ChatMessage,
  ChatRequest,
  Completion,
  Delta,
  ImageContent,
  Timings,
  ToolCall,
  ToolCallDelta,
  Usage,
} from './contract.gen';
import { RpcError } from './rpc';

/** What wllama passes on to llama.cpp although its types do not name it. */
export type LlamaRequest = Omit<ChatCompletionParams, 'stream'> & {
  stop?: string[];
  stream_options: { include_usage: true };
};

/** How many pictures a request holds. */
export function countImages(request: ChatRequest): number {
  return request.messages.flatMap(({ content }) => (Array.isArray(content) ? content : [])).filter(isImage).length;
}

/** The request in the shape of llama.cpp's server; `toPart` makes each picture a part of a message. */
export async function toLlama(
  request: ChatRequest,
  toPart: (content: ImageContent) => Promise<object>,
): Promise<LlamaRequest> {
  const { messages, max_tokens, temperature, top_p, top_k, min_p, seed, stop, tools } = request;
  return {
    messages: await Promise.all(messages.map((message) => toLlamaMessage(message, toPart))),
    stream_options: { include_usage: true },
    // Progress marks the borders between the steps of the prompt, which is how image encoding is timed.
    return_progress: true,
    ...given({ max_tokens, temperature, top_p, top_k, min_p, seed, stop, tools, ...formOf(request) }),
  } as LlamaRequest;
}

/** A grammar has a field of its own. */
function formOf({ response_format: form }: ChatRequest): Record<string, unknown> {
  return form?.['type'] === 'grammar' ? { grammar: form['grammar'] } : { response_format: form };
}

async function toLlamaMessage(
  message: ChatMessage,
  toPart: (content: ImageContent) => Promise<object>,
): Promise<ChatCompletionMessage> {
  const { role, tool_calls, tool_call_id } = message;
  for (const call of tool_calls ?? []) checkArguments(call);
  const content = Array.isArray(message.content)
    ? await Promise.all(
        message.content.map(async (part) =>
          isImage(part) ? await toPart(part) : { type: 'text', text: part.text },
        ),
      )
    : (message.content ?? (tool_calls ? null : ''));
  return { role, content, ...given({ tool_calls, tool_call_id }) } as ChatCompletionMessage;
}

function checkArguments(call: ToolCall): void {
  try {
    JSON.parse(call.function.arguments);
  } catch {
    throw new RpcError(
      'generation_failed',
      `An earlier call of the tool "${call.function.name}" was cut off in the middle.`,
    );
  }
}

function isImage(part: { type?: string }): part is ImageContent {
  return part.type === 'image';
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

/** Adds up the chunks of one answer. */
export class Answer {
  private text = '';
  private reasoning = '';
  private readonly calls: ToolCall[] = [];
  private finish: string | null = null;
  private last: ChatCompletionChunk | undefined;
  private firstTokenAt: number | undefined;

  constructor(private readonly startedAt: number) {}

  /** What the chunk brings, or undefined when it brings nothing to show. */
  add(chunk: ChatCompletionChunk): Delta | undefined {
    this.last = chunk;
    const choice = chunk.choices[0];
    if (!choice) return undefined;
    this.finish = choice.finish_reason ?? this.finish;
    const delta = choice.delta as typeof choice.delta & { reasoning_content?: string | null };
    const text = delta.content ?? '';
    const reasoning = delta.reasoning_content ?? '';
    const calls = (delta.tool_calls ?? []).map((call): ToolCallDelta => ({
      index: call.index,
      id: call.id ?? null,
      name: call.function?.name ?? null,
      arguments: call.function?.arguments ?? null,
    }));
    if (!text && !reasoning && calls.length === 0) return undefined;
    this.firstTokenAt ??= performance.now();
    this.text += text;
    this.reasoning += reasoning;
    for (const call of calls) this.addCall(call);
    return { text, reasoning, tool_calls: calls };
  }

  /** The whole answer; time and tokens of its pictures as the engine told them, null where there were none. */
  complete(
    images: { ms: number; tokens: number } | null,
    memory_bytes: number | null = null,
    token_ids: number[] = [],
  ): Completion {
    return {
      text: this.text,
      reasoning: this.reasoning,
      tool_calls: this.calls,
      finish_reason: this.finish === 'tool_calls' || this.finish === 'length' ? this.finish : 'stop',
      usage: this.usage(images?.tokens ?? 0),
      timings: this.timings(images?.ms ?? null),
      token_ids,
      memory_bytes,
    };
  }

  private addCall({ index, id, name, arguments: piece }: ToolCallDelta): void {
    const call = (this.calls[index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } });
    call.id ||= id ?? '';
    call.function.name += name ?? '';
    call.function.arguments += piece ?? '';
  }

  private usage(image_tokens: number): Usage {
    const usage = this.last?.usage;
    return {
      prompt_tokens: usage?.prompt_tokens ?? 0,
      completion_tokens: usage?.completion_tokens ?? 0,
      cached_tokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      image_tokens,
    };
  }

  private timings(imageMs: number | null): Timings {
    const timings = this.last?.timings;
    const rate = timings && timings.predicted_n > 1 ? timings.predicted_per_second : null;
    return {
      time_to_first_token_ms: this.firstTokenAt === undefined ? null : this.firstTokenAt - this.startedAt,
      prompt_ms: timings?.prompt_ms ?? null,
      image_ms: imageMs,
      total_ms: performance.now() - this.startedAt,
      tokens_per_second: rate,
    };
  }
}

/** Two deltas that came one after the other as one. */
export function joined(first: Delta, second: Delta): Delta {
  const calls = [...first.tool_calls];
  for (const piece of second.tool_calls) {
    const last = calls.at(-1);
    if (last?.index !== piece.index || piece.id !== null) {
      calls.push(piece);
      continue;
    }
    calls[calls.length - 1] = {
      ...last,
      name: join(last.name, piece.name),
      arguments: join(last.arguments, piece.arguments),
    };
  }
  return { text: first.text + second.text, reasoning: first.reasoning + second.reasoning, tool_calls: calls };
}

function join(first: string | null, second: string | null): string | null {
  return first === null ? second : first + (second ?? '');
}
