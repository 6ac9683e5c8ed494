/**
 * The cameras that Python wants: opened, and their pictures handed over as JPEG, one stream a wish.
 *
 * Owns which of them run. Who wants them and why is Python's (vision/camera_feed.py); that the person sees it is
 * parts/camera_in_use.tsx. A picture that Python has not taken yet makes the next one be passed over: nothing queues up.
 */
import { computed, effect, signal } from '@preact/signals';
import { CameraError } from '../js_bridge/camera';
import type { CameraWish } from '../js_bridge/contract.gen';
import { cameras, cameraSource, type FrameSource } from '../js_bridge/frame_source';
import { errorOf } from './actions';
import { connection, state } from './store';

/** The sources that run, by the id of their wish. */
export const feeds = signal<ReadonlyMap<string, FrameSource>>(new Map());
export const wishes = computed(() => state.value.cameraWishes);

const MOST_WAITING = 2;
/** A frame may come this share of a frame time early: cameras do not tick exactly. */
const EARLY = 0.25;

const running = new Map<string, AbortController>();

effect(() => {
  const wanted = new Map(wishes.value.map((wish) => [wish.id, wish]));
  for (const [id, stop] of running) if (!wanted.has(id)) stop.abort();
  for (const [id, wish] of wanted) if (!running.has(id)) void run(wish);
});

/** Ends what a person no longer wants. */
export function turnOff(): void {
  const off = new CameraError('aborted', 'The camera was switched off.', '');
  for (const { id } of wishes.value) fail(id, off);
}

function fail(wishId: string, thrown: unknown): void {
  connection.call('camera.failed', { wish_id: wishId, error: errorOf(thrown) }).catch(() => undefined);
}

async function run(wish: CameraWish): Promise<void> {
  const stop = new AbortController();
  running.set(wish.id, stop);
  let source: FrameSource | undefined;
  try {
    source = cameraSource({ ...(await deviceOf(wish)), width: wish.width, height: wish.height, frameRate: wish.fps });
    const ending = source;
    stop.signal.addEventListener('abort', () => ending.stop());
    source.onEnded = (reason) => fail(wish.id, reason);
    stop.signal.throwIfAborted();
    await source.start();
    feeds.value = new Map(feeds.value).set(wish.id, source);
    await pass(wish, source, stop.signal);
  } catch (thrown) {
    if (!stop.signal.aborted) fail(wish.id, thrown);
  } finally {
    source?.stop();
    running.delete(wish.id);
    feeds.value = new Map([...feeds.value].filter(([id]) => id !== wish.id));
  }
}

/** The camera of that number. Before the person has allowed any, the browser names none: then the first one asks. */
async function deviceOf({ device_index: index }: CameraWish): Promise<{ deviceId?: string }> {
  let found = await cameras();
  if (found.length === 0 && index > 0) {
    const any = cameraSource({});
    await any.start();
    any.stop();
    found = await cameras();
  }
  const device = found[index];
  if (device) return { deviceId: device.id };
  if (index === 0) return {};
  throw new CameraError('NotFoundError', `There is no camera number ${index}: this machine has ${found.length}.`, 'Choose another camera.');
}

async function pass(wish: CameraWish, source: FrameSource, stop: AbortSignal): Promise<void> {
  const canvas = new OffscreenCanvas(1, 1);
  const brush = canvas.getContext('2d', { alpha: false });
  if (!brush) throw new CameraError('NoCanvas', 'The browser gave no canvas to draw the picture on.', 'Close other tabs and try again.');
  let passedAt = -Infinity;
  let waiting = 0;
  for (;;) {
    await source.next(stop);
    const now = performance.now();
    if (waiting >= MOST_WAITING || now - passedAt < (1000 / wish.fps) * (1 - EARLY)) continue;
    passedAt = now;
    const timestamp = Date.now() / 1000;
    const { width, height } = source;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    brush.drawImage(source.element, 0, 0, width, height);
    const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: wish.jpeg_quality / 100 });
    const bytes = new Uint8Array(await jpeg.arrayBuffer());
    if (stop.aborted) return;
    waiting += 1;
    connection
      .call('camera.picture', { wish_id: wish.id, timestamp, width, height, bytes }, { transfer: [bytes.buffer] })
      .catch(() => undefined)
      .finally(() => (waiting -= 1));
  }
}
