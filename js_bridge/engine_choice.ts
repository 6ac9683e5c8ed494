/**
 * Which build of llama.cpp runs a model: Cloche's own engine or wllama.
 *
 * Owns the rule. Cloche's engine is several times faster on the processor; wllama can use the GPU, and
 * is there where Cloche's engine has not been built or the browser cannot run it.
 */

import { describeDevice } from './capabilities';
import { ClocheEngine, engineCode } from './cloche_engine';
import type { LlamaEngine, LoadOptions } from './llama_engine';
import { LlamaInstance } from './llama_instance';

export type MakeEngine = () => LlamaEngine;

/** How to make an instance for a model; asked again after a crash, it makes another one of the same kind. */
export async function chooseEngine({ advanced }: LoadOptions): Promise<MakeEngine> {
  const code = await engineCode();
  if (!code || advanced.engine === 'wllama' || (advanced.gpu_layers !== 0 && (await hasUsefulGpu()))) return () => new LlamaInstance();
  return () => new ClocheEngine(code);
}

/** wllama's GPU code needs half floats; a GPU in software is slower than the processor. */
async function hasUsefulGpu(): Promise<boolean> {
  const { gpu, gpu_software, gpu_features } = await describeDevice();
  return gpu && !gpu_software && gpu_features.includes('shader-f16');
}
