/**
 * How long a download waits after a failure, and when it gives up.
 *
 * Owns back-off with jitter, the server's own wish (Retry-After), waiting for the network to come back, and the count of
 * attempts in a row that brought nothing. Does not know what is fetched.
 */

import { RpcError } from './rpc';

const LONGEST_MS = 30_000;
/** A server that wants more than this is told to people instead. */
const LONGEST_ASKED_MS = 10 * 60_000;

/** Something went wrong that may go right later. */
export class Setback extends Error {
  constructor(
    readonly error: RpcError,
    readonly retryAfterMs = 0,
  ) {
    super(error.message);
  }
}

export interface PatienceOptions {
  attempts: number;
  retryMs: number;
  waitOnline: boolean;
  /** Hears what it waits for. */
  onWait(stage: 'retrying' | 'offline'): void;
}

export class Patience {
  private fruitless = 0;
  private resting: Promise<void> | undefined;

  constructor(private readonly options: PatienceOptions) {}

  /** Something came: the count starts anew. */
  progress(): void {
    this.fruitless = 0;
  }

  /** Waits before the next attempt, all connections together; throws the setback's error when there shall be none. */
  rest(setback: Setback, signal: AbortSignal): Promise<void> {
    this.resting ??= this.wait(setback, signal).finally(() => (this.resting = undefined));
    return this.resting;
  }

  private async wait({ error, retryAfterMs }: Setback, signal: AbortSignal): Promise<void> {
    const { attempts, retryMs, waitOnline, onWait } = this.options;
    if (waitOnline && !navigator.onLine) {
      onWait('offline');
      await online(signal);
      return;
    }
    this.fruitless += 1;
    if (this.fruitless >= attempts) throw error;
    if (retryAfterMs > LONGEST_ASKED_MS) {
      const minutes = Math.ceil(retryAfterMs / 60_000);
      throw new RpcError(error.code, `${error.message} It asks to wait ${minutes} minutes.`, 'Try again then.', true);
    }
    onWait('retrying');
    const backOff = Math.min(retryMs * 2 ** (this.fruitless - 1), LONGEST_MS) * (0.5 + Math.random());
    await pause(Math.max(backOff, retryAfterMs), signal);
  }
}

/** Retry-After, in seconds or as a date, in milliseconds from now. */
export function retryAfter(value: string | null, now = Date.now()): number {
  if (!value) return 0;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return ms > 0 ? ms : 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function online(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    self.addEventListener('online', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
