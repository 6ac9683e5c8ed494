/**
 * Remote camera analysis: the camera goes to an endpoint that the person names, its replies come back.
 *
 * Owns the order of opening the endpoint's origin and asking Python; the origin is open exactly while the camera goes
 * there. The key goes to Python's memory and is forgotten here.
 */
import { computed, effect } from '@preact/signals';
import type { Commands } from '../js_bridge/contract.gen';
import { report } from './actions';
import { giveBack, lend } from './lent_origins';
import { connection, state } from './store';

export const health = computed(() => state.value.vila);
const over = computed(() => health.value.state === 'off' || health.value.state === 'failed');
export const sending = computed(() => !over.value);

/** The origin that was opened for the camera. */
let opened = '';

effect(() => {
  if (over.value) closeOrigin();
});

function closeOrigin(): void {
  if (opened) giveBack([opened]).catch(report);
  opened = '';
}

/** The origin of what was typed as an endpoint; null where it is none yet. */
export function socketOrigin(address: string): string | null {
  const typed = address.trim();
  try {
    const { origin, protocol } = new URL(typed.includes('://') ? typed : `wss://${typed}`);
    return typed && /^wss?:$/.test(protocol) ? origin : null;
  } catch {
    return null;
  }
}

/** Opens the origin and lets the camera go there; closes it again when that fails. */
export async function startRemote(start: Commands['vila.start']['params'], origin: string): Promise<void> {
  await lend(origin, false);
  opened = origin;
  try {
    await connection.call('vila.start', start);
  } catch (thrown) {
    closeOrigin();
    throw thrown;
  }
}

export function stopRemote(): void {
  connection.call('vila.stop', {}).catch(report);
}

/** Answers Python code that asks for an origin, which is opened before it hears yes. It closes when Python releases it. */
export async function answerOrigin(id: string, origin: string, allow: boolean): Promise<void> {
  try {
    if (allow) await lend(origin, false);
    await connection.call('origin.answer', { id, allow });
  } catch (thrown) {
    if (allow) await giveBack([origin]);
    report(thrown);
  }
}
