/**
 * How plain data crosses between JavaScript and Python in one worker: as JSON text plus the byte arrays in it.
 *
 * Owns that form, whose other half is in py_app/cloche/host/browser.py. Text and `Uint8Array`s cross without a proxy
 * object, so nothing has to be destroyed afterwards, and both sides parse JSON in native code.
 */

/** `text` is JSON; a byte array in it reads `{"\u0000bytes": index into buffers}`. */
export interface Packed {
  text: string;
  buffers: Uint8Array[];
}

const MARK = '\u0000bytes';

/** Byte arrays are not copied. Lone surrogates, which Python cannot encode, become U+FFFD. */
export function pack(value: unknown): Packed {
  const buffers: Uint8Array[] = [];
  const text = JSON.stringify(value ?? null, (_key, part: unknown) => {
    if (typeof part === 'string') return part.toWellFormed();
    if (part instanceof Uint8Array) return { [MARK]: buffers.push(part) - 1 };
    return part;
  });
  return { text, buffers };
}

export function unpack({ text, buffers }: Packed): unknown {
  if (buffers.length === 0) return JSON.parse(text);
  return JSON.parse(text, (_key, part: unknown) => {
    const index = (part as { [MARK]?: number } | null)?.[MARK];
    return index === undefined ? part : buffers[index];
  });
}

/** The memory to hand over with `postMessage`. */
export function transferables({ buffers }: Packed): ArrayBuffer[] {
  return buffers.map(({ buffer }) => buffer as ArrayBuffer);
}
