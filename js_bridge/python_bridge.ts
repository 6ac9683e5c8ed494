/**
 * What Python sees of the outside, and what the outside sees of Python; both live in the Python worker.
 *
 * Owns the passage of commands to Python, of events to the page, and of Python's calls to the engine workers. Only
 * text, numbers and byte arrays cross (packing.ts), through functions that Python hands over once. It knows no command,
 * event or method by name; py_app/cloche/host/browser.py is its other half.
 */
import type { Commands, Events, Workers } from './contract.gen';
import { imageFromObject } from './images';
import { pack, transferables, unpack, type Packed } from './packing';
import { Rpc, RpcError, transfer, type EventEntry, type Port, type WireError } from './rpc';

/** What Python hands over in `connect`. */
interface PythonSide {
  /** A command from the page; Python answers with `answer` or `fail`. */
  request(id: number, method: string, text: string, buffers: Uint8Array[]): void;
  /** The page gave up on a command. */
  cancel(id: number): void;
  /** Stream items, the answer or the error of one of Python's own calls. */
  chunks(call: number, text: string, buffers: Uint8Array[]): void;
  answered(call: number, text: string, buffers: Uint8Array[]): void;
  failed(call: number, text: string): void;
  /** Commits and closes everything. */
  shutdown(): PromiseLike<void>;
}

/** Where the app's files are and where its database is; see `Host` in host/base.py. */
export interface Surroundings {
  baseUrl: string;
  database: string;
  durable: boolean;
  reason: string;
}

type AnyMethods = Record<string, { params: unknown; result: unknown }>;
type AnyStreams = Record<string, unknown>;

/** A worker, or a port to the page that looks like one. */
export type Engine = Port & Pick<Worker, 'terminate' | 'addEventListener'>;

interface EngineLink {
  worker: Engine;
  rpc: Rpc<AnyMethods, {}, {}, AnyStreams>;
}

export class PythonBridge {
  readonly baseUrl: string;
  readonly database: string;
  readonly durable: boolean;
  readonly reason: string;

  private python: PythonSide | undefined;
  private closed: RpcError | undefined;
  private lastId = 0;
  private readonly requests = new Map<number, PromiseWithResolvers<unknown>>();
  private readonly links = new Map<number, EngineLink>();
  private readonly calls = new Map<number, AbortController>();

  constructor(
    surroundings: Surroundings,
    private readonly page: Rpc<{}, Commands, Events>,
    private readonly workers: Record<keyof Workers, () => Engine>,
  ) {
    this.baseUrl = surroundings.baseUrl;
    this.database = surroundings.database;
    this.durable = surroundings.durable;
    this.reason = surroundings.reason;
  }

  // ---------------------------------------------------------------- for TypeScript

  /** Carries a command of the page to Python and its answer back. */
  async request(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.closed) throw this.closed;
    const id = ++this.lastId;
    const answer = Promise.withResolvers<unknown>();
    this.requests.set(id, answer);
    signal.addEventListener('abort', () => this.python?.cancel(id), { once: true });
    try {
      const { text, buffers } = pack(params);
      this.python!.request(id, method, text, buffers);
      return await answer.promise;
    } finally {
      this.requests.delete(id);
    }
  }

  /** Lets Python commit and close, ends the engines; later commands are answered with `error`. */
  async shutdown(error: RpcError): Promise<void> {
    this.closed = error;
    try {
      await this.python?.shutdown();
    } finally {
      for (const id of [...this.links.keys()]) this.closeLink(id);
      for (const request of this.requests.values()) request.reject(error);
    }
  }

  // ---------------------------------------------------------------- for Python

  connect(...[request, cancel, chunks, answered, failed, shutdown]: [
    PythonSide['request'], PythonSide['cancel'], PythonSide['chunks'],
    PythonSide['answered'], PythonSide['failed'], PythonSide['shutdown'],
  ]): void {
    this.python = { request, cancel, chunks, answered, failed, shutdown };
  }

  answer(id: number, text: string, buffers: Uint8Array[]): void {
    const packed: Packed = { text, buffers };
    const result = unpack(packed);
    if (buffers.length > 0) transfer(result as object, transferables(packed));
    this.requests.get(id)?.resolve(result);
  }

  fail(id: number, text: string): void {
    this.requests.get(id)?.reject(RpcError.from(JSON.parse(text)));
  }

  emit(text: string, buffers: Uint8Array[]): void {
    const packed: Packed = { text, buffers };
    this.page.emit(unpack(packed) as EventEntry<Events>[], transferables(packed));
  }

  /** Starts the worker of that name and gives the number by which Python speaks of it. */
  openLink(name: string): number {
    const start = Object.hasOwn(this.workers, name) ? this.workers[name as keyof Workers] : undefined;
    if (!start) throw new Error(`There is no worker "${name}".`);
    const id = ++this.lastId;
    const worker = start();
    const crashed = (reason: string): void => {
      this.closeLink(id, `The ${name} worker ended unexpectedly${reason && `: ${reason}`}.`);
    };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      crashed(event.message || 'its script could not be loaded or run; the server must send it as text/javascript');
    });
    worker.addEventListener('messageerror', () => crashed('a message could not be read'));
    this.links.set(id, { worker, rpc: new Rpc(worker) });
    return id;
  }

  /** Ends the worker; its calls under way fail with "engine_crashed". */
  closeLink(id: number, reason = 'The engine was closed.'): void {
    const link = this.links.get(id);
    this.links.delete(id);
    link?.worker.terminate();
    link?.rpc.close(crash(reason));
  }

  /** Calls a method of a worker; what comes back goes to Python's `chunks`, then `answered` or `failed`. */
  call(linkId: number, call: number, method: string, text: string, buffers: Uint8Array[]): void {
    const packed: Packed = { text, buffers };
    const stop = new AbortController();
    this.calls.set(call, stop);
    const rpc = this.links.get(linkId)?.rpc;
    const options = {
      signal: stop.signal,
      transfer: transferables(packed),
      onChunks: (items: unknown[]) => {
        const batch = pack(items);
        this.python!.chunks(call, batch.text, batch.buffers);
      },
    };
    const answer = rpc ? rpc.call(method, unpack(packed), options) : Promise.reject(crash('The engine is gone.'));
    answer
      .then(
        (result) => {
          const { text: resultText, buffers: resultBuffers } = pack(result);
          this.python!.answered(call, resultText, resultBuffers);
        },
        (thrown: unknown) => this.python!.failed(call, JSON.stringify(RpcError.from(thrown).toWire() satisfies WireError)),
      )
      .finally(() => this.calls.delete(call));
  }

  /** A picture that Python holds as an object of the browser, as a file; undefined for what is none. */
  async drawn(picture: ImageBitmapSource): Promise<Uint8Array | undefined> {
    return (await imageFromObject(picture))?.bytes;
  }

  /** The full name of a time zone, "" for this machine's, and its minutes east of UTC; throws where there is none. */
  timeZone(name: string, moment: number): [string, number] {
    const format = new Intl.DateTimeFormat('en', { timeZone: name || undefined, timeZoneName: 'longOffset' });
    const offset = format.formatToParts(moment).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /([+-])(\d+)(?::(\d+))?/.exec(offset) ?? [];
    const east = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
    return [format.resolvedOptions().timeZone, sign === '-' ? -east : east];
  }

  /** Stops one of Python's calls. */
  abort(call: number): void {
    this.calls.get(call)?.abort();
  }
}

function crash(reason: string): RpcError {
  return new RpcError('engine_crashed', reason, 'The engine was restarted by itself. Press Regenerate to try again.', true);
}
