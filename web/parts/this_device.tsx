/** What this device has, as far as models care, and the measurement of its speed. */
import { useState } from 'preact/hooks';
import type { Device, Measured } from '../../js_bridge/contract.gen';
import { bytes, count, time } from '../figures';
import { measureDevice } from '../model_actions';
import { state } from '../store';

function gpuLine({ gpu, gpu_software: software, gpu_description: description, gpu_features: features }: Device): string {
  if (!gpu) return 'none that this browser gives to the page';
  const half = features.includes('shader-f16') ? 'with shader-f16' : 'without shader-f16';
  return `${description || 'WebGPU'}, ${half}${software ? ', imitated by the processor' : ''}`;
}

function speedLine(measured: Measured | null): string {
  if (!measured) return 'not measured yet';
  const cores = `${measured.free_cores.toFixed(1)} cores free, ${measured.cpu_gflops.toFixed(1)} GFLOP/s each`;
  const gpu = measured.gpu_gflops === null ? '' : `; graphics ${measured.gpu_gflops.toFixed(0)} GFLOP/s`;
  return `${cores}${gpu} (${time(measured.at)})`;
}

export function ThisDevice() {
  const [busy, setBusy] = useState(false);
  const { catalogue } = state.value;
  if (!catalogue) return null;
  const { device, measured } = catalogue;
  const measure = (): void => {
    setBusy(true);
    void measureDevice().finally(() => setBusy(false));
  };
  return (
    <section class="card" aria-labelledby="device-heading">
      <h2 id="device-heading">This device</h2>
      <dl class="facts">
        <dt>Processors</dt>
        <dd>
          {count(device.processors, 'core')}
          {!device.isolated && ', of which one can be used: the page is not isolated'}
        </dd>
        <dt>Memory</dt>
        <dd>{device.memory_gb === null ? 'not told' : device.memory_gb >= 8 ? '8 GB or more' : `${device.memory_gb} GB`}</dd>
        <dt>Graphics</dt>
        <dd>{gpuLine(device)}</dd>
        <dt>Free for models</dt>
        <dd>{device.quota_bytes ? bytes(Math.max(0, device.quota_bytes - device.used_bytes)) : 'not told'}</dd>
        <dt>Engine</dt>
        <dd>{device.fast_engine ? 'Cloche’s own build of llama.cpp' : 'llama.cpp as wllama brings it'}</dd>
        <dt>Speed</dt>
        <dd>{speedLine(measured)}</dd>
      </dl>
      <div class="row">
        <p class="muted">A second of arithmetic tells how fast each model would answer here, and how many threads suit.</p>
        <button class="button" type="button" disabled={busy} onClick={measure}>
          {busy ? 'Measuring…' : measured ? 'Measure again' : 'Measure this device'}
        </button>
      </div>
    </section>
  );
}
