import { beforeEach, expect, it, vi } from 'vitest';
import type { GetOpenOrigins, Origins, SetOpenOrigins } from '../../js_bridge/open_origins';
import { RpcError } from '../../js_bridge/rpc';
import { answerApproval } from '../../web/actions';
import { closeLent, giveBack, lend } from '../../web/lent_origins';
import { openOrigins } from '../../web/open_origins';
import { connection } from '../../web/store';

// The app's service worker is not here: its list is kept by this.
let open: readonly string[] = [];
const active = {
  postMessage: (message: GetOpenOrigins | SetOpenOrigins, [port]: [MessagePort]): void => {
    if (message.type === 'set-open-origins') open = message.origins;
    port.postMessage({ remote: open, downloads: [] } satisfies Origins);
  },
};
vi.spyOn(navigator.serviceWorker, 'ready', 'get').mockResolvedValue({ active } as unknown as ServiceWorkerRegistration);

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
