/**
 * What this browser and this machine can do, as far as the app has to know.
 *
 * Owns the questions to the browser; what follows from the answers is decided elsewhere. Works in the page and in
 * workers.
 */

import type { Device } from './contract.gen';
import { adapterOf } from './webgpu';

/** The facts, as far as the browser tells them. */
export async function describeDevice(): Promise<Omit<Device, 'fast_engine'>> {
  const [gpu, file_storage, storage] = await Promise.all([webGpu(), fileStorage(), storageUse()]);
  return {
    isolated: isIsolated(),
    processors: processors(),
    memory_gb: (navigator as { deviceMemory?: number }).deviceMemory ?? null,
    ...gpu,
    file_storage,
    ...storage,
  };
}

export function isIsolated(): boolean {
  return globalThis.crossOriginIsolated && typeof SharedArrayBuffer === 'function';
}

/**
 * Threads for the engine: half the processors, because llama.cpp's threads wait for each other in busy loops and one
 * without a processor of its own makes all of them many times slower. One without isolation.
 */
export function defaultThreads(): number {
  return isIsolated() ? Math.max(1, Math.floor(processors() / 2)) : 1;
}

function processors(): number {
  return navigator.hardwareConcurrency || 1;
}

type Gpu = Pick<
  Device,
  'gpu' | 'gpu_software' | 'gpu_description' | 'gpu_features' | 'gpu_buffer_bytes' | 'gpu_stage_buffers' | 'gpu_workgroup_bytes'
>;

const NO_GPU: Gpu = {
  gpu: false,
  gpu_software: false,
  gpu_description: '',
  gpu_features: [],
  gpu_buffer_bytes: 0,
  gpu_stage_buffers: 0,
  gpu_workgroup_bytes: 0,
};

async function webGpu(): Promise<Gpu> {
  const adapter = await adapterOf();
  if (!adapter) return NO_GPU;
  const { vendor = '', architecture = '', description = '', isFallbackAdapter = false } = adapter.info ?? {};
  return {
    gpu: true,
    gpu_software: isFallbackAdapter || architecture === 'swiftshader',
    gpu_description: [vendor, architecture, description].filter(Boolean).join(' '),
    gpu_features: [...adapter.features].sort(),
    gpu_buffer_bytes: adapter.limits.maxStorageBufferBindingSize,
    gpu_stage_buffers: adapter.limits.maxStorageBuffersPerShaderStage,
    gpu_workgroup_bytes: adapter.limits.maxComputeWorkgroupStorageSize,
  };
}

async function fileStorage(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
  } catch {
    return false;
  }
  // Pages do not see the synchronous handles that workers have; the asynchronous ones come with them.
  return 'FileSystemFileHandle' in globalThis;
}

async function storageUse(): Promise<Pick<Device, 'used_bytes' | 'quota_bytes'>> {
  try {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { used_bytes: usage, quota_bytes: quota };
  } catch {
    return { used_bytes: 0, quota_bytes: 0 };
  }
}
