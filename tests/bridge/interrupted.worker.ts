/** Python that runs tight loops, one after the other as each is interrupted, and tells of each before it begins. */
import type { PyodideAPI } from 'pyodide';
import { setInterruptBuffer } from '../../js_bridge/interrupt_buffer';

declare const self: DedicatedWorkerGlobalScope;

const LOOPS = `
def run(loops, begin):
    for number in range(loops):
        try:
            begin(number)
            while True:
                pass
        except KeyboardInterrupt:
            pass
run`;

self.addEventListener('message', ({ data }: MessageEvent<{ loops: number; interrupt: Uint8Array }>) => {
  void run(data.loops, data.interrupt);
});

async function run(loops: number, interrupt: Uint8Array): Promise<void> {
  const folder = `${location.origin}/python/`;
  const { loadPyodide } = (await import(/* @vite-ignore */ `${folder}pyodide.mjs`)) as typeof import('pyodide');
  const python: PyodideAPI = await loadPyodide({ indexURL: folder });
  setInterruptBuffer(python, interrupt);
  python.runPython(LOOPS)(loops, (number: number) => self.postMessage(number));
  self.postMessage('ended');
}
