/** The thread of Cloche's engine whose helping threads are given a stack that there is not: they trap at the first work. */

import '../../js_bridge/cloche_engine.worker';
import type { ThreadStart } from '../../js_bridge/cloche_engine.worker';

globalThis.Worker = class extends Worker {
  override postMessage(message: ThreadStart): void {
    super.postMessage({ ...message, place: 0 });
  }
};
