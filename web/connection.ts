/**
 * The page's line to Python: starts the worker, speaks the contract with it, starts it anew when asked.
 *
 * Owns the worker's life. Does not know what commands mean and keeps no state: events go to the listeners as they come.
 */
import pythonWorker from '../js_bridge/python.worker.ts?worker&url';
import { serveBrowserModel } from '../js_bridge/browser_model';
import { isIsolated } from '../js_bridge/capabilities';
import type { Commands, Events } from '../js_bridge/contract.gen';
import { Rpc, RpcError, type CallOptions, type EventEntry } from '../js_bridge/rpc';
import { ownScript } from './trusted_types';

/** Messages beside the RPC: how the page starts Python and claims the database. */
interface Boot {
  boot: { base_url: string; interrupt?: Uint8Array; browser_model: MessagePort };
}
interface TakeOver {
  takeOver: true;
}

const SIGINT = 2;

type Listener = (events: readonly EventEntry<Events>[]) => void;

export class Connection {
  private worker: Worker | undefined;
  private rpc: Rpc<Commands, {}, Events> | undefined;
  /** Python looks at it while it runs; shared memory, so only on an isolated page. */
  private signal: Uint8Array | undefined;

  private listeners: readonly Listener[];

  constructor(listener: Listener) {
    this.listeners = [listener];
  }

  /** Hears all events from now on, after those who listened before; gives what ends it. */
  listen(listener: Listener): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  private tell(events: readonly EventEntry<Events>[]): void {
    for (const listener of this.listeners) listener(events);
  }

  /** Starts Python. What ran before ends, and its calls reject. */
  start(): void {
    this.stop();
    const worker = new Worker(ownScript(pythonWorker), { type: 'module', name: 'python' });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.tell([['boot:failed', { error: workerError(event.message) }]]);
    });
    this.worker = worker;
    this.rpc = new Rpc(worker);
    this.rpc.onEvents((events) => this.tell(events));
    const base_url = new URL('.', document.baseURI).href;
    this.signal = isIsolated() ? new Uint8Array(new SharedArrayBuffer(1)) : undefined;
    const { port1, port2: browser_model } = new MessageChannel();
    serveBrowserModel(port1);
    const boot: Boot = { boot: { base_url, browser_model, ...(this.signal && { interrupt: this.signal }) } };
    worker.postMessage(boot, [browser_model]);
  }

  /** Asks the tab that holds the database to let go of it. */
  takeOver(): void {
    const claim: TakeOver = { takeOver: true };
    this.worker?.postMessage(claim);
  }

  /** Sends Python the signal that ends a person's code, also while Python is busy. */
  interrupt(): void {
    if (this.signal) this.signal[0] = SIGINT;
  }

  stop(): void {
    this.rpc?.close(new RpcError('closed', 'Python was stopped.'));
    this.worker?.terminate();
    this.rpc = undefined;
    this.worker = undefined;
  }

  call<K extends keyof Commands>(
    command: K,
    params: Commands[K]['params'],
    options?: CallOptions<never>,
  ): Promise<Commands[K]['result']> {
    if (!this.rpc) return Promise.reject(new RpcError('closed', 'Python is not running.'));
    return this.rpc.call(command, params, options);
  }
}

function workerError(reason: string) {
  return {
    code: 'worker_failed',
    message: reason ? `Python's worker stopped: ${reason}` : "Python's worker could not be loaded.",
    action: 'Try again. If it stays like this, reload the page while you are online.',
    retryable: true,
  };
}
