/**
 * Arguments of a tool call as text that hides nothing.
 *
 * Owns how invisible and direction-changing characters are made visible: whoever allows a call must see what it is.
 */
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/** Text with every invisible character as its number. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** Arguments as JSON, laid out in lines. */
export function exactJson(value: unknown): string {
  return visible(JSON.stringify(value, null, 2));
}
