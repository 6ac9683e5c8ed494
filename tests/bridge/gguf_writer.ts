/** Writing GGUF files (version 3, little endian) as far as tests need them; knows nothing of what is in them. */

const ALIGNMENT = 32;
export const F32 = 0;
export const F16 = 1;

export function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

/** Appends little-endian values. */
export class Writer {
  private readonly pieces: Uint8Array[] = [];

  text(text: string): this {
    this.pieces.push(new TextEncoder().encode(text));
    return this;
  }

  u32(value: number): this {
    return this.number(4, (view) => view.setUint32(0, value, true));
  }

  u64(value: number): this {
    return this.number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }

  f32(value: number): this {
    return this.number(4, (view) => view.setFloat32(0, value, true));
  }

  zeros(count: number): this {
    this.pieces.push(new Uint8Array(count));
    return this;
  }

  string(text: string): this {
    return this.u64(new TextEncoder().encode(text).length).text(text);
  }

  value(key: string, type: string, value: unknown): void {
    this.string(key);
    if (type === 'u32') this.u32(4).u32(value as number);
    if (type === 'f32') this.u32(6).f32(value as number);
    if (type === 'bool') this.u32(7).number(1, (view) => view.setUint8(0, Number(value)));
    if (type === 'string') this.u32(8).string(value as string);
    if (type === 'f32[]') {
      const numbers = value as number[];
      this.u32(9).u32(6).u64(numbers.length);
      for (const number of numbers) this.f32(number);
    }
    if (type === 'string[]') {
      const texts = value as string[];
      this.u32(9).u32(8).u64(texts.length);
      for (const text of texts) this.string(text);
    }
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  private number(size: number, write: (view: DataView) => void): this {
    const bytes = new Uint8Array(size);
    write(new DataView(bytes.buffer));
    this.pieces.push(bytes);
    return this;
  }
}
