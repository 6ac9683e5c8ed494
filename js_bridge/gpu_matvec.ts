/**
 * A matrix times a vector on the graphics adapter, as a measure of what it does in a second: decoding is made of these.
 *
 * Owns the shader and its clock. Uses 32-bit floats, because not every adapter has others.
 */

import { adapterOf, type GpuDevice } from './webgpu';

const COLUMNS = 2048;
const ROWS = 4096;
const MEASURE_MS = 250;
const BUFFER = { storage: 0x80, copyTo: 0x8 };

const SHADER = /* wgsl */ `
@group(0) @binding(0) var<storage, read> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read> vector: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
var<workgroup> parts: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let width = ${COLUMNS / 4}u;
  var sum = 0.0;
  for (var column = local.x; column < width; column += 64u) {
    sum += dot(weights[group.x * width + column], vector[column]);
  }
  parts[local.x] = sum;
  workgroupBarrier();
  if (local.x == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) { total += parts[i]; }
    sums[group.x] = total;
  }
}`;

/** Billions of multiplications and additions a second; null without an adapter, or where it fails. */
export async function measureGpu(): Promise<number | null> {
  const adapter = await adapterOf();
  const device = await adapter?.requestDevice().catch(() => null);
  if (!device) return null;
  try {
    return await run(device);
  } catch {
    return null;
  } finally {
    device.destroy();
  }
}

async function run(device: GpuDevice): Promise<number> {
  const bufferOf = (count: number) => device.createBuffer({ size: 4 * count, usage: BUFFER.storage | BUFFER.copyTo });
  const buffers = [bufferOf(ROWS * COLUMNS), bufferOf(COLUMNS), bufferOf(ROWS)];
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: SHADER }), entryPoint: 'main' },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const batch = async (times: number): Promise<void> => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(ROWS);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  };
  await batch(1);
  const startedAt = performance.now();
  let done = 0;
  let elapsed = 0;
  for (let times = 1; elapsed < MEASURE_MS; times = Math.min(2 * times, 64)) {
    await batch(times);
    done += times;
    elapsed = performance.now() - startedAt;
  }
  return (2 * ROWS * COLUMNS * done) / (elapsed * 1e6);
}
