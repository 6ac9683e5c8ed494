/**
 * How much memory an instance of llama.cpp's server holds for prompts that were left for others.
 *
 * Owns the estimate and the limit. The server keeps the KV state of every such prompt, up to 8 GiB: more than a
 * WebAssembly memory has, and wllama offers no smaller limit (server_prompt_cache in llama.cpp's tools/server). A camera
 * that is described all day leaves a prompt at every frame.
 */

import type { Usage } from './contract.gen';

/** An instance that holds more is replaced between two requests. */
const MOST_BYTES = 512 * 2 ** 20;

/** What the engine says of a model; metadata as in its GGUF header. */
export interface ModelShape {
  n_layer: number;
  n_embd: number;
  metadata: Record<string, string>;
}

/** Bytes of keys and values, in F16, of one token. Some families' heads are wider than their share of the embedding. */
export function kvBytesPerToken({ n_layer, n_embd, metadata }: ModelShape): number {
  const of = (key: string): number => Number(metadata[`${metadata['general.architecture']}.attention.${key}`]);
  const heads = of('head_count') || 1;
  const share = n_embd / heads;
  const widths = (of('key_length') || share) + (of('value_length') || share);
  return 2 * n_layer * widths * (of('head_count_kv') || heads);
}

export class KeptPrompts {
  private bytes = 0;
  private newest = 0;

  constructor(private readonly bytesPerToken: number) {}

  note({ prompt_tokens, cached_tokens, completion_tokens }: Usage): void {
    // The server saves a prompt when a request comes that goes on from less than half of it.
    if (cached_tokens < this.newest / 2) this.bytes += this.newest * this.bytesPerToken;
    this.newest = prompt_tokens + completion_tokens;
  }

  get tooMany(): boolean {
    return this.bytes > MOST_BYTES;
  }
}
