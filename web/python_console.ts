/**
 * What a person does in the Python view, as commands to Python: run, stop, complete, keep an extension.
 *
 * Owns the order of commands and which extensions the page has listed. Code runs in Python's worker, on the live app.
 */
import { signal } from '@preact/signals';
import type { Completions, ExtensionInfo } from '../js_bridge/contract.gen';
import { boot, ensureSession, errorOf, report } from './actions';
import { connection, dispatch, keep, openSession, state, toast } from './store';

export const extensions = signal<readonly ExtensionInfo[]>([]);

const here = (): string | null => openSession.value?.id ?? null;

/** Runs code to its end; what it prints and how it ends is in the state. */
export async function run(code: string): Promise<void> {
  if (running()) return;
  const id = crypto.randomUUID();
  dispatch(['page:run-begun', { id, code }]);
  const result = await connection
    .call('console.run', { run_id: id, code, session_id: here() })
    .catch((thrown: unknown) => {
      const { message } = errorOf(thrown);
      return { status: 'failed', value: null, traceback: message, duration_ms: 0 } as const;
    });
  dispatch(['page:run-ended', { id, result }]);
}

export const running = (): boolean => state.value.runs.some(({ result }) => result === null);

/** Ends code that waits, and code that keeps Python busy where the page is isolated. */
export function stop(): void {
  connection.call('console.stop', {}).catch(report);
  connection.interrupt();
}

/** Ends everything that runs in Python and starts it anew; what is kept stays. */
export function restartPython(): void {
  boot();
}

export const clearRuns = (): void => dispatch(['page:runs-cleared', null]);

export const complete = (before: string, signal: AbortSignal): Promise<Completions> =>
  connection.call('console.complete', { before }, { signal });

export const pastCode = (): Promise<string[]> => connection.call('console.history', {});

// ---------------------------------------------------------------- extensions

/** Choices that Python has not taken yet; a list that comes meanwhile may be older than they are. */
let choosing = 0;

export async function listExtensions(): Promise<void> {
  const found = await connection.call('extensions.list', { session_id: here() });
  if (choosing === 0) extensions.value = found;
}

/** Keeps a file; rejects when its name cannot be used. */
export async function saveExtension(name: string, source: string): Promise<ExtensionInfo> {
  const saved = await connection.call('extensions.save', { name, source });
  await listExtensions();
  return saved;
}

export async function readExtension(name: string): Promise<string> {
  return (await connection.call('extensions.read', { name })).source;
}

/** Switches an extension on or off: in all conversations, or in the one on screen, which begins if there is none. */
export async function chooseExtension(name: string, on: boolean, where: 'everywhere' | 'enabled'): Promise<void> {
  extensions.value = extensions.value.map((one) => (one.name === name ? { ...one, [where]: on } : one));
  choosing += 1;
  try {
    await keep(async () => {
      const session_id = where === 'everywhere' ? null : (await ensureSession()).id;
      await connection.call('extensions.choose', { name, session_id, enabled: on });
    });
  } finally {
    choosing -= 1;
    await listExtensions();
  }
}

export async function deleteExtension({ name, everywhere }: ExtensionInfo): Promise<void> {
  const source = await readExtension(name);
  await connection.call('extensions.delete', { name });
  await listExtensions();
  const restore = async (): Promise<void> => {
    await connection.call('extensions.save', { name, source });
    await chooseExtension(name, everywhere, 'everywhere');
  };
  toast(`${name}.py was deleted.`, { label: 'Undo', run: () => void restore().catch(report) });
}

/** A name that an extension may have, made of a file's name. */
export function extensionName(fileName: string): string {
  const name = fileName.replace(/\.py$/i, '').toLowerCase().replace(/[^a-z0-9_]+/g, '_');
  return (/^[a-z]/.test(name) ? name : `my_${name}`).replace(/_+$/, '').slice(0, 40);
}
