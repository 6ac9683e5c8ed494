/**
 * Puts the deltas of 16 ms into one; the first goes out at once.
 *
 * Owns the waiting; how two deltas become one is llama_request.ts.
 */

import type { Delta } from './contract.gen';
import { joined } from './llama_request';

const BATCH_MS = 16;

export class DeltaBatch {
  private waiting: Delta | undefined;
  private sentAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly push: (delta: Delta) => void) {}

  add(delta: Delta): void {
    this.waiting = this.waiting ? joined(this.waiting, delta) : delta;
    const wait = this.sentAt + BATCH_MS - performance.now();
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.waiting) return;
    this.push(this.waiting);
    this.waiting = undefined;
    this.sentAt = performance.now();
  }
}
