/**
 * The header of a GGUF file.
 *
 * Owns reading metadata values (and single entries of string arrays) from the start of a file, for the engine that is
 * about to load it. Does not read tensors, and judges nothing: whether a file is a sound model was checked before it was
 * taken in (py_app/cloche/models/gguf_header.py), and whether it is a usable one is the engine's word.
 */

export type GgufValue = string | number | boolean | bigint | GgufArray;

/** An array of the metadata; its strings are decoded one at a time, because a vocabulary holds a hundred thousand. */
export class GgufArray {
  constructor(
    readonly length: number,
    private readonly element: (index: number) => GgufValue | undefined,
  ) {}

  at(index: number): GgufValue | undefined {
    return index >= 0 && index < this.length ? this.element(index) : undefined;
  }
}

const enum Type {
  Uint8,
  Int8,
  Uint16,
  Int16,
  Uint32,
  Int32,
  Float32,
  Bool,
  String,
  Array,
  Uint64,
  Int64,
  Float64,
}

const SIZES: Partial<Record<number, number>> = {
  [Type.Uint8]: 1,
  [Type.Int8]: 1,
  [Type.Bool]: 1,
  [Type.Uint16]: 2,
  [Type.Int16]: 2,
  [Type.Uint32]: 4,
  [Type.Int32]: 4,
  [Type.Float32]: 4,
  [Type.Uint64]: 8,
  [Type.Int64]: 8,
  [Type.Float64]: 8,
};
const FIRST_READ = 1 << 20;
const LAST_READ = 1 << 26;
const utf8 = new TextDecoder();

export interface GgufHeader {
  values: Map<string, GgufValue>;
  /** Where in the file each value stands. */
  places: Map<string, number>;
  /** Where the metadata ends. */
  end: number;
}

/** The metadata of a GGUF file, or an empty map for a file that is none. */
export async function readGgufHeader(file: Blob): Promise<Map<string, GgufValue>> {
  return (await readGgufPlaces(file)).values;
}

/** The metadata with where it stands. */
export async function readGgufPlaces(file: Blob): Promise<GgufHeader> {
  for (let size = FIRST_READ; ; size *= 4) {
    const bytes = await file.slice(0, size).arrayBuffer();
    try {
      return parse(new Cursor(bytes));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (bytes.byteLength >= file.size || size >= LAST_READ) return { values: new Map(), places: new Map(), end: 0 };
    }
  }
}

function parse(cursor: Cursor): GgufHeader {
  const values = new Map<string, GgufValue>();
  const places = new Map<string, number>();
  const header = (): GgufHeader => ({ values, places, end: cursor.offset });
  if (cursor.text(4) !== 'GGUF') return header();
  cursor.skip(4 + 8); // version, number of tensors
  const count = cursor.length();
  for (let i = 0; i < count; i++) {
    const key = cursor.string();
    const type = cursor.uint32();
    const place = cursor.offset;
    const value = cursor.value(type);
    if (value === undefined) return header();
    values.set(key, value);
    places.set(key, place);
  }
  return header();
}

/** Reads little-endian values one after another; past the end it throws a RangeError, as DataView does. */
class Cursor {
  private readonly view: DataView;
  offset = 0;

  constructor(private readonly bytes: ArrayBuffer) {
    this.view = new DataView(bytes);
  }

  skip(count: number): void {
    if (count > this.bytes.byteLength - this.offset) throw new RangeError('The header goes on behind what was read.');
    this.offset += count;
  }

  text(length: number): string {
    const start = this.offset;
    this.skip(length);
    return utf8.decode(new Uint8Array(this.bytes, start, length));
  }

  uint32(): number {
    const value = this.view.getUint32(this.offset, true);
    this.offset += 4;
    return value;
  }

  length(): number {
    const value = this.view.getBigUint64(this.offset, true);
    this.offset += 8;
    return Number(value);
  }

  string(): string {
    return this.text(this.length());
  }

  value(type: number): GgufValue | undefined {
    if (type === Type.String) return this.string();
    if (type === Type.Array) return this.array();
    const size = SIZES[type];
    if (size === undefined) return undefined;
    const start = this.offset;
    this.skip(size);
    return this.number(type, start);
  }

  private array(): GgufArray | undefined {
    const type = this.uint32();
    const length = this.length();
    const start = this.offset;
    const size = SIZES[type];
    if (size !== undefined) {
      this.skip(size * length);
      return new GgufArray(length, (index) => this.number(type, start + index * size));
    }
    if (type !== Type.String) return undefined;
    // Each string takes its length's 8 bytes at least: a list that claims more than is there gets no memory.
    if (8 * length > this.bytes.byteLength - this.offset) throw new RangeError('The list goes on behind what was read.');
    const starts = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      starts[i] = this.offset;
      this.skip(this.length());
    }
    return new GgufArray(length, (index) => {
      const at = starts[index] as number;
      const size = Number(this.view.getBigUint64(at, true));
      return utf8.decode(new Uint8Array(this.bytes, at + 8, size));
    });
  }

  private number(type: number, at: number): GgufValue | undefined {
    switch (type) {
      case Type.Uint8:
        return this.view.getUint8(at);
      case Type.Int8:
        return this.view.getInt8(at);
      case Type.Bool:
        return this.view.getUint8(at) !== 0;
      case Type.Uint16:
        return this.view.getUint16(at, true);
      case Type.Int16:
        return this.view.getInt16(at, true);
      case Type.Uint32:
        return this.view.getUint32(at, true);
      case Type.Int32:
        return this.view.getInt32(at, true);
      case Type.Float32:
        return this.view.getFloat32(at, true);
      case Type.Float64:
        return this.view.getFloat64(at, true);
      case Type.Uint64:
        return this.view.getBigUint64(at, true);
      case Type.Int64:
        return this.view.getBigInt64(at, true);
      default:
        return undefined;
    }
  }
}
