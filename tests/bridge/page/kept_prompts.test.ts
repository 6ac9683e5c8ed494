/** Old prompts are counted by the memory of their KV states, and a conversation that goes on leaves none. */
import { describe, expect, test } from 'vitest';
import { KeptPrompts, kvBytesPerToken } from '../../../js_bridge/kept_prompts';

const MIB = 2 ** 20;
const answer = (prompt_tokens: number, cached_tokens: number) => ({
  prompt_tokens,
  cached_tokens,
  completion_tokens: 100,
  image_tokens: 0,
});

describe('bytes of a token', () => {
  test('count layers and the heads that keys and values have', () => {
    const metadata = {
      'general.architecture': 'llama',
      'llama.attention.head_count': '9',
      'llama.attention.head_count_kv': '3',
    };
    expect(kvBytesPerToken({ n_layer: 30, n_embd: 576, metadata })).toBe(30 * 192 * 4);
  });

  test('count heads as wide as the header says', () => {
    const metadata = {
      'general.architecture': 'qwen3',
      'qwen3.attention.head_count': '16',
      'qwen3.attention.head_count_kv': '8',
      'qwen3.attention.key_length': '128',
      'qwen3.attention.value_length': '128',
    };
    expect(kvBytesPerToken({ n_layer: 28, n_embd: 1024, metadata })).toBe(28 * 8 * 128 * 4);
  });

  test('are those of all heads where the header says nothing', () => {
    expect(kvBytesPerToken({ n_layer: 6, n_embd: 192, metadata: {} })).toBe(6 * 192 * 4);
  });
});

describe('kept prompts', () => {
  test('are too many once requests that share nothing have left half a gibibyte', () => {
    const prompts = new KeptPrompts(MIB);
    for (let count = 0; count < 3; count += 1) prompts.note(answer(100, 0));
    expect(prompts.tooMany).toBe(false);
    prompts.note(answer(100, 0));
    expect(prompts.tooMany).toBe(true);
  });

  test('are none while one conversation goes on', () => {
    const prompts = new KeptPrompts(MIB);
    for (let turn = 1; turn < 50; turn += 1) prompts.note(answer(turn * 200, (turn - 1) * 200));
    expect(prompts.tooMany).toBe(false);
  });
});
