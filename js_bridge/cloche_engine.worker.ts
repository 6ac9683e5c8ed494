/**
 * The thread in which Cloche's own engine computes.
 *
 * Owns the WebAssembly instance: gives it the model's files and what was kept of earlier prompts, lets it compute step by
 * step, and looks between two steps whether it is to stop. Where memory can be shared, the engine itself looks at `stop`
 * while it computes, and other threads (engine_thread.worker.ts) help it. What the steps bring goes out as it is;
 * cloche_engine.ts makes sense of it, and ends this thread when something goes wrong.
 */

import type { RankTexts } from './contract.gen';
import { type EngineInstance, startInstance } from './engine_instance';
import { PromptFiles, type PromptPlace } from './prompt_files';
import { Rpc, RpcError } from './rpc';
import type { ReadableFile, WritableFile } from './wasi';

declare const self: DedicatedWorkerGlobalScope;

/** A file by the name the engine opens it by; `handle` where it lies in OPFS. */
export interface EngineFile {
  name: string;
  file: Blob;
  handle: FileSystemFileHandle | undefined;
}

export interface LoadRequest {
  module: WebAssembly.Module;
  files: EngineFile[];
  /** One integer that is not 0 when the running request is to end, 2 when nobody wants the engine any more. */
  stop: Int32Array;
  /** How many other threads there are to be. */
  helpers: number;
  /** Where prompts are kept; undefined: nowhere. */
  prompts: PromptPlace | undefined;
  /** What engine/glue.cpp's `cloche_load` takes. */
  request: Record<string, unknown>;
}

export interface Loaded {
  context_window: number;
  images: boolean;
  /** Those that read. */
  threads: number;
  memory_bytes: number;
}

/** What one step brought; `chunks` are OpenAI's, or what glue.cpp's `cloche_embed` and `cloche_rerank` name. */
export interface Step {
  chunks: unknown[];
  tokens: number[];
  done: boolean;
  image_ms: number;
  /** Tokens of all pictures of the request. */
  image_tokens: number;
  /** What the instance holds; it never gives any back. */
  memory_bytes: number;
  /** The number of the kept prompt that was brought back, -1 for none, and those that could not be. */
  restored: number;
  broken: number[];
}

export type EngineMethods = {
  load: { params: LoadRequest; result: Loaded };
  chat: { params: Record<string, unknown>; result: null };
  embed: { params: { texts: string[] }; result: null };
  rerank: { params: RankTexts; result: null };
  count: { params: { text: string }; result: number };
  /** Keeps what was read last, where there is a place and room for it. */
  keep: { params: null; result: null };
  /** Ends the running request after the step it is in. */
  stop: { params: null; result: null };
};
export type EngineStreams = { chat: Step; embed: Step; rerank: Step };
/** Lines that the engine writes. */
export type EngineEvents = { line: string };

/** What a helping thread is given. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** The end of its stack, where its own variables begin. */
  place: number;
  /** Where it notes that it has failed. */
  failure: number;
  /** The same as the engine's. */
  stop: Int32Array;
}

type Beginning = 'cloche_chat' | 'cloche_embed' | 'cloche_rerank';
type Call = Beginning | 'cloche_load' | 'cloche_step' | 'cloche_cancel' | 'cloche_count' | 'cloche_keep' | 'cloche_know';

interface Answer {
  error?: { message: string; fatal?: boolean };
}

class Engine {
  private trap: Error | undefined;

  private constructor(private readonly instance: EngineInstance) {}

  static async start(
    module: WebAssembly.Module,
    files: ReadonlyMap<string, ReadableFile | WritableFile>,
    stop: Int32Array,
    helpers: number,
    onLine: (line: string) => void,
  ): Promise<Engine> {
    const engine = new Engine(await startInstance(module, files, () => Atomics.load(stop, 0), onLine));
    await Promise.all(Array.from({ length: helpers }, () => engine.help(module, stop)));
    return engine;
  }

  /** Starts a thread that helps; the engine itself waits until it is there. */
  private async help(module: WebAssembly.Module, stop: Int32Array): Promise<void> {
    const { exports, memory } = this.instance;
    const place = exports['cloche_thread_place']!() >>> 0;
    const failure = exports['cloche_thread_failure']!() >>> 0;
    const worker = new Worker(new URL('./engine_thread.worker.ts', import.meta.url), { type: 'module' });
    const ready = new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(event.message));
    });
    worker.postMessage({ module, memory, place, failure, stop } satisfies ThreadStart);
    return ready;
  }

  /** Calls one of glue.cpp's functions; throws "refused" with what it says. What is fatal ends the instance for good. */
  call<T>(name: Call, input = ''): T {
    if (this.trap) throw this.trap;
    let answer: Answer;
    try {
      answer = this.run(name, input);
    } catch (thrown) {
      throw (this.trap = thrown as Error);
    }
    if (answer.error?.fatal) throw (this.trap = new Error(answer.error.message));
    if (answer.error) throw new RpcError('refused', String(answer.error.message));
    return answer as T;
  }

  get memoryBytes(): number {
    return this.instance.memory.buffer.byteLength;
  }

  private run(name: Call, input: string): Answer {
    const { exports, memory } = this.instance;
    const bytes = new TextEncoder().encode(input);
    const at = exports['cloche_input']!(bytes.length) >>> 0;
    new Uint8Array(memory.buffer).set(bytes, at);
    const start = exports[name]!() >>> 0;
    const length = exports['cloche_output_size']!() >>> 0;
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, start, length).slice()));
  }
}

/** Locks that others may share are in browsers that have OPFS, but not yet in TypeScript's library. */
interface SharedFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(options?: { mode: 'read-only' }): Promise<FileSystemSyncAccessHandle>;
}

let engine: Engine | undefined;
/** The files of the engine's folder. */
let folder = new Map<string, ReadableFile | WritableFile>();
let prompts: PromptFiles | undefined;
let stop = new Int32Array(1);
let stopped = false;

/** Puts a turn of the message queue between two steps, so that a stop can come in and batches can go out. */
const turn = new MessageChannel();
const turned: (() => void)[] = [];
turn.port1.onmessage = () => turned.shift()?.();
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    turned.push(resolve);
    turn.port2.postMessage(null);
  });
}

interface OpenFile extends ReadableFile {
  close?(): void;
}

async function opened({ name, file, handle }: EngineFile): Promise<[string, OpenFile]> {
  // Where somebody else holds the file it is read as a Blob.
  const shared = (handle as SharedFileHandle | undefined)?.createSyncAccessHandle({ mode: 'read-only' });
  const access = await shared?.catch(() => undefined);
  if (access) {
    const read = (into: Uint8Array, at: number): number => access.read(into as never, { at });
    return [name, { size: file.size, read, close: () => access.close() }];
  }
  const reader = new FileReaderSync();
  const read = (into: Uint8Array, at: number): number => {
    const bytes = new Uint8Array(reader.readAsArrayBuffer(file.slice(at, at + into.length)));
    into.set(bytes);
    return bytes.length;
  };
  return [name, { size: file.size, read }];
}

/** One request from its beginning to its end. */
async function run(beginning: Beginning, request: object, push: (step: Step) => void): Promise<null> {
  const running = engine as Engine;
  stopped = false;
  running.call(beginning, JSON.stringify(request));
  for (;;) {
    const step = running.call<Omit<Step, 'memory_bytes'>>('cloche_step');
    push({ ...step, memory_bytes: running.memoryBytes });
    if (step.restored >= 0) await prompts?.touch(step.restored);
    for (const id of step.broken) await forget(id);
    if (step.done) return null;
    await nextTurn();
    if (stopped || Atomics.load(stop, 0) !== 0) {
      running.call('cloche_cancel');
      throw new RpcError('aborted', 'Stopped on request.');
    }
  }
}

/** The file that is being written. */
const KEPT = 'kept';
const promptName = (id: number): string => `prompt-${id}`;

/** Lets the engine know of a kept prompt; one that it cannot use, or does not need beside others, is deleted. */
async function know(id: number): Promise<void> {
  const files = prompts as PromptFiles;
  folder.set(promptName(id), files.readable(id));
  try {
    const tokens = await files.tokensOf(id);
    const { needless } = (engine as Engine).call<{ needless: number[] }>('cloche_know', JSON.stringify({ id, tokens }));
    for (const other of needless) await forget(other);
  } catch {
    await forget(id);
  }
}

async function forget(id: number): Promise<void> {
  folder.delete(promptName(id));
  await prompts?.forget(id);
}

const rpc = new Rpc<{}, EngineMethods, EngineEvents, EngineStreams>(self);
rpc.serve({
  async load({ module, files, stop: shared, helpers, prompts: place, request }) {
    stop = shared as Int32Array<ArrayBuffer>;
    const model = new Map(await Promise.all(files.map(opened)));
    folder = new Map(model);
    let loaded: Loaded;
    try {
      engine = await Engine.start(module, folder, stop, helpers, (line) => rpc.emit([['line', line]]));
      const told = engine.call<Omit<Loaded, 'memory_bytes'>>('cloche_load', JSON.stringify(request));
      loaded = { ...told, memory_bytes: engine.memoryBytes };
    } finally {
      // The engine has read everything; whoever wants to delete the files may.
      for (const file of model.values()) file.close?.();
    }
    prompts = place && (await PromptFiles.open(place));
    for (const id of prompts?.ids ?? []) await know(id);
    return loaded;
  },
  chat: (request, { push }) => run('cloche_chat', request, push),
  embed: (request, { push }) => run('cloche_embed', request, push),
  rerank: (request, { push }) => run('cloche_rerank', request, push),
  stop() {
    stopped = true;
    return null;
  },
  async keep() {
    const id = await prompts?.keep((file) => {
      folder.set(KEPT, file);
      (engine as Engine).call('cloche_keep', JSON.stringify({ path: `/${KEPT}` }));
    });
    folder.delete(KEPT);
    if (id !== undefined) await know(id);
    return null;
  },
  count: ({ text }) => (engine as Engine).call<{ tokens: number }>('cloche_count', text).tokens,
});
