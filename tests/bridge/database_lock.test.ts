/** One tab holds the database at a time, and hands it over when asked. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { afterRelease, lockDatabase } from '../../js_bridge/database_lock';

const NAME = 'cloche-database';

/** A tab; `lost` waits for nothing unless told otherwise. */
function tab({ lost = async () => undefined as void }: { lost?: () => Promise<void> } = {}) {
  const takeOver = Promise.withResolvers<void>();
  const taken = vi.fn();
  const lostHere = vi.fn(lost);
  const granted = lockDatabase({ taken, takeOver: takeOver.promise, lost: lostHere });
  return { granted, taken, lost: lostHere, takeOver: takeOver.resolve };
}

/** Ends every holder, as closing the tabs would. */
afterEach(async () => {
  const channel = new BroadcastChannel(NAME);
  for (;;) {
    channel.postMessage('take-over');
    const { held = [], pending = [] } = await navigator.locks.query();
    if (![...held, ...pending].some(({ name }) => name === NAME)) break;
    await navigator.locks.request(NAME, () => undefined);
  }
  channel.close();
});

describe('the lock', () => {
  test('goes to the first tab at once', async () => {
    const only = tab();
    await only.granted;
    expect(only.taken).not.toHaveBeenCalled();
    expect((await navigator.locks.query()).held?.map(({ name }) => name)).toContain(NAME);
  });

  test('is told as taken to the second one, which gets it when the first lets go', async () => {
    const first = tab();
    await first.granted;
    const second = tab();
    await vi.waitFor(() => expect(second.taken).toHaveBeenCalledOnce());
    expect(first.lost).not.toHaveBeenCalled();
    second.takeOver();
    await second.granted;
    expect(first.lost).toHaveBeenCalledOnce();
    expect(second.lost).not.toHaveBeenCalled();
  });

  test('waits until the first one has closed everything', async () => {
    const closed = Promise.withResolvers<void>();
    const order: string[] = [];
    const first = tab({ lost: () => closed.promise.then(() => void order.push('closed')) });
    await first.granted;
    const second = tab();
    const granted = second.granted.then(() => void order.push('granted'));
    second.takeOver();
    await vi.waitFor(() => expect(first.lost).toHaveBeenCalledOnce());
    closed.resolve();
    await granted;
    expect(order).toEqual(['closed', 'granted']);
  });

  test('is taken from a tab that does not answer', async () => {
    const never = Promise.withResolvers<void>();
    const first = tab({ lost: () => never.promise });
    await first.granted;
    const second = tab();
    second.takeOver();
    await second.granted;
    expect(first.lost).toHaveBeenCalledOnce();
    never.resolve();
  });

  test('can be taken back and forth', async () => {
    const first = tab();
    await first.granted;
    const second = tab();
    second.takeOver();
    await second.granted;
    const again = tab();
    again.takeOver();
    await again.granted;
    expect(second.lost).toHaveBeenCalledOnce();
    expect(again.lost).not.toHaveBeenCalled();
  });
});

describe('opening files after a take-over', () => {
  test('is tried again when the other tab has let go of them', async () => {
    const other = new BroadcastChannel(NAME);
    const open = vi.fn<() => Promise<string>>().mockImplementationOnce(async () => {
      other.postMessage('released');
      throw new Error('still open elsewhere');
    });
    open.mockResolvedValue('opened');
    expect(await afterRelease(open)).toBe('opened');
    expect(open).toHaveBeenCalledTimes(2);
    other.close();
  });

  test('gives the reason when it fails again', async () => {
    const open = vi.fn(() => Promise.reject(new Error('still open elsewhere')));
    await expect(afterRelease(open)).rejects.toThrow('still open elsewhere');
    expect(open).toHaveBeenCalledTimes(2);
  });
});
