/** Switching an extension on: what a person has chosen stays on screen while Python takes it. */
import { beforeEach, expect, test, vi } from 'vitest';
import type { ExtensionInfo } from '../../../js_bridge/contract.gen';
import { chooseExtension, extensions, listExtensions } from '../../../web/python_console';
import { connection } from '../../../web/store';

const OFF: ExtensionInfo = {
  name: 'backwards', tools: [], hooks: [], providers: [], module: false, error: null, everywhere: false, enabled: false, updated_at: 0,
};
const python = vi.spyOn(connection, 'call');
let kept = OFF;
let taken = Promise.withResolvers<null>();

beforeEach(() => {
  kept = OFF;
  extensions.value = [kept];
  taken = Promise.withResolvers<null>();
  python.mockImplementation(((method: string) => (method === 'extensions.list' ? Promise.resolve([kept]) : taken.promise)) as never);
});

const on = (): boolean | undefined => extensions.value[0]?.everywhere;

test('a list from before the choice does not undo it', async () => {
  const chosen = chooseExtension('backwards', true, 'everywhere');
  expect(on()).toBe(true);
  await listExtensions();
  expect(on()).toBe(true);
  kept = { ...OFF, everywhere: true };
  taken.resolve(null);
  await chosen;
  expect(on()).toBe(true);
});

test('a choice that Python refuses is taken back', async () => {
  const chosen = chooseExtension('backwards', true, 'everywhere');
  taken.reject(new Error('no'));
  await expect(chosen).rejects.toThrow('no');
  expect(on()).toBe(false);
});
