/**
 * Who may open the database: one tab of this origin at a time.
 *
 * Owns the Web Lock, asking another tab to hand the database over, and handing it over. It does not own the files: the
 * holder's `lost` closes them before the lock is let go. Everything waits on the lock or on a message, nothing polls.
 */

const NAME = 'cloche-database';
const PATIENCE_MS = 3000;

export interface Claim {
  /** Another tab holds the database. */
  taken(): void;
  /** Resolves when the person wants it here. */
  takeOver: Promise<void>;
  /** Another tab asked for the database or took it: commit and close everything now. */
  lost(): Promise<void>;
}

/** Resolves when this worker holds the database; it does until it ends or `lost` is called. */
export async function lockDatabase({ taken, takeOver, lost }: Claim): Promise<void> {
  const channel = new BroadcastChannel(NAME);
  const granted = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const waiting = new AbortController();
  let state: 'waiting' | 'held' | 'lost' = 'waiting';

  async function giveUp(): Promise<void> {
    if (state !== 'held') return;
    state = 'lost';
    try {
      await lost();
    } finally {
      channel.postMessage('released');
      channel.close();
      released.resolve();
    }
  }

  function hold(lock: Lock | null): Promise<void> | undefined {
    if (!lock) return undefined;
    state = 'held';
    channel.onmessage = ({ data }) => {
      if (data === 'take-over') void giveUp();
    };
    granted.resolve();
    return released.promise;
  }

  /** A lock that is stolen later rejects its request. */
  function request(options: LockOptions): void {
    navigator.locks.request(NAME, options, hold).catch(() => giveUp());
  }

  async function insist(): Promise<void> {
    await takeOver;
    if (state !== 'waiting') return;
    channel.postMessage('take-over');
    const timer = setTimeout(() => {
      waiting.abort();
      request({ steal: true });
    }, PATIENCE_MS);
    void granted.promise.then(() => clearTimeout(timer));
  }

  if ((await navigator.locks.query()).held?.some(({ name }) => name === NAME)) taken();
  request({ signal: waiting.signal });
  void insist();
  return granted.promise;
}

/** Tries `open` again once when the tab that lost the database has let go of its files. */
export async function afterRelease<T>(open: () => Promise<T>): Promise<T> {
  const channel = new BroadcastChannel(NAME);
  const released = new Promise<void>((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data === 'released') resolve();
    };
    setTimeout(resolve, PATIENCE_MS);
  });
  try {
    return await open().catch(() => released.then(open));
  } finally {
    channel.close();
  }
}
