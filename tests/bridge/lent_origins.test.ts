import { signal } from '@preact/signals';
import { beforeEach, expect, it, vi } from 'vitest';
import { RpcError } from '../../js_bridge/rpc';
import { answerApproval } from '../../web/actions';
import { closeLent, giveBack, lend } from '../../web/lent_origins';
import { openOrigins } from '../../web/open_origins';
import { connection } from '../../web/store';

// Without the app's service worker the list is kept here.
vi.mock('../../web/open_origins', () => {
  const openOrigins = signal<readonly string[]>([]);
  const changeOrigins = async (next: (open: readonly string[]) => Iterable<string>): Promise<void> => {
    openOrigins.value = [...new Set(next(openOrigins.value))];
  };
  const setOrigins = (origins: Iterable<string>): Promise<void> => changeOrigins(() => origins);
  return { openOrigins, changeOrigins, setOrigins, readOrigins: () => Promise.resolve() };
});

const ONE = 'https://one.example';
const OTHER = 'https://other.example';
const ANSWER = { session_id: 's', approval_id: 'a', choice: 'conversation' } as const;
const python = vi.spyOn(connection, 'call');

beforeEach(closeLent);

it('is open until the last answer that needs it gives it back', async () => {
  await Promise.all([lend(ONE, false), lend(ONE, false), lend(OTHER, false)]);
  expect(openOrigins.value).toEqual([ONE, OTHER]);
  await giveBack([ONE]);
  expect(openOrigins.value).toEqual([ONE, OTHER]);
  await giveBack([ONE, OTHER]);
  expect(openOrigins.value).toEqual([]);
});

it('stays open for a conversation until the app starts again', async () => {
  python.mockImplementationOnce(() => {
    expect(openOrigins.value).toEqual([ONE]);
    return Promise.resolve(null);
  });
  expect(await answerApproval(ANSWER, ONE)).toBe(true);
  await lend(ONE, false);
  await giveBack([ONE, ONE]);
  expect(openOrigins.value).toEqual([ONE]);
  await closeLent();
  expect(openOrigins.value).toEqual([]);
});

it('closes when the answer that allowed it came too late', async () => {
  python.mockRejectedValueOnce(new RpcError('not_found', 'This question is not open any more.'));
  expect(await answerApproval(ANSWER, ONE)).toBe(false);
  expect(openOrigins.value).toEqual([]);
});
