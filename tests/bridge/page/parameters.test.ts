// What people type into the parameter fields, as values or as a sentence that says what is wrong.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../js_bridge/contract.gen';
import { NUMBER_FIELDS, readStop, readSystemPrompt, writeStop, type NumberKey } from '../../../web/parameters';
import { readNumber, readSome } from '../../../web/typed_number';

const read = (key: NumberKey, typed: string) => {
  const field = NUMBER_FIELDS.find((candidate) => candidate.key === key);
  return field ? readNumber(typed, LIMITS.Parameters[key], field.whole) : expect.unreachable(key);
};

describe('numbers', () => {
  test('nothing leaves the choice to the model', () => expect(read('temperature', '  ')).toEqual({ value: null }));
  test('nothing is no number where there must be one', () => expect(readSome(' ', LIMITS.RelaySettings.frames, true).problem).toBe('Write a number, 1 to 8.'));
  test('a decimal comma is understood', () => expect(read('temperature', '0,7')).toEqual({ value: 0.7 }));
  test('limits are part of the range', () => expect([read('temperature', '0'), read('temperature', '2')]).toEqual([{ value: 0 }, { value: 2 }]));
  test('top-p must be more than 0', () => expect(read('top_p', '0').problem).toBe('Must be more than 0 to 1.'));
  test('beyond the range', () => expect(read('temperature', '9').problem).toBe('Must be 0 to 2.'));
  test('not whole', () => expect(read('top_k', '1.5').problem).toBe('Write a whole number, 0 to 1,000.'));
  test('not a number', () => expect(read('seed', 'lucky').problem).toBe('Write a number, 0 to 4,294,967,295.'));
  test('not finite', () => expect(read('seed', 'Infinity').problem).toContain('Write a number'));
});

describe('stop sequences', () => {
  test('one a line, with escaped line breaks', () => {
    expect(readStop('END\n\\n\\n')).toEqual({ value: ['END', '\n\n'] });
    expect(writeStop(['END', '\n\n'])).toBe('END\n\\n\\n');
  });
  test('nothing is none', () => expect(readStop('\n')).toEqual({ value: null }));
  test('nine are too many', () => expect(readStop('x\n'.repeat(9)).problem).toBe('At most 8 lines.'));
  test('one that is too long', () => expect(readStop('x'.repeat(101)).problem).toBe('At most 100 characters a line.'));
});

test('a system prompt that is too long says how long it is', () => {
  expect(readSystemPrompt('x'.repeat(20_001)).problem).toBe('At most 20,000 characters; this has 20,001.');
  expect(readSystemPrompt(' ')).toEqual({ value: null });
});
