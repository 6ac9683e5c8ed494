/**
 * The Live view as the page shows it: the text that is being written, the newest captions, a watch's last alarm and call.
 *
 * Owns how each event changes it; pure. The whole history is Python's.
 */
import type { LiveCaption, LiveFired, ToolCallPart } from '../js_bridge/contract.gen';

export interface LiveShown {
  /** The description under way, else the last one. */
  text: string;
  /** Newest first. */
  captions: readonly LiveCaption[];
  fired: LiveFired | null;
  call: ToolCallPart | null;
}

export const NOTHING_SHOWN: LiveShown = { text: '', captions: [], fired: null, call: null };

/** More are fetched from Python when somebody scrolls there. */
const KEPT = 200;

export function captioned(shown: LiveShown, caption: LiveCaption): LiveShown {
  return { ...shown, text: caption.text, captions: [caption, ...shown.captions].slice(0, KEPT) };
}
