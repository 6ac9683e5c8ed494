/**
 * What a person can do about programs that ask this tab's model: keys, the OpenAI endpoint, how cameras are answered.
 *
 * Owns nothing: Python keeps keys and settings, and answers with events.
 */
import type { MadeApiKey, RelayChange } from '../js_bridge/contract.gen';
import { errorOf, report } from './actions';
import { connection, dispatch } from './store';

/** Asks how it stands; later changes come as events. */
export async function readRelay(): Promise<void> {
  dispatch(['relay:changed', await connection.call('relay.state', {})]);
}

/** Tries to reach the relay now; takes it over from another tab. */
export function connectNow(): void {
  connection.call('relay.connect', {}).catch(report);
}

export const makeKey = (name: string): Promise<MadeApiKey> => connection.call('relay.make_key', { name });

export function revokeKey(id: string): void {
  connection.call('relay.revoke_key', { key_id: id }).catch(report);
}

/** Saves a change; gives why it cannot be, or null. */
export async function setRelay(change: RelayChange): Promise<string | null> {
  try {
    await connection.call('relay.set', change);
    return null;
  } catch (thrown) {
    return errorOf(thrown).message;
  }
}
