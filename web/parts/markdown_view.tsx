/**
 * Markdown of one answer on screen: drawn at most once per animation frame, and less often when drawing is slow.
 *
 * Owns the pace. What is drawn, and how little of it, is markdown_stream.ts.
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { MarkdownStream } from './markdown_stream';

/** Drawing may take this share of the time, so that typing and scrolling stay smooth. */
const SHARE = 0.25;

class Pace {
  private frame = 0;
  private notBefore = 0;
  private latest: readonly [text: string, done: boolean] = ['', true];

  constructor(private readonly stream: MarkdownStream) {}

  show(text: string, done: boolean): void {
    this.latest = [text, done];
    if (done) this.draw();
    else if (!this.frame) this.frame = requestAnimationFrame(this.tick);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  private readonly tick = (now: number): void => {
    if (now < this.notBefore) this.frame = requestAnimationFrame(this.tick);
    else this.draw();
  };

  private draw(): void {
    this.stop();
    const started = performance.now();
    this.stream.update(...this.latest);
    const ended = performance.now();
    this.notBefore = ended + (ended - started) / SHARE;
  }
}

export function MarkdownView({ text, done }: { text: string; done: boolean }) {
  const root = useRef<HTMLDivElement>(null);
  const pace = useRef<Pace>(undefined);
  useLayoutEffect(() => {
    if (!root.current) return;
    pace.current ??= new Pace(new MarkdownStream(root.current));
    pace.current.show(text, done);
  }, [text, done]);
  useLayoutEffect(() => () => pace.current?.stop(), []);
  return <div class="prose" ref={root} />;
}
