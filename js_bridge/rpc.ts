/**
 * Remote procedure calls between two threads over anything that posts messages.
 *
 * Owns the wire protocol (calls, streams, abort, events, errors that keep their code) and nothing of what is said over
 * it: the names and shapes come from contract.gen.ts as type parameters. One `Rpc` sits at each end of a port.
 *
 *   request {id, method, params}       answer {id, result} or {id, error: {code, message, action, retryable}}
 *   stream  {id, chunks: [...]}        abort  {id, abort: true}         events {events: [[name, data], ...]}
 *
 * Other messages are left alone, so a port may carry a greeting of its own. Start one with, for example:
 *
 *   const python = new Rpc<Commands, {}, Events>(worker)                     // the page: asks, hears events
 *   const engine = new Rpc<Workers['llamacpp'], {}, {}, Streams>(worker)     // asks, gets streams
 *   new Rpc<{}, Workers['llamacpp'], {}, Streams>(self).serve({...})         // answers
 */

/** What `Worker`, `DedicatedWorkerGlobalScope` and `MessagePort` have in common. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  start?(): void;
}

/** A map from method to its shapes; `interface` types of contract.gen.ts fit. */
export type Methods<M> = { [K in keyof M]: { params: unknown; result: unknown } };

/** What crosses the port when a call fails; the same fields as `ErrorInfo` of the contract. */
export interface WireError {
  code: string;
  message: string;
  action: string;
  retryable: boolean;
}

/** An error with a stable code; throw it in a handler and the caller catches one with the same fields. */
export class RpcError extends Error implements WireError {
  constructor(
    readonly code: string,
    message: string,
    readonly action = '',
    readonly retryable = false,
  ) {
    super(message);
    this.name = 'RpcError';
  }

  /** Any thrown value as an RpcError; what has no code of its own becomes "internal". */
  static from(thrown: unknown): RpcError {
    if (thrown instanceof RpcError) return thrown;
    const { code, message, action, retryable } = Object(thrown) as Partial<Record<keyof WireError, unknown>>;
    return new RpcError(
      typeof code === 'string' ? code : 'internal',
      typeof message === 'string' ? message : String(thrown),
      typeof action === 'string' ? action : '',
      retryable === true,
    );
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, action: this.action, retryable: this.retryable };
  }
}

/** The stream item of method K, `never` for methods that have no stream. */
type Chunk<Streams, K> = K extends keyof Streams ? Streams[K] : never;

export interface CallOptions<Item> {
  /** Aborting rejects the call at once with code "aborted" and tells the other side. */
  signal?: AbortSignal;
  /** Gets stream items in order, a batch at a time, always before the call resolves. */
  onChunks?: (items: Item[]) => void;
  /** Objects inside `params` to hand over instead of copying. */
  transfer?: Transferable[];
}

/** What a handler gets besides its parameters. */
export interface CallContext<Item> {
  /** Aborted when the caller gave up or the link was closed. */
  signal: AbortSignal;
  /** Sends a stream item: the first at once, later ones in one message every 16 ms. */
  push(item: Item): void;
}

export type Handlers<M extends Methods<M>, Streams = {}> = {
  [K in keyof M]: (
    params: M[K]['params'],
    context: CallContext<Chunk<Streams, K>>,
  ) => M[K]['result'] | Promise<M[K]['result']>;
}

/** Answers every method in one place; for relays, which know no method by name. */
export type Dispatch = (method: string, params: unknown, context: CallContext<unknown>) => unknown;

/** One event as it travels: its name and its data. */
export type EventEntry<E> = { [K in keyof E]: [name: K, data: E[K]] }[keyof E];

const BATCH_MS = 16;
const handedOver = new WeakMap<object, Transferable[]>();

/** Marks objects inside a handler's result to be handed over instead of copied: `return transfer(result, [buffer])`. */
export function transfer<T extends object>(result: T, objects: Transferable[]): T {
  handedOver.set(result, objects);
  return result;
}

interface Message {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: WireError;
  chunks?: unknown[];
  abort?: true;
  events?: [string, unknown][];
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: RpcError): void;
  onChunks: ((items: never[]) => void) | undefined;
}

/** Collects the stream items of one call into batches. */
class Batch {
  private items: unknown[] = [];
  private sentAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (items: unknown[]) => void) {}

  push(item: unknown): void {
    this.items.push(item);
    const wait = this.sentAt + BATCH_MS - performance.now();
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.items.length === 0) return;
    const items = this.items;
    this.items = [];
    this.sentAt = performance.now();
    this.send(items);
  }
}

/**
 * One end of a link.
 *
 * `Remote` are the methods that the other end answers, `Local` the ones that this end answers, `Events` the events in
 * either direction, `Streams` the stream items by method.
 */
export class Rpc<
  Remote extends Methods<Remote> = {},
  Local extends Methods<Local> = {},
  Events extends object = {},
  Streams extends object = {},
> {
  private lastId = 0;
  private readonly pending = new Map<number, PendingCall>();
  private readonly running = new Map<number, AbortController>();
  private dispatch: Dispatch | undefined;
  private hear: ((events: EventEntry<Events>[]) => void) | undefined;
  private closed: RpcError | undefined;

  constructor(private readonly port: Port) {
    port.addEventListener('message', this.receive);
    port.start?.();
  }

  /** Asks the other end. Rejects with an RpcError that has the code of what was thrown there. */
  call<K extends keyof Remote & string>(
    method: K,
    params: Remote[K]['params'],
    options: CallOptions<Chunk<Streams, K>> = {},
  ): Promise<Remote[K]['result']> {
    const { signal, onChunks } = options;
    if (this.closed) return Promise.reject(this.closed);
    if (signal?.aborted) return Promise.reject(aborted());
    const id = ++this.lastId;
    const settled = new AbortController();
    const answer = new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, onChunks });
      signal?.addEventListener('abort', () => {
        this.port.postMessage({ id, abort: true }, []);
        this.settle(id)?.reject(aborted());
      }, { once: true, signal: settled.signal });
      try {
        this.port.postMessage({ id, method, params }, options.transfer ?? []);
      } catch (thrown) {
        this.settle(id)?.reject(RpcError.from(thrown));
      }
    });
    return answer.finally(() => settled.abort());
  }

  /** Answers the other end's calls; without it every call is answered with "unknown_method". */
  serve(handlers: Handlers<Local, Streams> | Dispatch): void {
    if (typeof handlers === 'function') {
      this.dispatch = handlers as Dispatch;
      return;
    }
    const table = handlers as Record<string, (params: unknown, context: CallContext<unknown>) => unknown>;
    this.dispatch = (method, params, context) => {
      const handler = Object.hasOwn(table, method) ? table[method] : undefined;
      if (!handler) throw unknownMethod(method);
      return handler.call(table, params, context);
    };
  }

  /** Tells the other end facts, in order, in one message. */
  emit(events: EventEntry<Events>[], transfer: Transferable[] = []): void {
    if (!this.closed) this.port.postMessage({ events }, transfer);
  }

  /** Sets who hears the other end's events. */
  onEvents(listener: (events: EventEntry<Events>[]) => void): void {
    this.hear = listener;
  }

  /** Ends this side: calls under way and later ones reject with `error`, handlers under way see their signal abort. */
  close(error: RpcError = new RpcError('closed', 'The connection was closed.')): void {
    if (this.closed) return;
    this.closed = error;
    this.port.removeEventListener('message', this.receive);
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(error);
    for (const controller of this.running.values()) controller.abort(error);
    this.running.clear();
  }

  private readonly receive = (event: MessageEvent): void => {
    const message = Object(event.data) as Message;
    if (message.events) {
      this.hear?.(message.events as unknown as EventEntry<Events>[]);
      return;
    }
    const { id } = message;
    if (typeof id !== 'number') return;
    if (message.method !== undefined) void this.answer(id, message.method, message.params);
    else if (message.abort) this.running.get(id)?.abort(aborted());
    else if (message.chunks) this.pending.get(id)?.onChunks?.(message.chunks as never[]);
    else if (message.error) this.settle(id)?.reject(RpcError.from(message.error));
    else this.settle(id)?.resolve(message.result);
  };

  private async answer(id: number, method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    const batch = new Batch((chunks) => this.reply(id, { chunks }));
    this.running.set(id, controller);
    try {
      if (!this.dispatch) throw unknownMethod(method);
      const context = { signal: controller.signal, push: (item: unknown) => batch.push(item) };
      const result = await this.dispatch(method, params, context);
      batch.flush();
      this.reply(id, { result }, handedOver.get(Object(result) as object));
    } catch (thrown) {
      batch.flush();
      this.reply(id, { error: RpcError.from(thrown).toWire() });
    } finally {
      this.running.delete(id);
    }
  }

  private reply(id: number, body: Message, transfer: Transferable[] = []): void {
    if (!this.closed) this.port.postMessage({ id, ...body }, transfer);
  }

  private settle(id: number): PendingCall | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    return call;
  }
}

function aborted(): RpcError {
  return new RpcError('aborted', 'Stopped on request.');
}

function unknownMethod(method: string): RpcError {
  return new RpcError('unknown_method', `There is no method "${method}".`);
}
