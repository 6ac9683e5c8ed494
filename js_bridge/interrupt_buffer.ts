/**
 * The byte of shared memory through which the page signals Python while that is busy.
 *
 * CPython for Emscripten reads the byte and clears it in a second step; what is written between the two is lost
 * (python/cpython issue 157548): about two Stops in a thousand while code runs a tight loop.
 */
import type { PyodideAPI } from 'pyodide';

/** Lets Python take signals out of `shared`, each exactly once. */
export function setInterruptBuffer(python: PyodideAPI, shared: Uint8Array): void {
  const taking = {
    get 0() {
      return shared[0] === 0 ? 0 : Atomics.exchange(shared, 0, 0);
    },
    set 0(_cleared: number) {
      // Reading has cleared it, unless the next signal is there already.
    },
  };
  python.setInterruptBuffer(taking as unknown as Uint8Array);
}
