/**
 * Compares frames off the page's thread: each with the one that was kept last.
 *
 * Owns that one signature and the canvas that frames are read on. The measure is frame_difference.ts.
 */
import { difference, SIDE, signature, type Signature } from './frame_difference';
import { Rpc } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

/** What the worker answers. A frame is SIDE x SIDE pixels; 100 where nothing was kept before. */
export interface FrameMethods {
  'frame.compare': { params: { frame: ImageBitmap }; result: number };
  /** The frame compared last is what the next ones are compared with. */
  'frame.keep': { params: Record<string, never>; result: null };
  'frame.forget': { params: Record<string, never>; result: null };
}

const canvas = new OffscreenCanvas(SIDE, SIDE);
const brush = canvas.getContext('2d', { alpha: false, willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
let kept: Signature | undefined;
let last: Signature | undefined;

new Rpc<{}, FrameMethods>(self).serve({
  'frame.compare': ({ frame }) => {
    brush.drawImage(frame, 0, 0, SIDE, SIDE);
    frame.close();
    last = signature(brush.getImageData(0, 0, SIDE, SIDE).data);
    return kept ? difference(kept, last) : 100;
  },
  'frame.keep': () => {
    kept = last;
    return null;
  },
  'frame.forget': () => {
    kept = last = undefined;
    return null;
  },
});
