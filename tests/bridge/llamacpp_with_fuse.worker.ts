/**
 * The real llamacpp worker with a fuse: the message {fuse: 'blow'} makes the WASM of its current instance call abort(),
 * by asking it for an action that it does not have. The trap is a real one; only its cause is ours.
 */

import '../../js_bridge/llamacpp.worker'

declare const self: DedicatedWorkerGlobalScope

let innermost: Worker | undefined
globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options)
    innermost = this
  }
}
self.addEventListener('message', (event: MessageEvent<{ fuse?: string }>) => {
  if (event.data.fuse !== 'blow') return
  innermost?.postMessage({ verb: 'wllama.action', args: ['blow_the_fuse', new Uint8Array(64)], callbackId: 2 ** 30 })
})
