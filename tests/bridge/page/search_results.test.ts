// Excerpts of search hits carry their marks as control characters.
import { expect, test } from 'vitest';
import { pieces } from '../../../web/parts/search_results';

test('marks become pieces', () => {
  expect(pieces('a \u0002red\u0003 star and a \u0002red\u0003 cross')).toEqual([
    { text: 'a ', marked: false },
    { text: 'red', marked: true },
    { text: ' star and a ', marked: false },
    { text: 'red', marked: true },
    { text: ' cross', marked: false },
  ]);
});

test('an excerpt without marks is one piece', () => {
  expect(pieces('plain')).toEqual([{ text: 'plain', marked: false }]);
});

test('an unclosed mark is a mark', () => {
  expect(pieces('\u0002red')).toEqual([{ text: 'red', marked: true }]);
});
