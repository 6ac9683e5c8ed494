/**
 * Looks at a source, frame by frame, and asks about those that differ.
 *
 * Owns the rule: one frame is asked about at a time; while it is, frames pass by; then the newest counts. A frame that
 * does not differ from the one asked about last costs a comparison and nothing more. Keeps bounded figures, and no frame
 * longer than a series of them needs. What is asked, and what becomes of answers, is Python's.
 */
import type { NewImage } from './contract.gen';
import { SIDE } from './frame_difference';
import type { FrameSource } from './frame_source';
import { imageFromSource } from './images';

export interface LoopOptions {
  /** The shortest time between two questions in seconds. */
  interval: number;
  /** From which difference (percent) a frame counts as another. */
  threshold: number;
  /** How many frames make a series. */
  frames: number;
  /** The longest side of a frame in pixels. */
  side: number;
}

/** What there is to ask about: one frame, or the last ones, oldest first. */
export interface LoopFrame {
  images: NewImage[];
  difference: number;
}

export interface LoopFigures {
  /** Frames of the source since the start. */
  seen: number;
  described: number;
  /** Frames that did not differ. */
  skipped: number;
  /** Frames that passed while another was asked about, or between two looks. */
  passed: number;
  /** Of the newest frame compared. */
  difference: number;
  /** From frame to answer in milliseconds, the newest last. */
  latencies: number[];
}

/** The worker that compares (frame_difference.worker.ts). */
export interface Comparing {
  compare(frame: ImageBitmap): Promise<number>;
  keep(): Promise<unknown>;
}

export const LATENCIES_KEPT = 200;
/** Between two looks. A person sees no difference to looking at every frame; a processor does. */
const LOOK_MS = 150;

export class LiveLoop {
  readonly figures: LoopFigures = { seen: 0, described: 0, skipped: 0, passed: 0, difference: 0, latencies: [] };
  private series: NewImage[] = [];
  private askedAt = -Infinity;
  private lookedAt = -Infinity;

  /** `ask` answers when the frame has been described; what it throws ends the loop. `changed` hears of new figures. */
  constructor(
    private readonly source: FrameSource,
    private readonly comparing: Comparing,
    private readonly ask: (frame: LoopFrame) => Promise<unknown>,
    private readonly options: () => LoopOptions,
    private readonly changed: () => void = () => undefined,
  ) {}

  /** Runs until the signal says stop, or something fails. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.pause(signal);
        const passed = await this.source.next(signal);
        this.figures.seen += passed;
        this.figures.passed += passed - 1;
        await this.look(signal);
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      }
      this.changed();
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { figures } = this;
    const { interval, threshold, frames, side } = this.options();
    const taken = performance.now();
    this.lookedAt = taken;
    const { width, height } = this.source;
    const small = { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: 'medium' } as const;
    figures.difference = await this.comparing.compare(await createImageBitmap(this.source.element, small));
    if (figures.difference < threshold) {
      figures.skipped += 1;
      return;
    }
    if (taken - this.askedAt < interval * 1000) {
      figures.passed += 1;
      return;
    }
    const scale = Math.min(1, side / Math.max(width, height));
    const size = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))] as const;
    const image = await imageFromSource(this.source.element, ...size, 'Frame', true);
    if (signal.aborted) return;
    await this.comparing.keep();
    this.series = [...this.series, image].slice(-frames);
    this.askedAt = taken;
    await this.ask({ images: this.series.map((each) => ({ ...each })), difference: figures.difference });
    figures.described += 1;
    figures.latencies = [...figures.latencies, performance.now() - taken].slice(-LATENCIES_KEPT);
  }

  /** A series of pictures waits for nobody; anything that plays is looked at now and then. */
  private async pause(signal: AbortSignal): Promise<void> {
    const wait = this.source.kind === 'images' ? 0 : this.lookedAt + LOOK_MS - performance.now();
    if (wait <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = (): void => resolve();
    const timer = setTimeout(over, wait);
    signal.addEventListener('abort', over);
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', over); // Else a loop that runs for days would leave one there for each look.
  }
}
