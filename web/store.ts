/**
 * The state as signals, and the one connection. Views read from here; what a person does goes through actions.ts.
 *
 * Owns no rules: state.ts says how events change the state, connection.ts how Python is reached.
 */
import { batch, computed, signal } from '@preact/signals';
import type { ErrorInfo } from '../js_bridge/contract.gen';
import { Connection } from './connection';
import { appState, INITIAL, reduce, type StateEvent } from './state';

export const state = signal(INITIAL);

export function dispatch(...events: readonly StateEvent[]): void {
  state.value = events.reduce(reduce, state.value);
}

export const connection = new Connection((events) => dispatch(...events));

export const phase = computed(() => state.value.phase);
export const owner = computed(() => state.value.owner);
export const sessions = computed(() => state.value.sessions);
export const conversation = computed(() => state.value.conversation);
export const openSession = computed(() => state.value.conversation?.session ?? null);
export const messages = computed(() => state.value.conversation?.messages ?? []);
export const model = computed(() => state.value.model);
export const card = computed(() => state.value.model.card);
export const providers = computed(() => state.value.providers);
export const relay = computed(() => state.value.relay);
export const settings = computed(() => state.value.settings);
export const downloads = computed(() => state.value.downloads);
export const storage = computed(() => state.value.storage);
export const notices = computed(() => state.value.notices);
export const currentState = computed(() => appState(state.value));

/** How many choices that the page shows already Python has not kept yet. */
export const keeping = signal(0);

/** Counts the work of keeping a choice for as long as it takes. */
export async function keep(work: () => Promise<void>): Promise<void> {
  keeping.value += 1;
  try {
    await work();
  } finally {
    keeping.value -= 1;
  }
}

// ---------------------------------------------------------------- what the page shows besides the state

/** A short message with, where it makes sense, a way back. */
export interface Toast {
  key: number;
  text: string;
  action: { label: string; run: () => void } | null;
}

export const toasts = signal<readonly Toast[]>([]);
export const drawerOpen = signal(false);
export const parametersOpen = signal(false);
export const toolsOpen = signal(false);
export const cameraOpen = signal(false);
export const modelOpen = signal(false);
export const exportOpen = signal(false);

/** Why the last thing tried in the composer did not work. */
export const composerError = signal<ErrorInfo | null>(null);

/** The session that the new chat on screen has become: what was typed and attached there stays. */
export const becameSession = signal<string | null>(null);

let lastToast = 0;

export function toast(text: string, action: Toast['action'] = null): void {
  lastToast += 1;
  toasts.value = [...toasts.value.slice(-2), { key: lastToast, text, action }];
}

export function dismissToast(key: number): void {
  toasts.value = toasts.value.filter((shown) => shown.key !== key);
}

/** Closes what lies over the page; tells whether there was anything. */
export function closePanels(): boolean {
  const open = [cameraOpen, modelOpen, exportOpen, parametersOpen, toolsOpen, drawerOpen].filter((panel) => panel.value);
  batch(() => open.forEach((panel) => (panel.value = false)));
  return open.length > 0;
}
