/**
 * What a person can do with providers: add, remove, give keys, choose who answers.
 *
 * Owns the order of opening an origin and asking Python: an origin is open exactly while a provider needs it.
 */
import type { Commands, ModelChoice, Provider } from '../js_bridge/contract.gen';
import { ensureSession, report, saveSettings } from './actions';
import { openOrigins, readOrigins, setOrigins } from './open_origins';
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

const needed = (): string[] => providers.value.map(({ origin }) => origin).filter(Boolean);

/** Opens the provider's origin and adds it; closes the origin again when that fails. */
export async function addProvider(provider: Commands['provider.add']['params'], origin: string): Promise<void> {
  await readOrigins();
  await setOrigins([...(openOrigins.value ?? []), origin]);
  try {
    await connection.call('provider.add', provider);
  } catch (thrown) {
    await setOrigins(needed());
    throw thrown;
  }
}

/** Forgets a provider and closes its origin, unless another one needs it. */
export async function removeProvider({ id }: Provider): Promise<void> {
  const staying = providers.value.filter((provider) => provider.id !== id && provider.origin);
  try {
    await setOrigins(staying.map(({ origin }) => origin));
    await connection.call('provider.remove', { provider_id: id });
  } catch (thrown) {
    report(thrown);
  }
}

/** Opens the origin of a provider that is there but may not be reached (after storage was cleared in part). */
export function allowAgain({ id, origin }: Provider): void {
  setOrigins([...(openOrigins.value ?? []), origin])
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
