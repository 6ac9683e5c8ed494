/**
 * What this browser and this machine can do, as far as the app has to know.
 *
 * Owns the questions to the browser; what follows from the answers is decided elsewhere. Works in the page and in
 * workers.
 */

export interface Capabilities {
  /** SharedArrayBuffer is there, so the engine can use more than one thread. */
  isolated: boolean;
  /** Processors the browser admits to. */
  processors: number;
  /** Memory in GB as the browser rounds it, null where it does not tell. */
  memory_gb: number | null;
  webgpu: WebGpuCapabilities;
  /** Files can be written in place in the origin's private file system, so that sessions and models are kept. */
  file_storage: boolean;
  storage: { used_bytes: number; quota_bytes: number; persisted: boolean };
}

export interface WebGpuCapabilities {
  adapter: boolean;
  /** The engine's GPU code needs it; without it everything runs on the processor. */
  shader_f16: boolean;
  software: boolean;
  description: string;
}

/** The part of WebGPU that is asked here; TypeScript's library does not have it. */
interface Gpu {
  requestAdapter(): Promise<GpuAdapter | null>;
}
interface GpuAdapter {
  features: ReadonlySet<string>;
  info?: { vendor: string; architecture: string; description: string; isFallbackAdapter?: boolean };
}

export async function capabilities(): Promise<Capabilities> {
  const [webgpu, file_storage, storage] = await Promise.all([webGpu(), fileStorage(), storageUse()]);
  return {
    isolated: isIsolated(),
    processors: processors(),
    memory_gb: (navigator as { deviceMemory?: number }).deviceMemory ?? null,
    webgpu,
    file_storage,
    storage,
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

async function webGpu(): Promise<WebGpuCapabilities> {
  const none = { adapter: false, shader_f16: false, software: false, description: '' };
  const { gpu } = navigator as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return none;
  const { vendor = '', architecture = '', description = '', isFallbackAdapter = false } = adapter.info ?? {};
  return {
    adapter: true,
    shader_f16: adapter.features.has('shader-f16'),
    software: isFallbackAdapter || architecture === 'swiftshader',
    description: [vendor, architecture, description].filter(Boolean).join(' '),
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

async function storageUse(): Promise<Capabilities['storage']> {
  try {
    const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([
      navigator.storage.estimate(),
      navigator.storage.persisted(),
    ]);
    return { used_bytes: usage, quota_bytes: quota, persisted };
  } catch {
    return { used_bytes: 0, quota_bytes: 0, persisted: false };
  }
}
