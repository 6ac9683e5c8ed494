/**
 * The part of WebGPU that is asked here; TypeScript's library does not have it.
 *
 * Owns these types and the request for an adapter. Engines bring WebGPU code of their own.
 */

export interface GpuAdapter {
  features: ReadonlySet<string>;
  limits: {
    maxStorageBufferBindingSize: number;
    maxStorageBuffersPerShaderStage: number;
    maxComputeWorkgroupStorageSize: number;
  };
  info?: { vendor: string; architecture: string; description: string; isFallbackAdapter?: boolean };
  requestDevice(descriptor?: unknown): Promise<GpuDevice>;
}

export interface GpuDevice {
  lost: Promise<{ reason?: string; message: string }>;
  queue: { submit(commands: unknown[]): void; onSubmittedWorkDone(): Promise<void> };
  createBuffer(of: { size: number; usage: number }): unknown;
  createShaderModule(of: { code: string }): unknown;
  createComputePipelineAsync(of: object): Promise<{ getBindGroupLayout(index: number): unknown }>;
  createBindGroup(of: object): unknown;
  createCommandEncoder(): { beginComputePass(): ComputePass; finish(): unknown };
  popErrorScope(): Promise<GpuError | null>;
  addEventListener(event: 'uncapturederror', heard: (event: { error: GpuError }) => void): void;
  destroy(): void;
}

export interface GpuError {
  message: string;
}

interface ComputePass {
  setPipeline(pipeline: unknown): void;
  setBindGroup(index: number, group: unknown): void;
  dispatchWorkgroups(count: number): void;
  end(): void;
}

/** The adapter that the browser gives, null where it gives none. */
export async function adapterOf(options?: { powerPreference: 'high-performance' }): Promise<GpuAdapter | null> {
  const { gpu } = navigator as { gpu?: { requestAdapter(options?: object): Promise<GpuAdapter | null> } };
  return (await gpu?.requestAdapter(options).catch(() => null)) ?? null;
}
