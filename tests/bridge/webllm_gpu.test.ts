/** Which losses of a graphics card are told, and as what, with a card of our own: real ones are in tests/e2e/test_webllm.py. */

import { afterEach, expect, test, vi } from 'vitest';
import type { GpuAdapter, GpuDevice, GpuError } from '../../js_bridge/webgpu';
import { type Loss, watchDevices } from '../../js_bridge/webllm_gpu';

class GPUOutOfMemoryError implements GpuError {
  readonly message = 'There is no room for a buffer.';
}

class Device extends EventTarget {
  readonly end = Promise.withResolvers<{ reason: string; message: string }>();
  readonly lost = this.end.promise;
  scopes: (GpuError | null)[] = [];

  async popErrorScope(): Promise<GpuError | null> {
    return this.scopes.pop() ?? null;
  }

  destroy(): void {
    this.end.resolve({ reason: 'destroyed', message: 'Device was destroyed.' });
  }
}

afterEach(() => vi.unstubAllGlobals());

/** A device that is watched, and what is told of its loss before `over` settles. */
async function watched(): Promise<{ device: Device; told: Loss[]; over: Promise<unknown> }> {
  const made = new Device();
  class GPUAdapter {
    async requestDevice(): Promise<GpuDevice> {
      return made as unknown as GpuDevice;
    }
  }
  vi.stubGlobal('GPUAdapter', GPUAdapter);
  const told: Loss[] = [];
  watchDevices((loss) => told.push(loss));
  const device = (await (new GPUAdapter() as unknown as GpuAdapter).requestDevice()) as unknown as Device;
  return { device, told, over: device.lost.then(() => undefined) };
}

test('a card that the system takes away is told with its reason; words of memory are understood', async () => {
  const one = await watched();
  one.device.end.resolve({ reason: 'unknown', message: 'A driver was reset.' });
  await one.over;
  expect(one.told).toEqual([{ why: 'A driver was reset.', outOfMemory: false }]);
  const other = await watched();
  other.device.end.resolve({ reason: 'unknown', message: 'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY' });
  await other.over;
  expect(other.told).toMatchObject([{ outOfMemory: true }]);
});

test('a card that is given back on purpose is nobody’s loss', async () => {
  const { device, told, over } = await watched();
  expect(await device.popErrorScope()).toBeNull();
  device.destroy();
  await over;
  expect(told).toEqual([]);
});

test('a card that WebLLM destroys because a buffer found no room is a loss', async () => {
  const { device, told, over } = await watched();
  device.scopes = [new GPUOutOfMemoryError()];
  expect(await device.popErrorScope()).toBeInstanceOf(GPUOutOfMemoryError);
  expect(told).toHaveLength(1); // before anything that waits for the device fails
  device.destroy();
  await over;
  expect(told).toEqual([{ why: 'There is no room for a buffer.', outOfMemory: true }]);
});

test('a lack of memory that nobody caught ends the card, any other fault does not', async () => {
  const { device, told, over } = await watched();
  const fault = (error: GpuError): Event => Object.assign(new Event('uncapturederror'), { error });
  device.dispatchEvent(fault({ message: 'A binding is missing.' }));
  device.dispatchEvent(fault(new GPUOutOfMemoryError()));
  await over;
  expect(told).toEqual([{ why: 'There is no room for a buffer.', outOfMemory: true }]);
});
