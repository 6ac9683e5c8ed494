/** A worker that answers what rpc.test.ts asks of it. */
import { Rpc } from '../../js_bridge/rpc';

declare const self: DedicatedWorkerGlobalScope;

export interface EchoMethods {
  echo: { params: { text: string }; result: string };
  stream: { params: null; result: null };
  stopped: { params: null; result: boolean };
  never: { params: null; result: null };
  die: { params: null; result: null };
}
export interface EchoStreams {
  stream: string;
}

const stopped = Promise.withResolvers<boolean>();

new Rpc<{}, EchoMethods, {}, EchoStreams>(self).serve({
  echo: ({ text }) => text,
  stream: async (_params, { push, signal }) => {
    const { port1, port2 } = new MessageChannel();
    while (!signal.aborted) {
      push('more');
      // One turn of the event loop, so that the abort can arrive.
      await new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(null);
      });
    }
    stopped.resolve(true);
    return null;
  },
  stopped: () => stopped.promise,
  never: () => new Promise<null>(() => undefined),
  die: () => {
    queueMicrotask(() => {
      throw new Error('injected fault');
    });
    return new Promise<null>(() => undefined);
  },
});
