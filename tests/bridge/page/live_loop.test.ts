/** The loop over frames, with the real comparing worker: what is asked about, what is not, and that nothing piles up. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FrameMethods } from '../../../js_bridge/frame_difference.worker';
import type { FrameSource } from '../../../js_bridge/frame_source';
import { LATENCIES_KEPT, LiveLoop, type Comparing, type LoopFrame, type LoopOptions } from '../../../js_bridge/live_loop';
import { Rpc } from '../../../js_bridge/rpc';

/** A source whose frames are painted by the test: scene number `scene(n)` at its n-th frame. */
class PaintedSource implements FrameSource {
  kind: FrameSource['kind'] = 'images';
  readonly label = 'Painted';
  readonly element = document.createElement('canvas');
  readonly width = 160;
  readonly height = 120;
  frame = -1;
  onEnded = (): void => undefined;
  onChange = (): void => undefined;

  constructor(private readonly scene: (frame: number) => number, private readonly frames: number, private readonly over: () => void) {
    this.element.width = this.width;
    this.element.height = this.height;
  }

  async start(): Promise<void> {}

  async next(): Promise<number> {
    this.frame += 1;
    if (this.frame >= this.frames) this.over();
    const brush = this.element.getContext('2d') as CanvasRenderingContext2D;
    brush.fillStyle = '#e6e1d7';
    brush.fillRect(0, 0, 160, 120);
    brush.fillStyle = `hsl(${(this.scene(this.frame) * 97) % 360} 80% 45%)`;
    brush.fillRect(40, 30, 80, 60);
    return 1;
  }

  stop(): void {}
}

let worker: Worker;
let comparing: Comparing;
let stop: AbortController;
let asked: { frame: number; sent: LoopFrame }[];
const options: LoopOptions = { interval: 0, threshold: 5, frames: 1, side: 128 };

beforeEach(() => {
  worker = new Worker(new URL('../../../js_bridge/frame_difference.worker.ts', import.meta.url), { type: 'module' });
  const frames = new Rpc<FrameMethods>(worker);
  comparing = {
    compare: (frame) => frames.call('frame.compare', { frame }, { transfer: [frame] }),
    keep: () => frames.call('frame.keep', {}),
  };
  stop = new AbortController();
  asked = [];
});
afterEach(() => {
  stop.abort();
  worker.terminate();
  vi.restoreAllMocks();
});

function source(scene: (frame: number) => number, frames: number): PaintedSource {
  return new PaintedSource(scene, frames, () => stop.abort());
}

function loopOver(it: PaintedSource, more: Partial<LoopOptions> = {}, ask: (frame: LoopFrame) => Promise<unknown> = async () => undefined): LiveLoop {
  const note = (sent: LoopFrame): Promise<unknown> => {
    asked.push({ frame: it.frame, sent });
    return ask(sent);
  };
  return new LiveLoop(it, comparing, note, () => ({ ...options, ...more }));
}

describe('the loop', () => {
  test('asks about each new scene at its first frame, and about a still one once', async () => {
    const it = source((frame) => Math.floor(frame / 10), 40);
    const loop = loopOver(it);
    await loop.run(stop.signal);
    expect(asked.map(({ frame }) => frame)).toEqual([0, 10, 20, 30]);
    expect(loop.figures).toMatchObject({ described: 4, skipped: 36 });
    expect(loop.figures.latencies).toHaveLength(4);
    const [image] = asked[0]?.sent.images ?? [];
    expect([image?.width, image?.height, image?.mime]).toEqual([128, 96, 'image/jpeg']);
    expect(asked[0]?.sent.difference).toBe(100);
  });

  test('asks about every frame where the threshold is 0', async () => {
    await loopOver(source(() => 1, 5), { threshold: 0 }).run(stop.signal);
    expect(asked.map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 4]);
  });

  test('never asks about two frames at a time, and takes the newest when it is free', async () => {
    let under = 0;
    let most = 0;
    const it = source((frame) => frame, 60);
    const ask = async (): Promise<void> => {
      most = Math.max(most, ++under);
      it.frame += 9; // What passes while the model is at work.
      await Promise.resolve();
      under -= 1;
    };
    await loopOver(it, {}, ask).run(stop.signal);
    expect(most).toBe(1);
    expect(asked.map(({ frame }) => frame)).toEqual([0, 10, 20, 30, 40, 50]);
  });

  test('keeps to the shortest time between two questions, and asks about what is there then', async () => {
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => it.frame * 500);
    const it = source((frame) => frame, 20);
    await loopOver(it, { interval: 2 }).run(stop.signal);
    expect(asked.map(({ frame }) => frame)).toEqual([0, 4, 8, 12, 16]);
    clock.mockRestore();
  });

  test('sends the last frames as a series, oldest first', async () => {
    await loopOver(source((frame) => frame, 5), { frames: 3 }).run(stop.signal);
    expect(asked.map(({ sent }) => sent.images.length)).toEqual([1, 2, 3, 3, 3]);
    const [, , third, fourth] = asked.map(({ sent }) => sent.images);
    expect(fourth?.slice(0, 2).map(({ bytes }) => bytes)).toEqual(third?.slice(1).map(({ bytes }) => bytes));
  });

  test('ends with what the question ended with', async () => {
    const ask = () => Promise.reject(new Error('The model cannot see.'));
    await expect(loopOver(source(() => 1, 5), {}, ask).run(stop.signal)).rejects.toThrow('cannot see');
  });

  test('leaves nothing on the signal that stops it, however often it pauses', async () => {
    const it = source(() => 1, 5);
    it.kind = 'camera';
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 149)); // A look every 150 ms: each pause is short.
    const { signal } = stop;
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    await loopOver(it).run(signal);
    expect(added.mock.calls.length).toBeGreaterThan(2);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener));
  });

  test('holds no more after an hour than after a minute', async () => {
    // An hour of two looks a second, with a new scene each twelfth.
    const it = source((frame) => Math.floor(frame / 12), 7200);
    const bitmaps = vi.spyOn(globalThis, 'createImageBitmap');
    const loop = loopOver(it, { frames: 4 });
    await loop.run(stop.signal);
    const made = await Promise.all(bitmaps.mock.results.map(({ value }) => value as Promise<ImageBitmap>));
    expect(made.length).toBeGreaterThanOrEqual(7200);
    // Each frame that was made was handed over, so the page holds none of them.
    expect(made.filter(({ width }) => width > 0)).toHaveLength(0);
    expect(asked).toHaveLength(600);
    expect(loop.figures.latencies.length).toBeLessThanOrEqual(LATENCIES_KEPT);
    expect(JSON.stringify(loop.figures).length).toBeLessThan(10_000);
    expect((loop as unknown as { series: unknown[] }).series).toHaveLength(4);
  });
});
