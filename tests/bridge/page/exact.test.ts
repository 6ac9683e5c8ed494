/** What a person allows is shown as it is, hidden characters included. */
import { describe, expect, test } from 'vitest';
import { exactJson, visible } from '../../../web/parts/exact';

describe('the exact arguments', () => {
  test('are JSON in lines', () => {
    expect(exactJson({ text: 'milk', n: 2 })).toBe('{\n  "text": "milk",\n  "n": 2\n}');
  });

  test.each([
    ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
    ['a change of direction', 'a\u202eb', 'a\\u{202e}b'],
    ['a tag character', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['a byte order mark', '\ufeffa', '\\u{feff}a'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ])('show %s', (_, hidden, shown) => {
    expect(visible(hidden)).toBe(shown);
    expect(exactJson({ text: hidden })).toContain(shown);
  });

  test('leave what can be seen alone', () => {
    const text = 'né 日本語 🙂 <b> "x"\n\ty';
    expect(visible(text)).toBe(text);
  });
});
