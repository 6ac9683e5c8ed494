/**
 * Turns: first come, first served, one at a time.
 *
 * Owns the order of waiting; knows nothing of what is done in a turn.
 */

import { RpcError } from './rpc';

export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Resolves with the function that ends the turn. Whoever gives up while waiting loses the place, nobody else's. */
  async enter(signal: AbortSignal): Promise<() => void> {
    const before = this.last;
    let leave!: () => void;
    const over = new Promise<void>((resolve) => (leave = resolve));
    this.last = before.then(() => over);
    const gaveUp = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(new RpcError('aborted', 'Stopped on request.'));
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop, { signal: gaveUp.signal });
        void before.then(resolve);
      });
      return leave;
    } catch (error) {
      leave();
      throw error;
    } finally {
      gaveUp.abort();
    }
  }
}
