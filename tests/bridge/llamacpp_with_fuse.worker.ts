/**
 * The real llamacpp worker with a fuse and a window: the message {fuse: 'blow'} makes the WASM of its current instance
 * trap (the trap is a real one; only its cause is ours), and each action that the instance is asked for is told to the
 * page as {acted: name}. wllama is asked for an action that it does not have, Cloche's engine to read a grammar that is
 * nested too deep for any stack. {fuse: 'hang'} cuts the instance off: nothing reaches it or comes from it any more.
 * {fuse: 'brittle'}: Cloche's engine dies when it is told to stop.
 */

import '../../js_bridge/llamacpp.worker';

declare const self: DedicatedWorkerGlobalScope;

/** What Cloche's engine calls the actions of wllama. */
const SAME: Record<string, string> = { load: 'load', chat: 'completion' };
const TOO_DEEP = {
  messages: [{ role: 'user', content: '' }],
  stream: true,
  grammar: `root ::= ${'('.repeat(1e6)}`,
};

let innermost: Worker | undefined;
let cutOff: Worker | undefined;
let brittle: Worker | undefined;
let own = false;
globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    innermost = this;
    own = String(url).includes('cloche_engine');
    this.addEventListener('message', (event) => {
      if (this === cutOff) event.stopImmediatePropagation();
      // wllama is asked for every step; Cloche's engine tells each one that it has done, and goes on to the next.
      else if (own && event.data.chunks) acted('get_result');
    });
  }

  override postMessage(
    message: { verb?: string; args?: unknown[]; method?: string },
    options?: StructuredSerializeOptions | Transferable[],
  ): void {
    if (this === brittle && message.method === 'stop') {
      this.dispatchEvent(new ErrorEvent('error', { message: 'it broke', cancelable: true }));
      return;
    }
    if (this !== cutOff) super.postMessage(message, options as StructuredSerializeOptions);
    if (message.verb === 'wllama.action') acted(message.args?.[0]);
    if (message.method !== undefined) acted(SAME[message.method]);
    if (message.method === 'chat') acted('get_result');
  }
};
self.addEventListener('message', (event: MessageEvent<{ fuse?: string }>) => {
  if (event.data.fuse === 'hang') cutOff = innermost;
  if (event.data.fuse === 'brittle') brittle = innermost;
  if (event.data.fuse !== 'blow') return;
  innermost?.postMessage(
    own
      ? { id: 2 ** 30, method: 'chat', params: TOO_DEEP }
      : { verb: 'wllama.action', args: ['blow_the_fuse', new Uint8Array(64)], callbackId: 2 ** 30 },
  );
});

function acted(action: unknown): void {
  self.postMessage({ acted: action });
}
