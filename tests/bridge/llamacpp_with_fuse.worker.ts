/**
 * The real llamacpp worker with a fuse and a window: the message {fuse: 'blow'} makes the WASM of its current instance
 * call abort(), by asking it for an action that it does not have (the trap is a real one; only its cause is ours), and
 * each action that the instance is asked for is told to the page as {acted: name}. {fuse: 'hang'} cuts it off: what it is
 * asked from then on never reaches it, so that it says nothing more.
 */

import '../../js_bridge/llamacpp.worker';

declare const self: DedicatedWorkerGlobalScope;

let innermost: Worker | undefined;
let cutOff: Worker | undefined;
globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    innermost = this;
  }

  override postMessage(
    message: { verb?: string; args?: unknown[] },
    options?: StructuredSerializeOptions | Transferable[],
  ): void {
    if (this !== cutOff) super.postMessage(message, options as StructuredSerializeOptions);
    if (message.verb === 'wllama.action') self.postMessage({ acted: message.args?.[0] });
  }
};
self.addEventListener('message', (event: MessageEvent<{ fuse?: string }>) => {
  if (event.data.fuse === 'hang') cutOff = innermost;
  if (event.data.fuse !== 'blow') return;
  innermost?.postMessage({ verb: 'wllama.action', args: ['blow_the_fuse', new Uint8Array(64)], callbackId: 2 ** 30 });
});
