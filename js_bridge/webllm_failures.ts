/** What WebLLM and the graphics card throw, as errors for people. Owns the words; knows no engine. */

import { RpcError } from './rpc';
import type { Loss } from './webllm_gpu';

const SMALLER = 'Choose a smaller model, close other tabs that use the graphics card, or set a shorter context.';
export const OUT_OF_MEMORY = /out.?of.?(device.?|host.?)?memory|memory allocation|createBuffer|exceeds the (max|limit)/i;

const SHADERS = /shader ?module|shader compil|wgsl|compute ?pipeline/i;

/** The graphics card went away while a model was being loaded. */
export function lostWhileLoading({ why, outOfMemory }: Loss): RpcError {
  if (outOfMemory) return noRoom();
  const message = `The graphics card was taken away from the page while the model was loading${inBrackets(why)}.`;
  return new RpcError('model_load_failed', message, 'Press Retry. If this keeps happening, choose a smaller model.', true);
}

/** The graphics card went away, and a loaded model with it. */
export function lostWithModel({ why, outOfMemory }: Loss): RpcError {
  const message = outOfMemory ? 'The graphics card ran out of memory' : 'The graphics card was taken away from the page';
  const action = outOfMemory ? SMALLER : 'If this keeps happening, choose a smaller model.';
  return new RpcError('engine_crashed', `${message}${inBrackets(why)}.`, `The model is being loaded again. ${action}`, true);
}

/** Why a model could not be loaded. */
export function loadFailed(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { name = '', message = String(thrown) } = Object(thrown) as Partial<Error>;
  // WebLLM's words for it guess at a lack of memory, whatever it was.
  if (name === 'DeviceLostError') return lostWhileLoading({ why: '', outOfMemory: false });
  if (OUT_OF_MEMORY.test(message)) return noRoom();
  if (name === 'GPUPipelineError' || SHADERS.test(message)) {
    return new RpcError(
      'model_load_failed',
      `The graphics card's driver refused the programs of this model: ${message}`,
      'Update the browser and the driver, then press Retry; or choose a llama.cpp model, which also runs without a graphics card.',
      true,
    );
  }
  return new RpcError('model_load_failed', `WebLLM could not load the model: ${message}`, 'Press Retry.', true);
}

/** Why there is no answer, where nobody wished to stop. */
export function generationFailed(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { name = '', message = String(thrown) } = Object(thrown) as Partial<Error>;
  // What waits for a graphics card that goes away ends so.
  if (name === 'AbortError') return lostWithModel({ why: '', outOfMemory: false });
  if (name === 'ContextWindowSizeExceededError') {
    return new RpcError('message_too_long', 'The conversation does not fit into the context window of this model.');
  }
  if (name === 'ModelNotLoadedError' || OUT_OF_MEMORY.test(message)) {
    return new RpcError('engine_crashed', 'The graphics card ran out of memory or was reset.', SMALLER, true);
  }
  if (thrown instanceof WebAssembly.RuntimeError) return new RpcError('engine_crashed', message, '', true);
  return new RpcError('generation_failed', message);
}

function noRoom(): RpcError {
  return new RpcError('out_of_memory', "The model does not fit into the graphics card's memory.", SMALLER);
}

function inBrackets(why: string): string {
  return why.trim() ? ` (${why.trim()})` : '';
}
