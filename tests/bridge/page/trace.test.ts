/** Events become a timeline: pairs are one span, hooks are told, tokens are shared out. */
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../../../js_bridge/contract.gen';
import { matches, turnsOf } from '../../../web/trace';

let seq = 0;
const event = (name: string, at: number, data: Record<string, unknown> = {}, more: Partial<TraceEvent> = {}): TraceEvent => ({
  seq: (seq += 1),
  turn: 'a',
  at,
  event: name,
  outcome: 'passed',
  data,
  ...more,
});

const ASKED = [
  event('execution:start', 100, { prompt: 'What is 2+2?' }),
  event('provider:request', 100.1, { provider: 'llamacpp' }),
  event('llm:request', 100.1, {
    messages: [
      { role: 'system', characters: 40, pictures: 0 },
      { role: 'user', characters: 120, pictures: 0 },
    ],
    tools: [{ name: 'calculator', characters: 240 }],
  }),
  event('content_block:delta', 100.6, { batches: 2, characters: 9, until: 100.9 }),
  event('provider:response', 101, { usage: { input_tokens: 200 } }),
  event('tool:pre', 101, { tool_name: 'calculator', tool_call_id: '1' }),
  event('tool:pre', 101.1, { tool_name: 'clock', tool_call_id: '2' }),
  event('tool:post', 101.2, { tool_name: 'clock', tool_call_id: '2' }),
  event('tool:error', 101.5, { tool_name: 'calculator', tool_call_id: '1' }),
  event('orchestrator:complete', 102),
];

describe('a turn', () => {
  const [turn] = turnsOf(ASKED);

  test('has its question and its length', () => {
    expect([turn?.prompt, turn?.length]).toEqual(['What is 2+2?', 2]);
  });

  test('shows a request with its response and a call with its result as one span', () => {
    expect(turn?.spans.map(({ label }) => label)).toEqual([
      'Asked llamacpp',
      'Prompt assembled',
      'First token after 500 ms',
      'Tool calculator failed',
      'Tool clock',
    ]);
    const took = turn?.spans.map(({ start, end }) => (end === null ? null : Math.round((end - start) * 10)));
    expect(took).toEqual([9, null, 3, 5, 1]);
  });

  test('shares out the tokens that the engine counted', () => {
    expect(turn?.spans[1]?.parts).toEqual([
      { name: 'System prompt', tokens: 20 },
      { name: 'Your message', tokens: 60 },
      { name: 'Tools', tokens: 120 },
    ]);
  });

  test('is searched in all that its events say', () => {
    const found = turn?.spans.filter((span) => matches(span, 'CLOCK tool')).map(({ label }) => label);
    expect(found).toEqual(['Tool clock']);
  });
});

test('pictures are what the text leaves of the prompt', () => {
  const [turn] = turnsOf([
    event('provider:request', 1),
    event('llm:request', 1, { messages: [{ role: 'user', characters: 40, pictures: 1 }], tools: [] }),
    event('provider:response', 2, { usage: { input_tokens: 74 } }),
  ]);
  expect(turn?.spans[1]?.parts).toEqual([
    { name: 'Your message', tokens: 10 },
    { name: 'Pictures', tokens: 64 },
  ]);
});

test('what a hook changed or ended is told, and never waits for an end', () => {
  const [turn] = turnsOf([
    event('prompt:submit', 1, {}, { outcome: 'changed' }),
    event('tool:pre', 2, { tool_name: 'x', tool_call_id: '1' }, { outcome: 'ended' }),
    event('tool:error', 3, { tool_name: 'x', tool_call_id: '1' }),
  ]);
  expect(turn?.spans.map(({ label, hook }) => [label, hook])).toEqual([
    ['prompt:submit', 'changed by a hook'],
    ['Tool x', 'ended by a hook'],
    ['Tool x', ''],
  ]);
});

test('the newest turn comes first, and events outside turns belong to none', () => {
  const turns = turnsOf([event('session:start', 0, {}, { turn: null }), event('provider:error', 1), event('provider:error', 2, {}, { turn: 'b' })]);
  expect(turns.map(({ id }) => id)).toEqual(['b', 'a']);
});
