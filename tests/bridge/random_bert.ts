/**
 * A BERT of a few thousand random weights: as a GGUF file for the engine, and as plain arithmetic to compare it with.
 *
 * Owns the architecture (Devlin et al. 2019; the classification head is RoBERTa's, as in llama.cpp's build_pooling), the
 * vocabulary of a dozen words and the prompt of a reranker. Weights are the same every time.
 */

import { aligned, F32, Writer } from './gguf_writer';

const WIDTH = 32;
const HEADS = 2;
const HIDDEN = 64;
const LAYERS = 2;
const EPSILON = 1e-12;
export const CONTEXT = 64;
const MEAN = 1;
const RANK = 4;

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const WORDS = ['where', 'is', 'the', 'red', 'blue', 'star', 'moon', 'a', 'list', 'of', 'things', 'to', 'do', 'here'];
const TOKENS = [...SPECIAL, ...WORDS.map((word) => `\u2581${word}`)];
const CLS = SPECIAL.indexOf('[CLS]');
const SEP = SPECIAL.indexOf('[SEP]');

type Row = number[];

/** Mulberry32, and three of its numbers added up: near enough to a bell. */
function dice(seed: number): () => number {
  let state = seed;
  const one = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
  return () => one() + one() + one();
}

/** Rows as GGUF has them: one row for each output; a list of numbers is one row. */
function weights(): Map<string, Row[]> {
  const draw = dice(7);
  const matrices = new Map<string, Row[]>();
  const matrix = (name: string, outputs: number, inputs: number, size: number, middle = 0): void => {
    const row = (): Row => Array.from({ length: inputs }, () => Math.fround(middle + size * draw()));
    matrices.set(name, Array.from({ length: outputs }, row));
  };
  const layer = (name: string, outputs: number, inputs: number, size = 0.2): void => {
    matrix(`${name}.weight`, outputs, inputs, size);
    matrix(`${name}.bias`, 1, outputs, 0.1);
  };
  const norm = (name: string): void => {
    matrix(`${name}.weight`, 1, WIDTH, 0.1, 1);
    matrix(`${name}.bias`, 1, WIDTH, 0.1);
  };
  matrix('token_embd.weight', TOKENS.length, WIDTH, 1);
  matrix('token_types.weight', 2, WIDTH, 0.2);
  matrix('position_embd.weight', CONTEXT, WIDTH, 0.3);
  norm('token_embd_norm');
  for (let i = 0; i < LAYERS; i++) {
    for (const name of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) layer(`blk.${i}.${name}`, WIDTH, WIDTH);
    norm(`blk.${i}.attn_output_norm`);
    layer(`blk.${i}.ffn_up`, HIDDEN, WIDTH);
    layer(`blk.${i}.ffn_down`, WIDTH, HIDDEN);
    norm(`blk.${i}.layer_output_norm`);
  }
  layer('cls', WIDTH, WIDTH);
  layer('cls.output', 1, WIDTH, 1);
  return matrices;
}

const MODEL = weights();

/** The model as a file; one that reranks differs in what the file says only. */
export function randomBert(purpose: 'embedding' | 'rerank'): Blob {
  const numbers: [string, number][] = [
    ['bert.block_count', LAYERS],
    ['bert.context_length', CONTEXT],
    ['bert.embedding_length', WIDTH],
    ['bert.feed_forward_length', HIDDEN],
    ['bert.attention.head_count', HEADS],
    ['bert.pooling_type', purpose === 'rerank' ? RANK : MEAN],
    ['tokenizer.ggml.token_type_count', 2],
    ['tokenizer.ggml.bos_token_id', CLS],
    ['tokenizer.ggml.cls_token_id', CLS],
    ['tokenizer.ggml.eos_token_id', SEP],
    ['tokenizer.ggml.seperator_token_id', SEP],
    ['tokenizer.ggml.unknown_token_id', 1],
    ['tokenizer.ggml.padding_token_id', 0],
    ['tokenizer.ggml.mask_token_id', 4],
  ];
  const header = new Writer();
  header.text('GGUF').u32(3).u64(MODEL.size).u64(numbers.length + 8);
  header.value('general.architecture', 'string', 'bert');
  header.value('bert.attention.layer_norm_epsilon', 'f32', EPSILON);
  header.value('bert.attention.causal', 'bool', false);
  for (const [key, value] of numbers) header.value(key, 'u32', value);
  header.value('tokenizer.ggml.model', 'string', 'bert');
  header.value('tokenizer.ggml.tokens', 'string[]', TOKENS);
  // A reranker reads [CLS] query [SEP] document [SEP].
  header.value('tokenizer.ggml.add_bos_token', 'bool', true);
  header.value('tokenizer.ggml.add_eos_token', 'bool', true);
  header.value('tokenizer.ggml.add_sep_token', 'bool', false);
  let offset = 0;
  const data = new Writer();
  for (const [name, rows] of MODEL) {
    const shape = rows.length === 1 ? [rows[0]!.length] : [rows[0]!.length, rows.length];
    header.string(name).u32(shape.length);
    for (const size of shape) header.u64(size);
    header.u32(F32).u64(offset);
    const values = rows.flat();
    for (const value of values) data.f32(value);
    data.zeros(aligned(4 * values.length) - 4 * values.length);
    offset += aligned(4 * values.length);
  }
  const head = header.bytes();
  return new Blob([head, new Uint8Array(aligned(head.length) - head.length), data.bytes()]);
}

const idsOf = (text: string): number[] => text.split(' ').map((word) => TOKENS.indexOf(`\u2581${word}`));

/** The text's vector of length 1, and how many tokens it has. */
export function embeddingOf(text: string): { vector: Row; tokens: number } {
  const ids = [CLS, ...idsOf(text), SEP];
  const states = read(ids);
  const mean = states[0]!.map((_, k) => states.reduce((sum, state) => sum + state[k]!, 0) / states.length);
  const length = Math.hypot(...mean);
  return { vector: mean.map((value) => value / length), tokens: ids.length };
}

/** How well the document answers the query, and how many tokens both have. */
export function scoreOf(query: string, document: string): { score: number; tokens: number } {
  const ids = [CLS, ...idsOf(query), SEP, ...idsOf(document), SEP];
  const [first] = read(ids);
  const [score] = linear('cls.output', linear('cls', first!).map(Math.tanh));
  return { score: score!, tokens: ids.length };
}

/** The last layer's state at every token. */
function read(ids: number[]): Row[] {
  const table = (name: string, index: number): Row => MODEL.get(`${name}.weight`)![index]!;
  let states = ids.map((id, position) =>
    normed('token_embd_norm', added(added(table('token_embd', id), table('position_embd', position)), table('token_types', 0))),
  );
  for (let i = 0; i < LAYERS; i++) {
    const [q, k, v] = ['attn_q', 'attn_k', 'attn_v'].map((name) => states.map((state) => linear(`blk.${i}.${name}`, state)));
    states = states.map((state, at) => {
      const seen = linear(`blk.${i}.attn_output`, attended(q![at]!, k!, v!));
      const middle = normed(`blk.${i}.attn_output_norm`, added(state, seen));
      const through = linear(`blk.${i}.ffn_down`, linear(`blk.${i}.ffn_up`, middle).map(gelu));
      return normed(`blk.${i}.layer_output_norm`, added(middle, through));
    });
  }
  return states;
}

function attended(q: Row, k: Row[], v: Row[]): Row {
  const size = WIDTH / HEADS;
  return Array.from({ length: HEADS }, (_, head) => {
    const from = head * size;
    const of = (row: Row): Row => row.slice(from, from + size);
    const likenesses = k.map((key) => Math.exp(dot(of(q), of(key)) / Math.sqrt(size)));
    const sum = likenesses.reduce((a, b) => a + b, 0);
    return Array.from({ length: size }, (_, at) => v.reduce((all, row, j) => all + (row[from + at]! * likenesses[j]!) / sum, 0));
  }).flat();
}

function linear(name: string, input: Row): Row {
  const [bias] = MODEL.get(`${name}.bias`)!;
  return MODEL.get(`${name}.weight`)!.map((row, index) => dot(row, input) + bias![index]!);
}

function normed(name: string, row: Row): Row {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  const [weight] = MODEL.get(`${name}.weight`)!;
  const [bias] = MODEL.get(`${name}.bias`)!;
  return row.map((value, k) => ((value - mean) / Math.sqrt(variance + EPSILON)) * weight![k]! + bias![k]!);
}

/** GELU as llama.cpp has it: the approximation with tanh. */
function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * x * (1 + 0.044715 * x * x)));
}

export function dot(a: Row, b: Row): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

function added(a: Row, b: Row): Row {
  return a.map((value, k) => value + b[k]!);
}
