/** What an import says it did. */
import { expect, test } from 'vitest';
import { sentence } from '../../../web/transfer';

test.each([
  [{ added: ['a'], copied: [], unchanged: 0 }, '1 conversation added.'],
  [{ added: ['a', 'b'], copied: [], unchanged: 3 }, '2 conversations added; 3 conversations here already.'],
  [{ added: [], copied: ['a'], unchanged: 0 }, '1 conversation added as a copy, because yours went on since.'],
  [{ added: [], copied: [], unchanged: 0 }, 'The file holds no conversation.'],
])('%o', (imported, said) => {
  expect(sentence({ ...imported, settings: null })).toBe(said);
});
