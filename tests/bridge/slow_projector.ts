/**
 * A projector that fits the starter model and takes seconds for a picture, made of zeros.
 *
 * Owns what is in that one GGUF file. What it makes the model see means nothing; the time is the point.
 */

import { aligned, F16, F32, Writer } from './gguf_writer';

const DIMENSION = 192;
const HIDDEN = 576;
const LAYERS = 24;
const IMAGE = 384;
const PATCH = 16;
const TEXT_DIMENSION = 192;

type Tensor = [name: string, shape: number[], type: number];

export function slowProjector(): Blob {
  const header = new Writer();
  const shapes = tensors();
  header.text('GGUF').u32(3).u64(shapes.length);
  const values = metadata();
  header.u64(values.length);
  for (const [key, type, value] of values) header.value(key, type, value);
  let offset = 0;
  for (const [name, shape, type] of shapes) {
    header.string(name).u32(shape.length);
    for (const size of shape) header.u64(size);
    header.u32(type).u64(offset);
    offset += aligned(shape.reduce((product, size) => product * size, type === F32 ? 4 : 2));
  }
  const head = header.bytes();
  return new Blob([head, new Uint8Array(aligned(head.length) - head.length), new Uint8Array(offset)]);
}

/** Only the header of a projector of some kind: no tensors, so it cannot be loaded. */
export function projectorHeader(kind: string, more: Record<string, number>): Uint8Array<ArrayBuffer> {
  const header = new Writer();
  const values = metadata().map((entry) => (entry[0] === 'clip.projector_type' ? ([entry[0], 'string', kind] as const) : entry));
  const given = values.filter(([key]) => !(key in more));
  header.text('GGUF').u32(3).u64(0).u64(given.length + Object.keys(more).length);
  for (const [key, type, value] of given) header.value(key, type, value);
  for (const [key, value] of Object.entries(more)) header.value(key, 'u32', value);
  return header.bytes();
}

function metadata(): [key: string, type: 'u32' | 'f32' | 'bool' | 'string' | 'f32[]', value: unknown][] {
  return [
    ['general.architecture', 'string', 'clip'],
    ['general.type', 'string', 'mmproj'],
    ['clip.has_vision_encoder', 'bool', true],
    ['clip.projector_type', 'string', 'janus_pro'],
    ['clip.use_gelu', 'bool', true],
    ['clip.vision.image_size', 'u32', IMAGE],
    ['clip.vision.patch_size', 'u32', PATCH],
    ['clip.vision.embedding_length', 'u32', DIMENSION],
    ['clip.vision.feed_forward_length', 'u32', HIDDEN],
    ['clip.vision.block_count', 'u32', LAYERS],
    ['clip.vision.projection_dim', 'u32', TEXT_DIMENSION],
    ['clip.vision.attention.head_count', 'u32', 4],
    ['clip.vision.attention.layer_norm_epsilon', 'f32', 1e-6],
    ['clip.vision.image_mean', 'f32[]', [0.5, 0.5, 0.5]],
    ['clip.vision.image_std', 'f32[]', [0.5, 0.5, 0.5]],
  ];
}

function tensors(): Tensor[] {
  const norm = (name: string): Tensor[] => [
    [`${name}.weight`, [DIMENSION], F32],
    [`${name}.bias`, [DIMENSION], F32],
  ];
  const matrix = (name: string, from: number, to: number): Tensor[] => [
    [`${name}.weight`, [from, to], F16],
    [`${name}.bias`, [to], F32],
  ];
  const blocks = Array.from({ length: LAYERS }, (_, i) => `v.blk.${i}`).flatMap((block) => [
    ...norm(`${block}.ln1`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_out'].flatMap((name) => matrix(`${block}.${name}`, DIMENSION, DIMENSION)),
    ...norm(`${block}.ln2`),
    ...matrix(`${block}.ffn_up`, DIMENSION, HIDDEN),
    ...matrix(`${block}.ffn_down`, HIDDEN, DIMENSION),
  ]);
  return [
    ['v.patch_embd.weight', [PATCH, PATCH, 3, DIMENSION], F16],
    ['v.patch_embd.bias', [DIMENSION], F32],
    ['v.position_embd.weight', [DIMENSION, (IMAGE / PATCH) ** 2], F32],
    ...blocks,
    ...norm('v.post_ln'),
    ...matrix('mm.0', DIMENSION, TEXT_DIMENSION),
    ...matrix('mm.1', TEXT_DIMENSION, TEXT_DIMENSION),
  ];
}
