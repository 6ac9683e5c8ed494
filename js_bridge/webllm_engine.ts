/**
 * WebLLM with one model: from load to unload, or to the loss of the graphics card.
 *
 * Owns the package's engine and its settings. Whose turn it is and what follows from a lost device is webllm.worker.ts;
 * what the files are is webllm_shelf.ts, its failures in words webllm_failures.ts.
 */

import { MLCEngine, ModelType, prebuiltAppConfig, type ModelRecord } from '@mlc-ai/web-llm';
import { version } from '@mlc-ai/web-llm/package.json';
import type { ChatRequest, Completion, Delta, EngineInfo, LoadModel } from './contract.gen';
import { RpcError } from './rpc';
import { generationFailed, loadFailed } from './webllm_failures';
import { requireGpu } from './webllm_gpu';
import { stageOf, toWebLlm, WebLlmAnswer } from './webllm_request';
import { addressOf, type Shelf, type ShelfPicture } from './webllm_shelf';

export interface CompletionOptions {
  signal: AbortSignal;
  startedAt: number;
  onDelta(delta: Delta): void;
}

/** What is read of the model's own settings. */
interface Config {
  context_window_size: number;
  sliding_window_size: number;
  quantization?: string;
}

/** What WebLLM's types keep to themselves. */
interface Pipeline {
  readonly tokenizer: { encode(text: string): Int32Array };
  readonly filledKVCacheLength: number;
  readonly outputIds: readonly number[];
  getCurRoundDecodingTotalTokens(): number;
  /** Tokens of a picture of this size in pixels; only of models that see. */
  computeImageEmbedSize(height: number, width: number): number;
  resetChat(): void;
}

const CONFIG = 'mlc-chat-config.json';

export class WebLlmEngine {
  private readonly engine: MLCEngine;
  private images = false;

  private constructor(
    private readonly shelf: Shelf,
    private readonly record: ModelRecord,
    private readonly progress: (stage: string) => void,
  ) {
    this.engine = new MLCEngine({
      appConfig: { cacheBackend: 'opfs', opfsAccessMode: 'auto', model_list: [record] },
      initProgressCallback: (report) => this.progress(stageOf(report)),
      logLevel: 'WARN',
    });
  }

  /** Loads the model and lets it answer once, so that the first real answer does not wait for the graphics card. */
  static async load(
    request: LoadModel,
    files: readonly File[],
    shelf: Shelf,
    progress: (stage: string) => void,
  ): Promise<{ engine: WebLlmEngine; info: EngineInfo }> {
    const startedAt = performance.now();
    const config = await configOf(files);
    const record = recordOf(request, config);
    await requireGpu(record.required_features ?? []);
    await shelf.show(request.model_id, files);
    const engine = new WebLlmEngine(shelf, record, progress);
    const contextWindow = request.options.context_window ?? request.context_window;
    try {
      const slides = config.sliding_window_size > 0;
      await engine.engine.reload(record.model_id, slides ? {} : { context_window_size: contextWindow });
      progress('Warming up');
      await engine.warmUp();
    } catch (thrown) {
      await engine.unload();
      throw loadFailed(thrown);
    }
    engine.images = record.model_type === ModelType.VLM;
    const info: EngineInfo = {
      engine: `WebLLM ${version}`,
      backend: 'webgpu',
      threads: 1,
      context_window: slidingOr(config, contextWindow),
      images: engine.images,
      encoder: null,
      load_ms: performance.now() - startedAt,
      memory_bytes: null,
    };
    return { engine, info };
  }

  async complete(request: ChatRequest, { signal, startedAt, onDelta }: CompletionOptions): Promise<Completion> {
    const hasImages = request.messages.some(
      ({ content }) => Array.isArray(content) && content.some(({ type }) => type === 'image'),
    );
    if (hasImages && !this.images) {
      throw new RpcError(
        'image_unsupported',
        'This model reads text only; it cannot see pictures.',
        'Choose a model that sees pictures, or remove the picture.',
      );
    }
    const answer = new WebLlmAnswer(startedAt);
    const pictures: ShelfPicture[] = [];
    const stop = (): void => void this.engine.interruptGenerate();
    try {
      const asked = await toWebLlm(request, async ({ data }) => {
        const picture = await this.shelf.addPicture(data as Uint8Array<ArrayBuffer>);
        pictures.push(picture);
        return picture.url;
      });
      signal.throwIfAborted();
      const chunks = await this.engine.chat.completions.create(asked);
      signal.addEventListener('abort', stop);
      for await (const chunk of chunks) {
        // A stop that comes before the first token is forgotten by the engine when it begins.
        if (signal.aborted) stop();
        const delta = answer.add(chunk);
        if (delta) onDelta(delta);
      }
    } catch (thrown) {
      signal.throwIfAborted();
      throw generationFailed(thrown);
    } finally {
      signal.removeEventListener('abort', stop);
      this.shelf.dropPictures();
    }
    signal.throwIfAborted();
    const { pipeline } = this;
    const imageTokens = pictures.map(({ height, width }) => pipeline.computeImageEmbedSize(height, width));
    return answer.complete({
      prompt_tokens: pipeline.filledKVCacheLength - pipeline.getCurRoundDecodingTotalTokens(),
      image_tokens: imageTokens.reduce((sum, tokens) => sum + tokens, 0),
      // A LogitProcessor is told them, too, but for its sake all logits of every token leave the graphics card.
      token_ids: request.token_ids ? [...pipeline.outputIds] : [],
    });
  }

  /** Tokens of a text. */
  countTokens(text: string): number {
    return this.pipeline.tokenizer.encode(text).length;
  }

  /** Frees the graphics card's memory. */
  async unload(): Promise<void> {
    await this.engine.unload().catch(() => undefined);
  }

  private get pipeline(): Pipeline {
    const { loadedModelIdToPipeline } = this.engine as unknown as { loadedModelIdToPipeline: Map<string, Pipeline> };
    const pipeline = loadedModelIdToPipeline.get(this.record.model_id);
    if (!pipeline) throw new RpcError('engine_crashed', 'The engine has lost its model.', '', true);
    return pipeline;
  }

  private async warmUp(): Promise<void> {
    await this.engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2 });
    this.pipeline.resetChat();
  }
}

async function configOf(files: readonly File[]): Promise<Config> {
  try {
    return JSON.parse((await files.find(({ name }) => name === CONFIG)?.text()) ?? '') as Config;
  } catch {
    throw new RpcError('model_load_failed', `${CONFIG} of this model is missing or cannot be read.`, 'Fetch it again.');
  }
}

/** The model as WebLLM's list has it, at our addresses; a model that the list does not know speaks for itself. */
function recordOf(request: LoadModel, config: Config): ModelRecord {
  const known = prebuiltAppConfig.model_list.find(
    ({ model_id }) => model_id.toLowerCase().replace(/[^a-z0-9._-]/g, '-') === request.model_id,
  );
  const library = request.files.find(({ role }) => role === 'library');
  if (!library) throw new RpcError('model_load_failed', "The model's card names no library for WebLLM.");
  const required = new Set(known?.required_features);
  if (config.quantization?.includes('f16')) required.add('shader-f16');
  const { overrides, model_type } = known ?? {};
  return {
    model_id: request.model_id,
    model: addressOf(request.model_id),
    model_lib: new URL(encodeURIComponent(library.name), addressOf(request.model_id)).href,
    required_features: [...required],
    ...(overrides && { overrides }),
    ...(model_type !== undefined && { model_type }),
  };
}

function slidingOr(config: Config, contextWindow: number): number {
  return config.sliding_window_size > 0 ? config.sliding_window_size : contextWindow;
}
