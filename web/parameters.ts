/**
 * The generation parameters as form fields: label, help, limits, and how text becomes a value.
 *
 * Owns their wording and the reading of the texts among them; numbers are read by typed_number.ts.
 */
import { LIMITS, type Parameters } from '../js_bridge/contract.gen';
import type { Read } from './typed_number';

export type NumberKey = 'temperature' | 'top_p' | 'top_k' | 'min_p' | 'max_tokens' | 'seed';

export interface NumberField {
  key: NumberKey;
  label: string;
  help: string;
  whole: boolean;
  /** What the engine does when neither the session nor the model's card says anything. */
  fallback: string;
}

export const NUMBER_FIELDS: readonly NumberField[] = [
  { key: 'temperature', label: 'Temperature', help: '0 always takes the likeliest token; higher is more varied.', whole: false, fallback: '0.8' },
  { key: 'top_p', label: 'Top-p', help: 'Chooses among the likeliest tokens that together reach this share. 1 is off.', whole: false, fallback: '0.95' },
  { key: 'top_k', label: 'Top-k', help: 'Chooses among this many likeliest tokens. 0 is off.', whole: true, fallback: '40' },
  { key: 'min_p', label: 'Min-p', help: 'Drops tokens below this share of the likeliest one. 0 is off.', whole: false, fallback: '0.05' },
  { key: 'max_tokens', label: 'Max tokens', help: 'The answer ends here at the latest.', whole: true, fallback: 'what fits' },
  { key: 'seed', label: 'Seed', help: 'The same seed gives the same answer again. Empty is random.', whole: true, fallback: 'random' },
];

export const NONE: Parameters = {
  system_prompt: null,
  temperature: null,
  top_p: null,
  top_k: null,
  min_p: null,
  max_tokens: null,
  seed: null,
  stop: null,
  tool_choice: null,
  image_detail: null,
};

const LONGEST_STOP = 100;

/** One stop sequence a line; `\n` means a line break. */
export function readStop(typed: string): Read<string[] | null> {
  const sequences = typed.split('\n').filter((line) => line !== '').map((line) => line.replaceAll('\\n', '\n'));
  if (sequences.length === 0) return { value: null };
  const most = LIMITS.Parameters.stop.maxItems;
  if (sequences.length > most) return { problem: `At most ${most} lines.` };
  if (sequences.some(({ length }) => length > LONGEST_STOP)) return { problem: `At most ${LONGEST_STOP} characters a line.` };
  return { value: sequences };
}

export function writeStop(stop: readonly string[] | null): string {
  return (stop ?? []).map((sequence) => sequence.replaceAll('\n', '\\n')).join('\n');
}

export function readSystemPrompt(typed: string): Read<string | null> {
  const most = LIMITS.Parameters.system_prompt.maxLength;
  if (typed.length > most) return { problem: `At most ${most.toLocaleString('en')} characters; this has ${typed.length.toLocaleString('en')}.` };
  return { value: typed.trim() === '' ? null : typed };
}
