// Attention to keys and values on WebAssembly's SIMD instructions.
//
// Owns ggml's operation FLASH_ATTN_EXT for what caches and vision encoders hold: half floats, Q8_0 and Q4_0. What is rarer
// goes on to upstream's own. Several queries look at several keys at once, and the softmax grows with the keys that have passed
// (https://arxiv.org/abs/2112.05682). Upstream's plain C turns each number into a float and back by itself, which took
// half of the time of an answer. It is compiled twice, with relaxed SIMD and without.

#include "cached_rows.h"
#include "ggml-cpu-impl.h"
#include "ops.h"
#include "simd.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

extern "C" {
void __real_ggml_compute_forward_flash_attn_ext(const ggml_compute_params * params, ggml_tensor * result);
void __wrap_ggml_compute_forward_flash_attn_ext(const ggml_compute_params * params, ggml_tensor * result);
}

namespace cloche {
namespace {

constexpr int       ROWS    = 16;        // queries that look together
constexpr int       KEYS    = 32;        // keys that they look at together
constexpr float     UNSEEN  = -65536;    // what `floats` makes of a mask's minus infinity
constexpr float     LOWEST  = -1048576;  // less than any score
constexpr ggml_half NOTHING = 0xfc00;    // minus infinity

// The sums of four vectors.
inline v128_t sums(v128_t a, v128_t b, v128_t c, v128_t d) {
    const v128_t ab = wasm_f32x4_add(wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), wasm_i32x4_shuffle(a, b, 2, 6, 3, 7));
    const v128_t cd = wasm_f32x4_add(wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), wasm_i32x4_shuffle(c, d, 2, 6, 3, 7));
    return wasm_f32x4_add(wasm_i32x4_shuffle(ab, cd, 0, 1, 4, 5), wasm_i32x4_shuffle(ab, cd, 2, 3, 6, 7));
}

inline float largest(v128_t x) {
    const v128_t pairs = wasm_f32x4_pmax(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return std::max(wasm_f32x4_extract_lane(pairs, 0), wasm_f32x4_extract_lane(pairs, 1));
}

// scores[r][k] = queries[r] . keys[k] for N rows and KEYS keys.
template <int N> void score(const float * queries, const float * keys, int width, float * scores) {
    for (int k = 0; k < KEYS; k += 4, keys += 4 * width) {
        v128_t products[N][4] = {};
        for (int i = 0; i < width; i += 4) {
            v128_t key[4];
            for (int j = 0; j < 4; j++) {
                key[j] = wasm_v128_load(keys + j * width + i);
            }
            for (int r = 0; r < N; r++) {
                const v128_t query = wasm_v128_load(queries + r * width + i);
                for (int j = 0; j < 4; j++) {
                    products[r][j] = multiply_add(query, key[j], products[r][j]);
                }
            }
        }
        for (int r = 0; r < N; r++) {
            wasm_v128_store(scores + r * KEYS + k, sums(products[r][0], products[r][1], products[r][2], products[r][3]));
        }
    }
}

struct AsItIs {
    v128_t operator()(v128_t x) const { return x; }
};

// Makes the nearest float with the eleven bits of half floats, of two the larger one.
struct Halved {
    v128_t half = kept(wasm_i32x4_const_splat(0x1000)), bits = kept(wasm_i32x4_const_splat(~0x1fff));

    v128_t operator()(v128_t x) const { return wasm_v128_and(wasm_i32x4_add(x, half), bits); }
};

// seen[r] += sum over k of weights[r][k] * values[k], for N rows and V vectors of each at a time.
template <int N, int V, typename Round>
void gather(const float * weights, int keys, const float * values, int width, float * seen, Round round) {
    v128_t sum[N][V];
    for (int r = 0; r < N; r++) {
        for (int v = 0; v < V; v++) {
            sum[r][v] = wasm_v128_load(seen + r * width + 4 * v);
        }
    }
    for (int k = 0; k < keys; k++, values += width) {
        for (int v = 0; v < V; v++) {
            const v128_t value = wasm_v128_load(values + 4 * v);
            for (int r = 0; r < N; r++) {
                sum[r][v] = round(multiply_add(wasm_v128_load32_splat(weights + r * KEYS + k), value, sum[r][v]));
            }
        }
    }
    for (int r = 0; r < N; r++) {
        for (int v = 0; v < V; v++) {
            wasm_v128_store(seen + r * width + 4 * v, sum[r][v]);
        }
    }
}

template <int N, typename Round = AsItIs>
void gather_all(const float * weights, int keys, const float * values, int width, float * seen, Round round = {}) {
    constexpr int V = 8 / N;
    int           i = 0;
    for (; i + 4 * V <= width; i += 4 * V) {
        gather<N, V>(weights, keys, values + i, width, seen + i, round);
    }
    for (; i < width; i += 4) {
        gather<N, 1>(weights, keys, values + i, width, seen + i, round);
    }
}

// Calls `work` with the number of the first of two rows, or of one that is left.
template <typename Two, typename One> void in_pairs(int rows, Two two, One one) {
    int r = 0;
    for (; r + 2 <= rows; r += 2) {
        two(r);
    }
    if (r < rows) {
        one(r);
    }
}

// Rows that are wanted soon.
void fetch_rows(const char * from, size_t stride, int count, size_t bytes) {
    for (int k = 0; k < count; k++, from += stride) {
        fetch(from, bytes);
    }
}

bool sees_any(const ggml_half * mask, int count) {
    return std::any_of(mask, mask + count, [](ggml_half each) { return each != NOTHING; });
}

// scores += mask; what lies behind `count` keys is never seen.
void hide(float * scores, const ggml_half * mask, int count) {
    int k = 0;
    for (; mask && k + 4 <= count; k += 4) {
        wasm_v128_store(scores + k, wasm_f32x4_add(wasm_v128_load(scores + k), floats(mask + k)));
    }
    for (; mask && k < count; k++) {
        scores[k] += wasm_f32x4_extract_lane(float_of(mask[k]), 0);
    }
    std::fill(scores + count, scores + KEYS, 2 * UNSEEN);
}

// What has come of one query so far: the largest score, and the sum of the weights.
struct Softmax {
    float largest = LOWEST;
    float sum     = 0;

    // Makes weights of scores; what was gathered with earlier ones has to be multiplied with the result.
    float weigh(float * scores) {
        v128_t most = wasm_v128_load(scores);
        for (int k = 4; k < KEYS; k += 4) {
            most = wasm_f32x4_pmax(most, wasm_v128_load(scores + k));
        }
        const float  before = largest;
        largest             = std::max(before, cloche::largest(most));
        const v128_t middle = wasm_f32x4_splat(largest);
        v128_t       added  = wasm_f32x4_const_splat(0);
        for (int k = 0; k < KEYS; k += 4) {
            const v128_t weights = exp_of(wasm_f32x4_sub(wasm_v128_load(scores + k), middle));
            wasm_v128_store(scores + k, weights);
            added = wasm_f32x4_add(added, weights);
        }
        const float shrunk = before == largest ? 1 : expf(before - largest);
        sum                = sum * shrunk + total(added);
        return shrunk;
    }
};

void multiply(float * x, int count, float factor) {
    for (int i = 0; i < count; i += 4) {
        wasm_v128_store(x + i, wasm_f32x4_mul(wasm_v128_load(x + i), wasm_f32x4_splat(factor)));
    }
}

// The nearest float with the eleven bits of half floats, of two the even one.
inline v128_t halved(v128_t x) {
    const v128_t odd     = wasm_v128_and(wasm_u32x4_shr(x, 13), wasm_i32x4_const_splat(1));
    const v128_t rounded = wasm_i32x4_add(wasm_i32x4_add(x, wasm_i32x4_const_splat(0xfff)), odd);
    return wasm_v128_and(rounded, wasm_i32x4_const_splat(~0x1fff));
}

// What `Softmax` and `gather` do of one row, key by key and in half floats.
void gather_in_halves(Softmax & softmax, const float * scores, const float * values, int width, float * seen) {
    for (int k = 0, end; k < KEYS; k = end) {
        end = k + 1;
        if (scores[k] > softmax.largest) {  // It weighs one, so that sums often lie between two half floats.
            const float shrunk = expf(softmax.largest - scores[k]);
            softmax            = { scores[k], softmax.sum * shrunk + 1 };
            for (int i = 0; i < width; i += 4) {
                const v128_t less = halved(wasm_f32x4_mul(wasm_v128_load(seen + i), wasm_f32x4_splat(shrunk)));
                wasm_v128_store(seen + i, halved(wasm_f32x4_add(wasm_v128_load(values + k * width + i), less)));
            }
            continue;
        }
        float weights[KEYS];
        for (; end < KEYS && scores[end] <= softmax.largest; end++) {}
        for (int j = k / 4 * 4; j < end; j += 4) {
            const v128_t less = wasm_f32x4_sub(wasm_v128_load(scores + j), wasm_f32x4_splat(softmax.largest));
            wasm_v128_store(weights + j, exp_of(less));
        }
        softmax.sum = std::accumulate(weights + k, weights + end, softmax.sum);
        gather_all<1>(weights + k, end - k, values + k * width, width, seen, Halved());
    }
}

size_t room(int64_t key_width, int64_t value_width) {
    return (ROWS + KEYS) * (key_width + value_width) + ROWS * KEYS;
}

// The operation with the names of its parts: [width, tokens or keys, heads, sequences]; the result has [width, heads, tokens].
class Attention {
  public:
    explicit Attention(ggml_tensor * result)
        : result(*result), q(*result->src[0]), k(*result->src[1]), v(*result->src[2]), mask(result->src[3]),
          group((int) (q.ne[2] / k.ne[2])), rows((int) q.ne[1] * group) {
        memcpy(&scale, result->op_params, sizeof(scale));
    }

    int parts() const { return parts_of_a_head() * (int) (k.ne[2] * q.ne[3]); }

    void compute(int part, float * work) {
        const int first = part % parts_of_a_head() * ROWS;
        key_head        = part / parts_of_a_head() % (int) k.ne[2];
        sequence        = part / parts_of_a_head() / (int) k.ne[2];
        look(first, std::min(ROWS, rows - first), work);
    }

  private:
    const ggml_tensor & result, &q, &k, &v;
    const ggml_tensor * mask;
    const int           group;  // heads of queries that share one of keys
    const int           rows;   // queries of one head of keys
    float               scale = 1;
    int                 key_head = 0, sequence = 0;

    // As upstream does for few queries, so that a short conversation's answers are those that are given elsewhere; where many
    // keys are seen it would take too long.
    bool in_halves() const { return v.type == GGML_TYPE_F16 && q.ne[1] < 64 && k.ne[1] <= 256; }

    int parts_of_a_head() const { return (rows + ROWS - 1) / ROWS; }
    int token(int row) const { return row / group; }
    int head(int row) const { return key_head * group + row % group; }

    const char * keys_at(const ggml_tensor & from, int key) const {
        return (const char *) from.data + key * from.nb[1] + key_head * from.nb[2] +
               sequence / (q.ne[3] / from.ne[3]) * from.nb[3];
    }

    const ggml_half * mask_at(int row, int key) const {
        return mask ? (const ggml_half *) ((const char *) mask->data + token(row) * mask->nb[1] +
                                           head(row) % mask->ne[2] * mask->nb[2] + sequence % mask->ne[3] * mask->nb[3]) + key
                    : nullptr;
    }

    bool anyone_sees(int first, int count, int key, int keys) const {
        for (int r = 0; mask && r < count; r++) {
            if ((r == 0 || token(first + r) != token(first + r - 1) || mask->ne[2] > 1) &&
                sees_any(mask_at(first + r, key), keys)) {
                return true;
            }
        }
        return !mask;
    }

    void look(int first, int count, float * work) const {
        const int wide = (int) k.ne[0], width = (int) v.ne[0], all = (int) k.ne[1];
        float *   queries = work;
        float *   seen    = queries + ROWS * wide;
        float *   keys    = seen + ROWS * width;
        float *   values  = keys + KEYS * wide;
        float *   scores  = values + KEYS * width;
        Softmax   softmax[ROWS];
        for (int r = 0; r < count; r++) {
            const int row = first + r;
            memcpy(queries + r * wide,
                   (const char *) q.data + token(row) * q.nb[1] + head(row) * q.nb[2] + sequence * q.nb[3],
                   wide * sizeof(float));
        }
        for (int i = 0; in_halves() && i < count * wide; i += 4) {
            wasm_v128_store(queries + i, halved(wasm_v128_load(queries + i)));
        }
        multiply(queries, count * wide, scale);
        memset(seen, 0, count * width * sizeof(float));
        for (int key = 0; key < all; key += KEYS) {
            const int some = std::min(KEYS, all - key);
            if (!anyone_sees(first, count, key, some)) {
                continue;
            }
            if (key + KEYS < all) {
                const int next = std::min(KEYS, all - key - KEYS);
                fetch_rows(keys_at(k, key + KEYS), k.nb[1], next, ggml_row_size(k.type, wide));
                fetch_rows(keys_at(v, key + KEYS), v.nb[1], next, ggml_row_size(v.type, width));
            }
            unpack(keys, keys_at(k, key), k.type, k.nb[1], some, KEYS, wide);
            unpack(values, keys_at(v, key), v.type, v.nb[1], some, KEYS, width);
            in_pairs(
                count, [&](int r) { score<2>(queries + r * wide, keys, wide, scores + r * KEYS); },
                [&](int r) { score<1>(queries + r * wide, keys, wide, scores + r * KEYS); });
            for (int r = 0; r < count; r++) {
                hide(scores + r * KEYS, mask_at(first + r, key), some);
                if (in_halves()) {
                    gather_in_halves(softmax[r], scores + r * KEYS, values, width, seen + r * width);
                    continue;
                }
                const float shrunk = softmax[r].weigh(scores + r * KEYS);
                if (shrunk != 1) {
                    multiply(seen + r * width, width, shrunk);
                }
            }
            if (in_halves()) {
                continue;
            }
            in_pairs(
                count, [&](int r) { gather_all<2>(scores + r * KEYS, KEYS, values, width, seen + r * width); },
                [&](int r) { gather_all<1>(scores + r * KEYS, KEYS, values, width, seen + r * width); });
        }
        for (int r = 0; r < count; r++) {
            const int  row     = first + r;
            const bool nothing = softmax[r].largest < UNSEEN / 2;
            multiply(seen + r * width, width, nothing ? 0 : 1 / softmax[r].sum);
            memcpy((char *) result.data +
                       ((int64_t) sequence * result.ne[2] * result.ne[1] + head(row) + token(row) * result.ne[1]) * result.nb[1],
                   seen + r * width, width * sizeof(float));
        }
    }
};

bool can_unpack(const ggml_tensor & from) {
    const bool known = from.type == GGML_TYPE_F16 || from.type == GGML_TYPE_Q8_0 || from.type == GGML_TYPE_Q4_0;
    return known && from.ne[0] % 4 == 0 && from.nb[0] == ggml_type_size(from.type);
}

bool can_compute(const ggml_tensor & result) {
    const ggml_tensor *q = result.src[0], *k = result.src[1], *v = result.src[2], *mask = result.src[3];
    float              bias, cap;
    memcpy(&bias, (const float *) result.op_params + 1, sizeof(bias));
    memcpy(&cap, (const float *) result.op_params + 2, sizeof(cap));
    return q->type == GGML_TYPE_F32 && q->nb[0] == sizeof(float) && can_unpack(*k) && can_unpack(*v) && k->ne[2] == v->ne[2] &&
           (!mask || mask->type == GGML_TYPE_F16) && !result.src[4] && bias == 0 && cap == 0;
}

}  // namespace
}  // namespace cloche

extern "C" {

// Each thread takes every so many-th part. Upstream plans more memory for each than this needs.
void __wrap_ggml_compute_forward_flash_attn_ext(const ggml_compute_params * params, ggml_tensor * result) {
    if (!cloche::can_compute(*result)) {
        __real_ggml_compute_forward_flash_attn_ext(params, result);
        return;
    }
    cloche::Attention attention(result);
    float * work = (float *) params->wdata + params->ith * cloche::room(result->src[1]->ne[0], result->src[2]->ne[0]);
    for (int part = params->ith; part < attention.parts(); part += params->nth) {
        attention.compute(part, work);
    }
}

// For tests: contiguous q [width, tokens, heads], k and v [width, keys, key_heads] of a type of ggml's, mask [keys, tokens]
// of half floats or none, result [width, heads, tokens].
__attribute__((export_name("cloche_attention"))) void cloche_attention(int type, const float * q, const void * k,
                                                                       const void * v, const ggml_half * mask,
                                                                       float * result, int width, int tokens, int keys,
                                                                       int heads, int key_heads) {
    const auto tensor = [](ggml_type type, const void * data, int a, int b, int c) {
        ggml_tensor  made{};
        const size_t size = ggml_type_size(type), row = ggml_row_size(type, a);
        made.type         = type;
        made.data         = const_cast<void *>(data);
        const int64_t ne[] = { a, b, c, 1 };
        const size_t  nb[] = { size, row, row * b, row * b * c };
        memcpy(made.ne, ne, sizeof(ne));
        memcpy(made.nb, nb, sizeof(nb));
        return made;
    };
    ggml_tensor queries = tensor(GGML_TYPE_F32, q, width, tokens, heads);
    ggml_tensor cached  = tensor((ggml_type) type, k, width, keys, key_heads);
    ggml_tensor values  = tensor((ggml_type) type, v, width, keys, key_heads);
    ggml_tensor hidden  = tensor(GGML_TYPE_F16, mask, keys, tokens, 1);
    ggml_tensor made    = tensor(GGML_TYPE_F32, result, width, heads, tokens);
    const float scale   = 1 / sqrtf((float) width);
    memcpy(made.op_params, &scale, sizeof(scale));
    made.src[0] = &queries;
    made.src[1] = &cached;
    made.src[2] = &values;
    made.src[3] = mask ? &hidden : nullptr;
    ggml_compute_params params{};
    params.nth   = 1;
    params.wsize = cloche::room(width, width) * sizeof(float);
    params.wdata = malloc(params.wsize);
    __wrap_ggml_compute_forward_flash_attn_ext(&params, &made);
    free(params.wdata);
}
}
