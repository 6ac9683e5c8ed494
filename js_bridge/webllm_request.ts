/**
 * From a chat request of the contract to what WebLLM takes, and back from its chunks and its progress.
 *
 * Owns the translation. Tools do not come this far: Python writes them into the messages and reads calls out of the text.
 */

import type {
  ChatCompletionChunk,
  ChatCompletionMessageParam,
  ChatCompletionRequestStreaming,
  InitProgressReport,
} from '@mlc-ai/web-llm';
import type { ChatMessage, ChatRequest, Completion, Delta, ImageContent } from './contract.gen';

/** What a finished request left in the engine. `prompt_tokens` are all of the prompt, also those computed before. */
export interface Counts {
  prompt_tokens: number;
  image_tokens: number;
  token_ids: number[];
}

type ToUrl = (image: ImageContent) => Promise<string>;

/** The request in WebLLM's shape; `toUrl` gives a picture an address. */
export async function toWebLlm(request: ChatRequest, toUrl: ToUrl): Promise<ChatCompletionRequestStreaming> {
  const { messages, max_tokens, temperature, top_p, seed, stop } = request;
  return {
    messages: await Promise.all(messages.map((message) => toMessage(message, toUrl))),
    stream: true,
    stream_options: { include_usage: true },
    ...given({ max_tokens, temperature, top_p, seed, stop, response_format: toFormat(request.response_format) }),
  } as ChatCompletionRequestStreaming;
}

async function toMessage(message: ChatMessage, toUrl: ToUrl): Promise<ChatCompletionMessageParam> {
  const { role, content } = message;
  if (!Array.isArray(content)) return { role, content: content ?? '' } as ChatCompletionMessageParam;
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const images = await Promise.all(content.flatMap((part) => (part.type === 'image' ? [toUrl(part)] : [])));
  if (images.length === 0) return { role, content: text } as ChatCompletionMessageParam;
  // WebLLM takes one text a message.
  const parts = [...images.map((url) => ({ type: 'image_url', image_url: { url } })), { type: 'text', text }];
  return { role, content: parts } as ChatCompletionMessageParam;
}

/** WebLLM ignores OpenAI's `json_schema` without a word; it wants the schema as text. */
function toFormat(format: ChatRequest['response_format']): Record<string, unknown> | undefined {
  if (format?.type !== 'json_schema') return format ?? undefined;
  const { schema } = format.json_schema as { schema: unknown };
  return { type: 'json_object', schema: JSON.stringify(schema) };
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

/** WebLLM's progress in few words. */
export function stageOf({ text, progress }: InitProgressReport): string {
  const percent = `${Math.round(progress * 100)} %`;
  if (/GPU shader/i.test(text)) return `Preparing the graphics card, ${percent}`;
  if (/Finish/i.test(text)) return 'Starting the engine';
  return `Loading the weights, ${percent}`;
}

/** Adds up the chunks of one answer. */
export class WebLlmAnswer {
  private text = '';
  private finish: string | null = null;
  private usage: ChatCompletionChunk['usage'];
  private firstTokenAt: number | undefined;

  constructor(private readonly startedAt: number) {}

  /** What the chunk brings, or undefined when it brings nothing to show. */
  add(chunk: ChatCompletionChunk): Delta | undefined {
    this.usage = chunk.usage ?? this.usage;
    const [choice] = chunk.choices;
    this.finish = choice?.finish_reason ?? this.finish;
    const text = choice?.delta.content;
    if (!text) return undefined;
    this.firstTokenAt ??= performance.now();
    this.text += text;
    return { text, reasoning: '', tool_calls: [] };
  }

  complete({ prompt_tokens, image_tokens, token_ids }: Counts): Completion {
    const computed = this.usage?.prompt_tokens ?? 0;
    const extra = this.usage?.extra;
    const tokens = this.usage?.completion_tokens ?? 0;
    return {
      text: this.text,
      reasoning: '',
      tool_calls: [],
      finish_reason: this.finish === 'length' ? 'length' : 'stop',
      // WebLLM counts only the tokens of the prompt that it had not computed for an earlier request.
      usage: {
        prompt_tokens,
        completion_tokens: tokens,
        cached_tokens: Math.max(0, prompt_tokens - computed),
        image_tokens,
      },
      timings: {
        time_to_first_token_ms: this.firstTokenAt === undefined ? null : this.firstTokenAt - this.startedAt,
        prompt_ms: extra ? extra.time_to_first_token_s * 1000 : null,
        image_ms: null,
        total_ms: performance.now() - this.startedAt,
        tokens_per_second: extra && tokens > 1 ? extra.decode_tokens_per_s : null,
      },
      token_ids,
      memory_bytes: null,
    };
  }
}
