// What was typed and not sent survives a reload, per conversation.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { adoptDraft, flushDrafts, readDraft, writeDraft } from '../../../web/drafts';

beforeEach(() => localStorage.clear());
afterEach(() => vi.restoreAllMocks());

test('a draft belongs to its conversation', () => {
  writeDraft('a', 'to a');
  writeDraft(null, 'new');
  expect([readDraft('a'), readDraft(null), readDraft('b')]).toEqual(['to a', 'new', '']);
});

test('it is stored when the page goes away', () => {
  writeDraft('a', 'half a thou');
  dispatchEvent(new PageTransitionEvent('pagehide'));
  expect(Object.values(localStorage)).toContain('half a thou');
});

test('a sent message leaves nothing behind', () => {
  writeDraft('a', 'text');
  flushDrafts();
  writeDraft('a', '');
  flushDrafts();
  expect(localStorage).toHaveLength(0);
});

test('a new chat that becomes a session takes its draft along', () => {
  writeDraft(null, 'first words');
  adoptDraft('a');
  flushDrafts();
  expect([readDraft('a'), readDraft(null)]).toEqual(['first words', '']);
});

test('a full storage loses nothing while the tab lives', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  writeDraft('a', 'precious');
  flushDrafts();
  expect(readDraft('a')).toBe('precious');
});
