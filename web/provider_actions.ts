/**
 * What a person can do with providers: add, remove, give keys, choose who answers.
 *
 * Owns the order of opening an origin and asking Python: an origin is open exactly while a provider needs it.
 */
import type { Commands, ModelChoice, Provider } from '../js_bridge/contract.gen';
import { ensureSession, report, saveSettings } from './actions';
import { closeUnneeded, giveBack, lend } from './lent_origins';
import { changeOrigins } from './open_origins';
import { connection, openSession, providers, settings } from './store';

/** The origin of what was typed as an address; null where it is none yet. */
export function originOf(address: string): string | null {
  const typed = address.trim();
  const local = /^(localhost|127\.|\[::1\])/.test(typed);
  try {
    const { origin, protocol } = new URL(typed.includes('://') ? typed : `${local ? 'http' : 'https'}://${typed}`);
    return typed && /^https?:$/.test(protocol) ? origin : null;
  } catch {
    return null;
  }
}

/** Opens the provider's origin and adds it; the origin stays open if the provider is there then. */
export async function addProvider(provider: Commands['provider.add']['params'], origin: string): Promise<void> {
  await lend(origin, false);
  try {
    await connection.call('provider.add', provider);
  } finally {
    await giveBack([origin]);
  }
}

/** Forgets a provider and closes its origin, unless another one or an answer needs it. */
export async function removeProvider({ id, origin }: Provider): Promise<void> {
  try {
    await closeUnneeded(origin ? [origin] : [], providers.value.filter((provider) => provider.id !== id));
    await connection.call('provider.remove', { provider_id: id });
  } catch (thrown) {
    report(thrown);
  }
}

/** Opens the origin of a provider that is there but may not be reached (after storage was cleared in part). */
export function allowAgain({ id, origin }: Provider): void {
  changeOrigins((open) => [...open, origin])
    .then(() => connection.call('provider.refresh', { provider_id: id }))
    .catch(report);
}

export function refreshModels({ id }: Provider): void {
  connection.call('provider.refresh', { provider_id: id }).catch(report);
}

export async function setKey({ id }: Provider, key: string, passphrase: string): Promise<void> {
  await connection.call('provider.set_key', { provider_id: id, key, passphrase });
}

export async function unlockKeys(passphrase: string): Promise<void> {
  await connection.call('providers.unlock', { passphrase });
}

/** Who answers in the conversation on screen, in order. */
export function chainOf(): readonly ModelChoice[] {
  const chosen = openSession.value?.chain ?? [];
  if (chosen.length > 0) return chosen;
  return settings.value.chain.length > 0 ? settings.value.chain : [{ provider_id: 'local', model: '' }];
}

export async function setChain(chain: readonly ModelChoice[]): Promise<void> {
  try {
    const session = await ensureSession();
    await connection.call('session.set_chain', { session_id: session.id, chain: [...chain] });
  } catch (thrown) {
    report(thrown);
  }
}

/** Makes the choice of this conversation the choice of all that have none of their own. */
export const useEverywhere = (): Promise<void> => saveSettings({ chain: [...chainOf()] });
