/** What WebLLM and the graphics card throw, as errors for people. Owns the words; knows no engine. */

import { RpcError } from './rpc';

const SMALLER = 'Choose a smaller model, close other tabs that use the graphics card, or set a shorter context.';
const OUT_OF_MEMORY = /out of memory|memory allocation|DeviceLost|device (was|is) lost|createBuffer|exceeds the (max|limit)/i;

/** Why a model could not be loaded. */
export function loadFailed(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { name = '', message = String(thrown) } = Object(thrown) as Partial<Error>;
  if (name === 'DeviceLostError' || OUT_OF_MEMORY.test(message)) {
    return new RpcError('out_of_memory', "The model does not fit into the graphics card's memory.", SMALLER);
  }
  return new RpcError('model_load_failed', `WebLLM could not load the model: ${message}`, 'Press Retry.', true);
}

/** Why there is no answer. */
export function generationFailed(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { name = '', message = String(thrown) } = Object(thrown) as Partial<Error>;
  if (name === 'AbortError') return new RpcError('aborted', 'Stopped on request.');
  if (name === 'ContextWindowSizeExceededError') {
    return new RpcError('message_too_long', 'The conversation does not fit into the context window of this model.');
  }
  if (name === 'ModelNotLoadedError' || OUT_OF_MEMORY.test(message)) {
    return new RpcError('engine_crashed', 'The graphics card ran out of memory or was reset.', SMALLER, true);
  }
  if (thrown instanceof WebAssembly.RuntimeError) return new RpcError('engine_crashed', message, '', true);
  return new RpcError('generation_failed', message);
}
