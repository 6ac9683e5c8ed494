/** Files in memory on their way from the worker that fetched them, and what is heard once that worker has ended. */

import { afterEach, expect, test } from 'vitest';
import { TakenFiles } from '../../js_bridge/held_files';
import { fetchOf, startDownloads, stopWorkers } from './engine_workers';

const CARD_FILE = { role: 'weights', name: 'card.json', url: 'models/starter/card.json', size: 0, sha256: '' } as const;
const REQUEST = { model_id: 'held', names: [CARD_FILE.name] };
const { signal } = new AbortController();

afterEach(stopWorkers);

test('they are there as long as that worker lives, and are missed at once when it has ended', async () => {
  const taken = new TakenFiles();
  const missed = { code: 'model_not_ready', retryable: true };
  await expect(taken.take(REQUEST, signal)).rejects.toMatchObject(missed);
  await startDownloads().call('files.fetch', { ...fetchOf([CARD_FILE], 'held'), hold: true });
  await taken.take(REQUEST, signal);
  stopWorkers();
  expect(await taken.find('held', CARD_FILE.name)?.text()).toContain('cloche-starter');
  await expect(taken.take(REQUEST, signal)).rejects.toMatchObject(missed);
});
