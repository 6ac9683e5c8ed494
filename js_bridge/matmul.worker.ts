/** One thread of the measurement: says when it is there, measures when it is told to, answers with the rate. */
import { measureMatmul } from './matmul';

declare const self: DedicatedWorkerGlobalScope;

self.addEventListener('message', ({ data }: MessageEvent<number>) => self.postMessage(measureMatmul(data)));
self.postMessage('there');
