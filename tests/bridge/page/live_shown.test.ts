/** What the page shows of the Live view, as events come. */
import { expect, test } from 'vitest';
import type { LiveCaption } from '../../../js_bridge/contract.gen';
import { INITIAL, reduce, type StateEvent } from '../../../web/state';

const caption = (id: number, text: string): LiveCaption => ({
  id,
  at: id,
  prompt: 'What is it?',
  text,
  answer: null,
  fired: false,
  source: 'Camera',
  difference: 50,
  picture: true,
  description: {
    text,
    finish_reason: 'stop',
    model: 'm',
    prompt_tokens: 1,
    image_tokens: 1,
    completion_tokens: 1,
    cached_tokens: 0,
    time_to_first_token_ms: 1,
    image_ms: 1,
    total_ms: 1,
    tokens_per_second: 1,
    hardware: 'CPU, 1 thread',
    images: 1,
    memory_bytes: null,
    restarts: 0,
  },
});
const shown = (...events: StateEvent[]) => events.reduce(reduce, INITIAL).live;

test('a text grows until its caption comes, newest first', () => {
  expect(shown(['live:text', { text: 'A re' }])).toMatchObject({ text: 'A re', captions: [] });
  const live = shown(['live:caption', caption(1, 'A red circle.')], ['live:text', { text: 'A blu' }], ['live:caption', caption(2, 'A blue star.')]);
  expect(live.text).toBe('A blue star.');
  expect(live.captions.map(({ id }) => id)).toEqual([2, 1]);
});

test('a day of captions is not held by the page', () => {
  const day = Array.from({ length: 1000 }, (_, id): StateEvent => ['live:caption', caption(id, 'A circle.')]);
  const { captions } = shown(...day);
  expect([captions.length, captions[0]?.id]).toEqual([200, 999]);
});

test('an alarm is kept until the next, and clearing empties everything', () => {
  const fired: StateEvent = ['live:fired', { caption: caption(3, 'Yes.'), before: 'no', notify: true }];
  expect(shown(fired).fired?.before).toBe('no');
  expect(shown(fired, ['live:caption', caption(3, 'Yes.')], ['page:live-cleared', null])).toMatchObject({ text: '', captions: [], fired: null });
});
