/** Which models the catalogue shows, and in which order. */

import { describe, expect, test } from 'vitest';
import type { CatalogueEntry } from '../../../js_bridge/contract.gen';
import { inOrder, matching, NO_FILTERS } from '../../../web/model_search';

function entry(id: string, more: { verdict?: string; installed?: boolean; engine?: string; image?: boolean; tools?: boolean } = {}): CatalogueEntry {
  const { verdict = 'runs', installed = false, engine = 'llamacpp', image = false, tools = false } = more;
  return {
    card: {
      id,
      name: id,
      engine,
      repo: `hub/${id}`,
      summary: 'A model.',
      licence: 'MIT',
      abilities: [],
      modalities: image ? ['text', 'image'] : ['text'],
      tools,
    },
    fit: { verdict },
    installed,
  } as unknown as CatalogueEntry;
}

const ENTRIES = [
  entry('cannot', { verdict: 'cannot', engine: 'webllm' }),
  entry('slow', { verdict: 'slow', image: true }),
  entry('runs', { tools: true }),
  entry('here', { installed: true }),
  entry('best'),
];
const ids = (entries: readonly CatalogueEntry[]) => entries.map(({ card }) => card.id);

describe('the catalogue', () => {
  test('shows what is here first, then the recommendation, and what cannot run last', () => {
    expect(ids(inOrder(ENTRIES, 'best'))).toEqual(['here', 'best', 'runs', 'slow', 'cannot']);
  });

  test.each([
    [{}, ['cannot', 'slow', 'runs', 'here', 'best']],
    [{ text: 'MODEL hub/be' }, ['best']],
    [{ text: 'no such thing' }, []],
    [{ engine: 'webllm' as const }, ['cannot']],
    [{ pictures: true }, ['slow']],
    [{ tools: true }, ['runs']],
    [{ runsHere: true }, ['slow', 'runs', 'here', 'best']],
    [{ installed: true, text: 'mit' }, ['here']],
  ])('filters by %o', (filters, expected) => {
    expect(ids(matching(ENTRIES, { ...NO_FILTERS, ...filters }))).toEqual(expected);
  });
});
