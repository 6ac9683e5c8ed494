/**
 * What the tests of the engine share: starting the real workers, the starter model's files, pictures to ask about.
 *
 * Owns no expectations.
 */

import { inject } from 'vitest';
import type {
  ChatMessage,
  ChatRequest,
  EngineOptions,
  FetchFiles,
  LoadModel,
  ModelCard,
  ModelFile,
  Streams,
  Workers,
} from '../../js_bridge/contract.gen';
import { Rpc } from '../../js_bridge/rpc';

declare module 'vitest' {
  interface ProvidedContext {
    /** vitest.config.ts says how it is asked for. */
    long: boolean;
  }
}

/** Whether tests that can go on for many minutes are to do so, and how long they may take. */
export const LONG = inject('long');
export const LONGEST_MS = LONG ? 3_600_000 : 60_000;
export const BASE = location.origin;
/** The starter model's card, from the test server as from the app's. */
export const CARD = (await (await fetch('/models/starter/card.json')).json()) as ModelCard;
export const STARTER: ModelFile[] = CARD.files;
export const [WEIGHTS, PROJECTOR] = STARTER as [ModelFile, ModelFile];

/** Whether Cloche's own engine is what runs here; otherwise it is wllama. */
export const OWN_ENGINE: boolean = 'files' in (await (await fetch('/engine/engine.json')).json());

export type EngineLink = Rpc<Workers['llamacpp'], {}, {}, Streams>;
export type DownloadsLink = Rpc<Workers['downloads'], {}, {}, Streams>;

const running = new Set<Worker>();

export function startEngine(): EngineLink {
  return new Rpc(keep(new Worker(new URL('../../js_bridge/llamacpp.worker.ts', import.meta.url), { type: 'module' })));
}

export interface GlassEngine {
  engine: EngineLink;
  /** Makes its WASM abort. */
  blow(): void;
  /** Makes its instance fall silent. */
  hang(): void;
  /** Lets its instance die of the next stop; only Cloche's own engine can. */
  makeBrittle(): void;
  /** Resolves when its instance has been asked for this action `times` times from now on. */
  acts(action: 'load' | 'completion' | 'get_result', times?: number): Promise<void>;
}

/** The engine with a fuse and a window. */
export function startGlassEngine(): GlassEngine {
  const worker = keep(new Worker(new URL('./llamacpp_with_fuse.worker.ts', import.meta.url), { type: 'module' }));
  return {
    engine: new Rpc(worker),
    blow: () => worker.postMessage({ fuse: 'blow' }),
    hang: () => worker.postMessage({ fuse: 'hang' }),
    makeBrittle: () => worker.postMessage({ fuse: 'brittle' }),
    acts: (action, times = 1) =>
      new Promise((resolve) => {
        let left = times;
        const watch = ({ data }: MessageEvent<{ acted?: string }>): void => {
          if (data.acted !== action || --left > 0) return;
          worker.removeEventListener('message', watch);
          resolve();
        };
        worker.addEventListener('message', watch);
      }),
  };
}

export function startDownloads(): DownloadsLink {
  return new Rpc(keep(new Worker(new URL('../../js_bridge/downloads.worker.ts', import.meta.url), { type: 'module' })));
}

/** Ends every worker that was started; their files in OPFS are free then. */
export function stopWorkers(): void {
  for (const worker of running) worker.terminate();
  running.clear();
}

export function keep(worker: Worker): Worker {
  running.add(worker);
  return worker;
}

/** Brings the starter model, or files in its manner, into OPFS. */
export async function fetchStarter(files: ModelFile[] = STARTER): Promise<void> {
  await startDownloads().call('files.fetch', fetchOf(files));
}

/** No advanced setting is chosen. */
export const AS_IT_COMES: EngineOptions = {
  context_window: null,
  threads: null,
  gpu_layers: null,
  batch: null,
  cache_type: null,
  adapter_scale: null,
  engine: null,
};

export function fetchOf(files: ModelFile[], modelId = 'starter'): FetchFiles {
  return { model_id: modelId, base_url: BASE, files };
}

export function loadOf(files: ModelFile[] = STARTER, threads: number | null = null, modelId = 'starter'): LoadModel {
  return { model_id: modelId, files, context_window: 2048, purpose: 'chat', options: { ...AS_IT_COMES, threads } };
}

/** A request with one message and no randomness. */
export function ask(content: NonNullable<ChatMessage['content']>, more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    messages: [{ role: 'user', content, tool_calls: null, tool_call_id: null }],
    tools: null,
    max_tokens: 60,
    temperature: 0,
    top_p: null,
    top_k: null,
    min_p: null,
    seed: null,
    stop: null,
    response_format: null,
    ...more,
  };
}

/** Asks for an answer that goes on until it is stopped: a list of 400 numbers. */
export function askForMuch(): ChatRequest {
  const schema = { type: 'array', items: { type: 'integer', minimum: 1000, maximum: 9999 }, minItems: 400 };
  return ask('Hello', {
    max_tokens: 1900,
    response_format: { type: 'json_schema', json_schema: { name: 'numbers', schema } },
  });
}

/** Words that take a while to read: about `count` times two tokens. */
export function words(count: number): string {
  return Array.from({ length: count }, (_, i) => `shape ${i % 10}`).join(' ');
}

/** A picture of one filled circle on white. */
export async function circle(color: string, width = 320, height = 240, type = 'image/png'): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(width, height);
  const brush = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  brush.fillStyle = 'white';
  brush.fillRect(0, 0, width, height);
  brush.fillStyle = color;
  brush.beginPath();
  brush.arc(width / 2, height / 2, height / 4, 0, 2 * Math.PI);
  brush.fill();
  return new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer());
}

export function withPicture(data: Uint8Array, text: string): ChatRequest {
  return ask([
    { type: 'image', data },
    { type: 'text', text },
  ]);
}

/** Writes a file of a model into OPFS as it is, past all checks, and describes it. */
export async function plant(
  name: string,
  contents: Blob,
  role: ModelFile['role'],
  modelId = 'starter',
): Promise<ModelFile> {
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
  const folder = await models.getDirectoryHandle(modelId, { create: true });
  const writer = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await writer.write(contents);
  await writer.close();
  return { role, name, url: `planted/${name}`, size: contents.size, sha256: '' };
}

/** The bytes of a model's file in OPFS, or undefined. */
export async function planted(name: string, modelId = 'starter'): Promise<Uint8Array | undefined> {
  try {
    const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    const handle = await (await models.getDirectoryHandle(modelId)).getFileHandle(name);
    return new Uint8Array(await (await handle.getFile()).arrayBuffer());
  } catch {
    return undefined;
  }
}

export async function clearStorage(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for (const name of ['models', 'prompts']) await root.removeEntry(name, { recursive: true }).catch(() => undefined);
}
