/**
 * The graphics card as WebLLM needs it: whether there is one that can do it, and when it is lost.
 *
 * Owns the questions to the browser before anything is loaded, and an eye on the device that WebLLM asks for. WebLLM
 * itself looks only after it has read half of a model, and tells nobody when the device goes.
 */

import { RpcError } from './rpc';
import { adapterOf, type GpuAdapter } from './webgpu';

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

/** Calls `lost` when a device goes away that somebody has asked for, unless it was destroyed on purpose. */
export function watchDevices(lost: (why: string) => void): void {
  const { GPUAdapter } = self as unknown as { GPUAdapter?: { prototype: GpuAdapter } };
  if (!GPUAdapter) return;
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (this: GpuAdapter, descriptor) {
    const device = await requestDevice.call(this, descriptor);
    void device.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') lost(message);
    });
    return device;
  };
}

function refused(why: string, action = CHOOSE): RpcError {
  return new RpcError('model_load_failed', `This model needs WebGPU, and ${why}.`, action, false);
}
