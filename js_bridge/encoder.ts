/**
 * The vision encoder that a projector file holds: its family, the size of picture it wants, and the file made calm.
 *
 * Owns what follows from the file's header. Some families cut a large picture into tiles and encode each; on a machine
 * without a GPU that takes minutes, so the header is handed to the engine with the tiles switched off. Does not touch
 * pictures (encoder_images.ts).
 */

import type { ImageEncoder } from './contract.gen';
import { readGgufHeader, readGgufPlaces, type GgufValue } from './gguf';

/** How a family wants a picture whose shape is not its own. Engine: llama.cpp does it as the model was trained. */
export type NaturalFit = 'engine' | 'pad' | 'squeeze';

export interface Encoder extends ImageEncoder {
  natural: NaturalFit;
  /** Both sides of a picture are multiples of this; 1 where the size is fixed. */
  multiple: number;
  /** It is slow enough on a processor that pictures should be small. */
  large: boolean;
  /** The most pixels that one pass of a dynamic encoder takes. */
  most: number;
}

interface Family {
  name: string;
  natural: NaturalFit;
  /** Of dynamic families: how many patches a side become one token. */
  merge?: number;
  most?: number;
}

const FAMILIES: Record<string, Family> = {
  lfm2: { name: 'LFM2-VL', natural: 'pad', merge: 2, most: 512 * 512 },
  idefics3: { name: 'SmolVLM (Idefics3)', natural: 'pad' },
  qwen2vl_merger: { name: 'Qwen2-VL', natural: 'pad', merge: 2 },
  'qwen2.5vl_merger': { name: 'Qwen2.5-VL', natural: 'pad', merge: 2 },
  qwen3vl_merger: { name: 'Qwen3-VL', natural: 'pad', merge: 2 },
  mlp: { name: 'LLaVA', natural: 'pad' },
  mlp_norm: { name: 'LLaVA', natural: 'pad' },
  ldp: { name: 'MobileVLM', natural: 'pad' },
  ldpv2: { name: 'MobileVLM', natural: 'pad' },
  resampler: { name: 'MiniCPM-V', natural: 'pad' },
  minicpmv4_6: { name: 'MiniCPM-V', natural: 'pad' },
  internvl: { name: 'InternVL', natural: 'squeeze' },
  gemma3: { name: 'Gemma 3', natural: 'squeeze' },
  janus_pro: { name: 'Janus', natural: 'engine' },
};
/** Of a family that is not known here only the size is; the engine does the rest. */
const UNKNOWN_SIDE = 1024;
const MOST_PIXELS = 1024 * 1024;
const LARGE_BYTES = 30_000_000;

/** What the header of a projector says; undefined for a file that is none. */
export async function readEncoder(projector: Blob): Promise<Encoder | undefined> {
  const header = await readGgufHeader(projector);
  const kind = header.get('clip.vision.projector_type') ?? header.get('clip.projector_type');
  if (typeof kind !== 'string' && number(header, 'clip.vision.image_size') === undefined) return undefined;
  return encoderOf(String(kind ?? ''), header, projector.size);
}

function encoderOf(kind: string, header: Map<string, GgufValue>, size: number): Encoder {
  const family = FAMILIES[kind] ?? { name: kind || 'unknown', natural: 'engine' };
  const side = number(header, 'clip.vision.image_size') ?? UNKNOWN_SIDE;
  const large = size > LARGE_BYTES;
  const dynamic = family.merge !== undefined;
  const multiple = dynamic ? (number(header, 'clip.vision.patch_size') ?? 16) * (family.merge ?? 1) : 1;
  const most = Math.min(MOST_PIXELS, family.most ?? MOST_PIXELS);
  return {
    family: family.name,
    side: dynamic ? Math.round(Math.sqrt(most)) : side,
    dynamic,
    natural: family.natural,
    multiple,
    large,
    most,
  };
}

/** The file as the engine is to read it: one picture is one pass (Idefics3: and its overview), whatever it would cut. */
export async function withoutTiles(projector: File): Promise<Blob> {
  const { values, places, end } = await readGgufPlaces(projector);
  const side = number(values, 'clip.vision.image_size');
  const changes: [place: number, value: number][] = [];
  const set = (key: string, value: number | undefined): void => {
    const place = places.get(key);
    if (place !== undefined && value !== undefined && value !== values.get(key)) changes.push([place, value]);
  };
  set('clip.vision.preproc_image_size', side);
  set('clip.vision.preproc_min_tiles', 1);
  set('clip.vision.preproc_max_tiles', 1);
  if (changes.length === 0) return projector;
  const head = await projector.slice(0, end).arrayBuffer();
  const view = new DataView(head);
  for (const [place, value] of changes) view.setUint32(place, value, true);
  return new Blob([head, projector.slice(end)]);
}

function number(header: Map<string, GgufValue>, key: string): number | undefined {
  const value = header.get(key);
  return typeof value === 'number' ? value : undefined;
}
