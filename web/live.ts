/**
 * The Live view's running: the source, the loop over its frames, and what a person can do.
 *
 * Owns the one source that may run and its figures. Which frames count is js_bridge/live_loop.ts; what is asked and kept
 * is Python's (vision/live.py).
 */
import { effect, signal } from '@preact/signals';
import differenceWorker from '../js_bridge/frame_difference.worker.ts?worker&url';
import type { FrameMethods } from '../js_bridge/frame_difference.worker';
import { CameraError } from '../js_bridge/camera';
import type { ErrorInfo, LiveHistory, LiveSettings } from '../js_bridge/contract.gen';
import type { FrameSource } from '../js_bridge/frame_source';
import { LiveLoop, type LoopFigures, type LoopFrame } from '../js_bridge/live_loop';
import { Rpc } from '../js_bridge/rpc';
import { errorOf, report } from './actions';
import { chatAddress, go } from './routes';
import { connection, model, state, toast } from './store';
import { ownScript } from './trusted_types';

export const liveSettings = signal<LiveSettings | null>(null);
export const source = signal<FrameSource | null>(null);
export const starting = signal(false);
/** What people should know about the source at the moment. */
export const sentence = signal('');
export const liveError = signal<ErrorInfo | null>(null);
export const figures = signal<LoopFigures | null>(null);
/** Bytes that the page and its workers use, without WebAssembly's, measured now and then; the newest last. */
export const memory = signal<readonly number[]>([]);

const MEMORY_MS = 30_000;
const MEMORY_KEPT = 60;
/** Frames reach the engine's worker at twice the encoder's size: it scales them as the model was trained. */
const TIMES_ENCODER = 2;
const MOST_SIDE = 1024;
const USUAL_SIDE = 512;

let running = new AbortController();
let forget = (): void => undefined;

export async function readSettings(): Promise<void> {
  liveSettings.value = await connection.call('live.settings', {});
}

/** Takes other settings; the sentence, if any, says why they cannot be taken. */
export async function configure(change: Partial<LiveSettings>): Promise<string | null> {
  if (!liveSettings.value) return null;
  try {
    liveSettings.value = await connection.call('live.configure', { ...liveSettings.value, ...change });
    return null;
  } catch (thrown) {
    return errorOf(thrown).message;
  }
}

/** Runs until it is stopped, the source ends, or something fails. */
export async function startLive(wanted: FrameSource): Promise<void> {
  stopLive();
  const { signal: stop } = (running = new AbortController());
  liveError.value = null;
  sentence.value = '';
  starting.value = true;
  wanted.onEnded = (reason) => {
    if (stop.aborted) return;
    stopLive();
    if (reason.action) liveError.value = errorOf(reason);
    else sentence.value = reason.message;
  };
  wanted.onChange = (what) => {
    if (!stop.aborted) sentence.value = what;
  };
  stop.addEventListener('abort', () => wanted.stop());
  const worker = new Worker(ownScript(differenceWorker), { type: 'module', name: 'frame difference' });
  stop.addEventListener('abort', () => worker.terminate());
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    if (stop.aborted) return;
    stopLive();
    const reason = event.message || 'its script could not be loaded; the server must send it as text/javascript';
    liveError.value = { code: 'worker_failed', message: `Frames cannot be compared: ${reason}.`, action: 'Reload the page.', retryable: true };
  });
  try {
    await wanted.start();
    if (stop.aborted) return;
    source.value = wanted;
    starting.value = false;
    measureMemory(stop);
    const loop = loopOver(wanted, worker, stop);
    figures.value = { ...loop.figures };
    await loop.run(stop);
  } catch (thrown) {
    if (stop.aborted || (thrown instanceof CameraError && thrown.code === 'Stopped')) return;
    stopLive();
    liveError.value = errorOf(thrown);
  }
}

export function stopLive(): void {
  running.abort();
  source.value = null;
  starting.value = false;
  sentence.value = '';
}

function loopOver(wanted: FrameSource, worker: Worker, stop: AbortSignal): LiveLoop {
  const frames = new Rpc<FrameMethods>(worker);
  forget = () => void frames.call('frame.forget', {}, { signal: stop }).catch(() => undefined);
  const comparing = {
    compare: (frame: ImageBitmap) => frames.call('frame.compare', { frame }, { transfer: [frame], signal: stop }),
    keep: () => frames.call('frame.keep', {}, { signal: stop }),
  };
  const ask = ({ images, difference }: LoopFrame): Promise<unknown> =>
    connection.call('live.frame', { images, difference, source: wanted.label }, { signal: stop });
  const options = () => {
    const { interval, threshold, frames: series, detail } = liveSettings.value as LiveSettings;
    const side = (model.value.engine?.encoder?.side ?? USUAL_SIDE) * TIMES_ENCODER;
    return { interval, threshold, frames: series, side: Math.min(side, detail === 'high' ? MOST_SIDE : USUAL_SIDE) };
  };
  const loop = new LiveLoop(wanted, comparing, ask, options, () => {
    if (!stop.aborted) figures.value = { ...loop.figures };
  });
  return loop;
}

/** Another question is answered about the scene that is there now, although that has not changed. */
export function lookAgain(): void {
  forget();
}

// ---------------------------------------------------------------- history

export async function findCaptions(query: string, before: number | null = null): Promise<LiveHistory> {
  return connection.call('live.history', { query, before, limit: 100 });
}

export async function saveCaptions(captionIds: number[]): Promise<void> {
  try {
    const session = await connection.call('live.save', { caption_ids: captionIds });
    toast(`Saved as “${session.title}”.`, { label: 'Open', run: () => go(chatAddress(session.id)) });
  } catch (thrown) {
    report(thrown);
  }
}

// ---------------------------------------------------------------- alarms and memory

let alarm = state.value.live.fired;
effect(() => {
  const { fired } = state.value.live;
  if (!fired || fired === alarm) return;
  alarm = fired;
  const { caption, before, notify } = fired;
  const text = `${caption.prompt} ${before} → ${caption.answer ?? ''}`;
  toast(text);
  if (notify) void notice(text);
});

async function notice(body: string): Promise<void> {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
  const registration = await navigator.serviceWorker?.getRegistration();
  const options = { body, tag: 'cloche-live' };
  if (registration) await registration.showNotification('Cloche is watching', options);
  else new Notification('Cloche is watching', options);
}

/** Asks for permission to notify; to be called while a person presses something. */
export function allowNotices(): void {
  if ('Notification' in globalThis && Notification.permission === 'default') void Notification.requestPermission();
}

type Measuring = { measureUserAgentSpecificMemory?(): Promise<{ bytes: number }> };

function measureMemory(stop: AbortSignal): void {
  memory.value = [];
  const measure = async (): Promise<void> => {
    const found = await (performance as Measuring).measureUserAgentSpecificMemory?.().catch(() => undefined);
    if (stop.aborted || !found) return;
    memory.value = [...memory.value, found.bytes].slice(-MEMORY_KEPT);
    setTimeout(() => stop.aborted || void measure(), MEMORY_MS);
  };
  void measure();
}

/** The value under which `share` of all values are. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}
