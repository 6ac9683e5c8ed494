/** Streams read piece by piece, in browsers that cannot iterate them, too. */

import { expect, test } from 'vitest';
import { chunksOf } from '../../js_bridge/chunks';

function counting(seen: { cancelled: boolean }, breaksAt = Infinity): ReadableStream<number> {
  let next = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (next === breaksAt) controller.error(new Error('broken'));
      else if (next === 3) controller.close();
      else controller.enqueue(next++);
    },
    cancel: async () => {
      await new Promise((resolve) => setTimeout(resolve));
      seen.cancelled = true;
    },
  });
}

async function all(stream: ReadableStream<number> | null): Promise<number[]> {
  const pieces: number[] = [];
  for await (const piece of chunksOf(stream)) pieces.push(piece);
  return pieces;
}

test('all pieces come in their order, and none where there is no stream', async () => {
  const seen = { cancelled: false };
  expect(await all(counting(seen))).toEqual([0, 1, 2]);
  expect(seen.cancelled).toBe(false);
  expect(await all(null)).toEqual([]);
});

test('a loop that is left has cancelled the stream when the next thing is done', async () => {
  const seen = { cancelled: false };
  for await (const piece of chunksOf(counting(seen))) if (piece === 1) break;
  expect(seen.cancelled).toBe(true);
});

test('a stream that breaks throws after what it brought', async () => {
  const pieces: number[] = [];
  const reading = async (): Promise<void> => {
    for await (const piece of chunksOf(counting({ cancelled: false }, 2))) pieces.push(piece);
  };
  await expect(reading()).rejects.toThrow('broken');
  expect(pieces).toEqual([0, 1]);
});
