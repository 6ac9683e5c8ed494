/** Requests for WebLLM and what comes back, without a graphics card: the engine itself is in tests/e2e/test_webllm.py. */

import type { ChatCompletionChunk } from '@mlc-ai/web-llm';
import { expect, test } from 'vitest';
import type { ChatRequest } from '../../js_bridge/contract.gen';
import { stageOf, toWebLlm, WebLlmAnswer } from '../../js_bridge/webllm_request';
import { ask } from './engine_workers';

const translated = async (request: ChatRequest): Promise<Record<string, unknown>> =>
  (await toWebLlm(request, async () => 'https://pictures.invalid/1')) as unknown as Record<string, unknown>;

test("OpenAI's schema becomes text, because WebLLM ignores it otherwise; its own forms pass", async () => {
  const schema = { type: 'object' };
  const asked = ask('Hello', { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } });
  expect((await translated(asked)).response_format).toEqual({ type: 'json_object', schema: '{"type":"object"}' });
  const grammar = { type: 'grammar', grammar: 'root ::= "a"' };
  expect((await translated(ask('Hello', { response_format: grammar }))).response_format).toEqual(grammar);
});

test('what was left open is left out', async () => {
  expect(Object.keys(await translated(ask('Hello'))).sort()).toEqual([
    'max_tokens',
    'messages',
    'stream',
    'stream_options',
    'temperature',
  ]);
});

test('pictures get addresses and come before the one text of a message', async () => {
  const picture = { type: 'image' as const, data: new Uint8Array(1), fit: 'auto' as const, detail: 'auto' as const };
  const asked = ask([{ type: 'text', text: 'one' }, picture, { type: 'text', text: 'two' }]);
  expect((await translated(asked)).messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url: 'https://pictures.invalid/1' } },
        { type: 'text', text: 'one\ntwo' },
      ],
    },
  ]);
});

test('tokens of the prompt that had been computed before are counted, and told apart', () => {
  const answer = new WebLlmAnswer(performance.now());
  const chunk = (content: string, finish_reason: string | null): ChatCompletionChunk =>
    ({ choices: [{ delta: { content }, finish_reason }] }) as unknown as ChatCompletionChunk;
  expect(answer.add(chunk('Hel', null))?.text).toBe('Hel');
  expect(answer.add(chunk('', null))).toBeUndefined();
  answer.add(chunk('lo', 'length'));
  answer.add({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } } as unknown as ChatCompletionChunk);
  const left = { prompt_tokens: 40, image_tokens: 20, token_ids: [7, 8] };
  const { text, finish_reason, usage, token_ids } = answer.complete(left);
  expect({ text, finish_reason, token_ids }).toEqual({ text: 'Hello', finish_reason: 'length', token_ids: [7, 8] });
  expect(usage).toEqual({ prompt_tokens: 40, completion_tokens: 2, cached_tokens: 35, image_tokens: 20 });
});

test.each([
  ['Loading model from cache[3/5]: 60MB loaded. 40% completed, 2 secs elapsed.', 0.4, 'Loading the weights, 40 %'],
  ['Loading GPU shader modules[3/20]: 15% completed, 1 secs elapsed.', 0.15, 'Preparing the graphics card, 15 %'],
  ['Finish loading on WebGPU - nvidia', 1, 'Starting the engine'],
])('its progress is told in stages: %s', (text, progress, stage) => {
  expect(stageOf({ text, progress, timeElapsed: 1 })).toBe(stage);
});
