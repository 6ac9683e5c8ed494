/**
 * The graphics card as WebLLM needs it: whether there is one that can do it, and when it is lost.
 *
 * Owns the questions to the browser before anything is loaded, and an eye on the device that WebLLM asks for. WebLLM
 * itself looks only after it has read half of a model, and tells nobody when the device goes.
 */

import { RpcError } from './rpc';
import { adapterOf, type GpuAdapter, type GpuError } from './webgpu';
import { OUT_OF_MEMORY } from './webllm_failures';

const CHOOSE = 'Choose a model that runs on the processor (llama.cpp).';

/** Fails with the reason when this browser cannot run a model that needs these features. */
export async function requireGpu(features: readonly string[]): Promise<void> {
  if (!('gpu' in navigator)) throw refused('this browser has no WebGPU');
  const adapter = await adapterOf({ powerPreference: 'high-performance' });
  if (!adapter) throw refused('this browser gives no graphics adapter (it may be switched off, or the driver blocked)');
  const missing = features.find((feature) => !adapter.features.has(feature));
  if (missing === 'shader-f16') {
    throw refused(
      'this graphics card cannot compute with 16-bit numbers (shader-f16)',
      'Choose a model whose name has "q4f32", or one that runs on the processor (llama.cpp).',
    );
  }
  if (missing) throw refused(`this graphics card lacks "${missing}"`);
}

/** How a device went away; `why` is the browser's word, "" where it has none. */
export interface Loss {
  why: string;
  outOfMemory: boolean;
}

/**
 * Calls `lost` when a device goes away that somebody has asked for, unless it was destroyed on purpose.
 *
 * WebLLM destroys the device itself when a buffer finds no room, which looks like purpose; what waits for the card then
 * ends as if it had been stopped, or never. So what its error scopes bring is the end of the device already, and so is a
 * lack of memory that no scope catches.
 */
export function watchDevices(lost: (loss: Loss) => void): void {
  const { GPUAdapter } = self as unknown as { GPUAdapter?: { prototype: GpuAdapter } };
  if (!GPUAdapter) return;
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (this: GpuAdapter, descriptor) {
    const device = await requestDevice.call(this, descriptor);
    let over = false;
    const end = (error: GpuError): void => {
      if (!over) lost({ why: error.message, outOfMemory: isOutOfMemory(error) });
      over = true;
    };
    const popErrorScope = device.popErrorScope.bind(device);
    device.popErrorScope = async () => {
      const error = await popErrorScope();
      if (error) end(error);
      return error;
    };
    device.addEventListener('uncapturederror', ({ error }) => {
      if (!isOutOfMemory(error)) return;
      end(error);
      device.destroy();
    });
    void device.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') end({ message });
    });
    return device;
  };
}

/** By its kind; drivers that take the whole card away have only words for it. */
function isOutOfMemory(error: GpuError): boolean {
  return error.constructor.name === 'GPUOutOfMemoryError' || OUT_OF_MEMORY.test(error.message);
}

function refused(why: string, action = CHOOSE): RpcError {
  return new RpcError('model_load_failed', `This model needs WebGPU, and ${why}.`, action, false);
}
