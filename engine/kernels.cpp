// Matrix kernels on WebAssembly's SIMD instructions, for upstream's repacked layout 4x4.
//
// Owns the arithmetic: quantising activations, integer products of 8-bit and 4-bit weights, products of floats, exp. It
// is compiled twice, with relaxed SIMD and without. The relaxed dot product multiplies signed bytes by bytes that ought to
// have seven bits; what happens with the eighth depends on the machine, so it is tried once and the way chosen:
//   unsigned, no saturation (x86 with VNNI): weights + 128 as the second operand; a sum starts at -128 * sum(activations);
//   signed (ARM): weights as they are;
//   seven bits only (x86 without VNNI), or no relaxed SIMD: products of 16-bit integers, exact everywhere.
// Four-bit weights fit seven bits as weight + 8 and need no such care; where the dot product is made of several
// instructions, sums of a block stay in 16 bits (simd.h). All ways give the same sums, bit for bit.

#include "kernels.h"

#include "ggml-cpu-impl.h"
#include "quants.h"
#include "simd-mappings.h"
#include "simd.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace cloche {
namespace {

// Groups of four columns that are multiplied together with one row, which takes as long as weights take to come from
// memory. They lie as far apart as can be: a processor fetches several long streams sooner than one, or than short ones.
constexpr int STREAMS = 8;

// The eight vectors of a block: four quants of each of four columns.
struct Q8 {
    using Block = block_q8_0x4;
    v128_t sign;  // 0x80 in each byte where weights are offset by 128, else 0
    static v128_t scales(const Block & block) { return floats(block.d); }
    static v128_t signed_at(const Block & block, int k) { return wasm_v128_load(block.qs + 16 * k); }
    static v128_t low_at(const Block & block, int k) { return wasm_i16x8_load8x8(block.qs + 16 * k); }
    static v128_t high_at(const Block & block, int k) { return wasm_i16x8_load8x8(block.qs + 16 * k + 8); }
    v128_t        offset_at(const Block & block, int k) const { return wasm_v128_xor(signed_at(block, k), sign); }
};

struct Q4 {
    using Block = block_q4_0x4;
    static v128_t scales(const Block & block) { return floats(block.d); }
    v128_t        offset_at(const Block & block, int k) const {
        const v128_t both = wasm_v128_xor(wasm_v128_load(block.qs + 16 * (k & 3)), wasm_i8x16_const_splat((int8_t) 0x88));
        return wasm_v128_and(k < 4 ? both : wasm_u16x8_shr(both, 4), wasm_i8x16_const_splat(15));
    }
    v128_t signed_at(const Block & block, int k) const {
        return wasm_i8x16_sub(offset_at(block, k), wasm_i8x16_const_splat(8));
    }
    v128_t low_at(const Block & block, int k) const { return wasm_i16x8_extend_low_i8x16(signed_at(block, k)); }
    v128_t high_at(const Block & block, int k) const { return wasm_i16x8_extend_high_i8x16(signed_at(block, k)); }
};

// A block of either as the dot product wants it, for use with many rows.
struct Unpacked {
    struct alignas(64) Block {  // or loads cross the borders of cache lines
        float  scales[4];
        int8_t quants[128];
    };
    static v128_t scales(const Block & block) { return wasm_v128_load(block.scales); }
    static v128_t signed_at(const Block & block, int k) { return wasm_v128_load(block.quants + 16 * k); }
    static v128_t low_at(const Block & block, int k) { return wasm_i16x8_load8x8(block.quants + 16 * k); }
    static v128_t high_at(const Block & block, int k) { return wasm_i16x8_load8x8(block.quants + 16 * k + 8); }
    static v128_t offset_at(const Block & block, int k) { return signed_at(block, k); }
};

template <typename Weights>
void unpack(Unpacked::Block & to, const typename Weights::Block & from, bool relaxed, Weights kind) {
    wasm_v128_store(to.scales, kind.scales(from));
    for (int k = 0; k < 8; k++) {
        wasm_v128_store(to.quants + 16 * k, relaxed ? kind.offset_at(from, k) : kind.signed_at(from, k));
    }
}

template <int ROWS> inline void store(const v128_t * sums, float * s, size_t stride) {
    for (int r = 0; r < ROWS; r++) {
        wasm_v128_store(s + r * stride, sums[r]);
    }
}

// Four activations of row R, for each of four columns.
template <int R, int ROWS> inline v128_t four_quants(const Panel<int8_t> & rows, int k) {
    if constexpr (ROWS == 1) {
        return wasm_v128_load32_splat(rows.quants + 16 * k);
    } else {
        return lane<R>(wasm_v128_load(rows.quants + 16 * k));
    }
}

template <int R, int ROWS> inline v128_t four_quants(const Panel<int16_t> & rows, int k) {
    return wasm_v128_load64_splat(rows.quants + 16 * k + 4 * R);
}

// Four weights of each of four columns, as a kind of sums wants them.
template <typename Sum, typename Weights>
inline auto four_weights(const typename Weights::Block & block, int k, Weights weights) {
    if constexpr (std::is_same_v<Sum, ExactSum>) {
        return Wide{ weights.low_at(block, k), weights.high_at(block, k) };
    } else {
        return weights.offset_at(block, k);
    }
}

// COUNT groups of columns, which lie `apart` groups apart, together use a row's activations more than once.
template <typename Sum, int ROWS, int COUNT, typename Quant, typename Weights>
inline void multiply_tile(int blocks, float * s, size_t stride, const typename Weights::Block * column,
                          const Panel<Quant> * panel, int apart, Weights weights) {
    const size_t next = (size_t) apart * blocks;
    v128_t       total[COUNT][ROWS];
    for (int g = 0; g < COUNT; g++) {
        for (int r = 0; r < ROWS; r++) {
            total[g][r] = wasm_f32x4_const_splat(0);
        }
    }
    for (const Panel<Quant> * end = panel + blocks; panel < end; panel++, column++) {
        const Panel<Quant> & rows = *panel;
        Sum                  sum[COUNT][ROWS];
        for (int r = 0; r < ROWS; r++) {
            const v128_t start = wasm_v128_load32_splat(rows.start + r);
            for (int g = 0; g < COUNT; g++) {
                sum[g][r].start(start);
            }
        }
#pragma clang loop unroll(full)
        for (int k = 0; k < 8; k++) {
            decltype(four_weights<Sum>(*column, k, weights)) w[COUNT];
            for (int g = 0; g < COUNT; g++) {
                w[g] = four_weights<Sum>(column[g * next], k, weights);
            }
            const auto add = [&]<int... R>(std::integer_sequence<int, R...>) {
                for (int g = 0; g < COUNT; g++) {
                    (sum[g][R].add(four_quants<R, ROWS>(rows, k), w[g]), ...);
                }
            };
            add(std::make_integer_sequence<int, ROWS>());
            for (int g = 0; ROWS * COUNT > 1 && g < COUNT; g++) {
                for (int r = 0; r < ROWS; r++) {
                    sum[g][r].settle();
                }
            }
        }
        for (int g = 0; g < COUNT; g++) {
            const v128_t scale = weights.scales(column[g * next]);
            for (int r = 0; r < ROWS; r++) {
                const v128_t both = wasm_f32x4_mul(scale, wasm_v128_load32_splat(rows.scale + r));
                total[g][r]       = multiply_add(wasm_f32x4_convert_i32x4(sum[g][r].value()), both, total[g][r]);
            }
        }
    }
    for (int g = 0; g < COUNT; g++) {
        store<ROWS>(total[g], s + 4 * g * apart, stride);
    }
}

// Several rows with as many groups at a time as there are registers for their sums, one row with streams of them.
template <typename Sum, int ROWS, typename Quant, typename Weights>
void multiply_groups(int blocks, float * s, size_t stride, const typename Weights::Block * column,
                     const Panel<Quant> * panel, int groups, Weights weights) {
    constexpr int COUNT = ROWS == 1 ? STREAMS : std::is_same_v<Sum, ExactSum> ? 1 : GROUPS;
    const int     apart = groups / COUNT;
    for (int g = 0; g < apart; g++) {
        multiply_tile<Sum, ROWS, COUNT>(blocks, s + 4 * g, stride, column + g * blocks, panel, apart, weights);
    }
    for (int g = COUNT * apart; g < groups; g++) {
        multiply_tile<Sum, ROWS, 1>(blocks, s + 4 * g, stride, column + g * blocks, panel, 1, weights);
    }
}

template <int ROWS, typename Weights>
void multiply(int blocks, float * s, size_t stride, const typename Weights::Block * weights, const Activations & activations,
              int first, int groups, Weights kind) {
#ifdef __wasm_relaxed_simd__
    if (activations.relaxed()) {
        // Where the dot product takes seven bits only, only weights of four come here.
        const auto run = dot_semantics() == Dot::seven_bits ? multiply_groups<ShortSum, ROWS, int8_t, Weights>
                                                            : multiply_groups<LongSum, ROWS, int8_t, Weights>;
        return run(blocks, s, stride, weights, activations.narrow.data() + first, groups, kind);
    }
#endif
    multiply_groups<ExactSum, ROWS>(blocks, s, stride, weights, activations.wide.data() + first, groups, kind);
}

template <typename Weights>
void multiply_all(int blocks, float * s, size_t stride, const typename Weights::Block * weights,
                  const Activations & activations, int rows, int groups, Weights kind) {
    if (rows == 1) {
        return multiply<1>(blocks, s, stride, weights, activations, 0, groups, kind);
    }
    static thread_local std::vector<Unpacked::Block> unpacked;
    unpacked.resize(GROUPS * blocks);
    for (int g = 0; g < groups; g += GROUPS) {
        const int some = std::min(GROUPS, groups - g);
        for (int i = 0; i < some * blocks; i++) {
            unpack(unpacked[i], weights[(size_t) g * blocks + i], activations.relaxed(), kind);
        }
        for (int r = 0; r < rows; r += 4) {
            const auto run = [&](auto multiply_some) {
                multiply_some(blocks, s + r * stride + 4 * g, stride, unpacked.data(), activations, r / 4 * blocks, some,
                              Unpacked{});
            };
            switch (rows - r) {
                case 1: run(multiply<1, Unpacked>); break;
                case 2: run(multiply<2, Unpacked>); break;
                case 3: run(multiply<3, Unpacked>); break;
                default: run(multiply<4, Unpacked>);
            }
        }
    }
}

Dot try_dot() {
#ifdef __wasm_relaxed_simd__
    // Volatile, or the compiler answers for its own idea of a machine. 255 in the second operand, with the largest in the
    // first: a sum of two products passes 16 bits where a machine adds them up in so many.
    volatile int8_t largest = 127, all = -1;
    const v128_t    a       = wasm_i8x16_splat(largest);
    const v128_t    sum     = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, wasm_i8x16_splat(all), wasm_i32x4_const_splat(0));
    switch (wasm_i32x4_extract_lane(sum, 0)) {
        case 4 * 127 * 255: return Dot::eight_bits_unsigned;
        case -4 * 127: return Dot::eight_bits_signed;
        default: return Dot::seven_bits;
    }
#else
    return Dot::none;
#endif
}

Dot semantics = try_dot();

// Quantises 32 floats to bytes, four of them in a lane; the scale is the largest magnitude / 127.
inline float quantise(const float * x, v128_t quants[2]) {
    v128_t value[8];
    v128_t largest = wasm_f32x4_const_splat(0);
    for (int i = 0; i < 8; i++) {
        value[i] = wasm_v128_load(x + 4 * i);
        largest  = wasm_f32x4_pmax(largest, wasm_f32x4_abs(value[i]));
    }
    largest             = wasm_f32x4_pmax(largest, wasm_i32x4_shuffle(largest, largest, 2, 3, 0, 1));
    largest             = wasm_f32x4_pmax(largest, wasm_i32x4_shuffle(largest, largest, 1, 0, 3, 2));
    const float  scale  = wasm_f32x4_extract_lane(largest, 0) / 127.0f;
    const v128_t factor = wasm_f32x4_splat(scale != 0.0f ? 1.0f / scale : 0.0f);
    const v128_t round  = wasm_f32x4_const_splat(ROUND);
    for (int i = 0; i < 8; i++) {
        value[i] = wasm_i32x4_sub(wasm_f32x4_add(wasm_f32x4_mul(value[i], factor), round), round);
    }
    for (int i = 0; i < 2; i++) {
        const v128_t low  = wasm_i16x8_narrow_i32x4(value[4 * i], value[4 * i + 1]);
        const v128_t high = wasm_i16x8_narrow_i32x4(value[4 * i + 2], value[4 * i + 3]);
        quants[i]         = wasm_i8x16_narrow_i16x8(low, high);
    }
    return scale;
}

template <typename Multiply, typename Block>
void whole_gemm(Multiply run, WeightType kind, int n, float * s, size_t bs, const Block * weights, const void * vy, int nr,
                int nc) {
    // Several threads are given some columns at a time, of which each wants all rows; one thread is given all columns.
    static thread_local std::vector<Activations> made;
    const int                                    blocks = n / QK8_0, near = rows_near(blocks);
    const block_q8_0x4 *                         rows   = (const block_q8_0x4 *) vy;
    made.resize(std::max(made.size(), (size_t) nr / near + 1));
    for (int r = 0; r < nr; r += near, s += near * bs, rows += near / 4 * blocks) {
        const int     count       = std::min(nr - r, near);
        Activations & activations = made[meeting() ? r / near : 0];
        if (!activations.source.is(rows, count * blocks)) {
            activations.make_room(kind, count / 4 * blocks);
            activations.fill(0, rows, count / 4 * blocks);
        }
        run(blocks, s, bs, weights, activations, count, nc / 4);
    }
}

template <typename Multiply, typename Block>
void whole_gemv(Multiply run, WeightType kind, int n, float * s, const Block * weights, const void * vy, int nc) {
    static thread_local Activations activations;
    const int                       blocks  = n / QK8_0;
    const block_q8_0 *              rows[4] = { (const block_q8_0 *) vy, nullptr, nullptr, nullptr };
    activations.make_room(kind, blocks);
    activations.fill(0, rows, blocks);
    run(blocks, s, 0, weights, activations, 1, nc / 4);
}

}  // namespace

Dot  dot_semantics() { return semantics; }
void set_dot_semantics(Dot dot) { semantics = dot; }

void Activations::make_room(WeightType weights, size_t panels) {
    const bool eight_bits = semantics == Dot::eight_bits_unsigned || semantics == Dot::eight_bits_signed;
    relaxed_              = weights == WeightType::q4_0 ? semantics != Dot::none : eight_bits;
    offset                = weights == WeightType::q4_0 ? 8 : semantics == Dot::eight_bits_unsigned ? 128 : 0;
    narrow.resize(relaxed_ ? panels : 0);
    wide.resize(relaxed_ ? 0 : panels);
}

void Activations::fill(size_t first, const block_q8_0 * const rows[4], int blocks) {
    for (int b = 0; b < blocks; b++) {
        float  scales[4] = {};
        int8_t quants[128] = {};
        for (int r = 0; r < 4; r++) {
            if (!rows[r]) {
                continue;
            }
            scales[r] = GGML_CPU_FP16_TO_FP32(rows[r][b].d);
            for (int k = 0; k < 8; k++) {
                memcpy(quants + 16 * k + 4 * r, rows[r][b].qs + 4 * k, 4);
            }
        }
        put(first + b, scales, quants);
    }
}

void Activations::fill(size_t first, const block_q8_0x4 * rows, int blocks) {
    for (int b = 0; b < blocks; b++) {
        float scales[4];
        wasm_v128_store(scales, floats(rows[b].d));
        put(first + b, scales, rows[b].qs);
    }
}

void Activations::put(size_t at, const float * scales, const int8_t * quants) {
    if (!relaxed_) {
        Panel<int16_t> & panel = wide[at];
        memcpy(panel.scale, scales, sizeof(panel.scale));
        for (int i = 0; i < 128; i += 8) {
            wasm_v128_store(panel.quants + i, wasm_i16x8_load8x8(quants + i));
        }
        return;
    }
    Panel<int8_t> & panel = narrow[at];
    v128_t          sum   = wasm_i32x4_const_splat(0);
    memcpy(panel.scale, scales, sizeof(panel.scale));
    memcpy(panel.quants, quants, sizeof(panel.quants));
    for (int i = 0; i < 128; i += 16) {
        const v128_t some = wasm_v128_load(quants + i);
        sum = wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_extadd_pairwise_i8x16(some)));
    }
    wasm_v128_store(panel.start, wasm_i32x4_mul(sum, wasm_i32x4_splat(-offset)));
}

void multiply_q8_0(int blocks, float * s, size_t stride, const block_q8_0x4 * weights, const Activations & activations,
                   int rows, int column_groups) {
    const Q8 kind{ wasm_i8x16_splat(semantics == Dot::eight_bits_unsigned ? (int8_t) 0x80 : 0) };
    multiply_all(blocks, s, stride, weights, activations, rows, column_groups, kind);
}

void multiply_q4_0(int blocks, float * s, size_t stride, const block_q4_0x4 * weights, const Activations & activations,
                   int rows, int column_groups) {
    multiply_all(blocks, s, stride, weights, activations, rows, column_groups, Q4{});
}

void multiply_f32(int64_t k, float * c, int64_t ldc, const float * a4, const float * b, int64_t ldb, int64_t rows,
                  int columns) {
    constexpr int STEP = 6;
    const auto    put  = [&](int64_t r, v128_t sum) {
        if (columns == 4) {
            wasm_v128_store(c + r * ldc, sum);
        } else {
            float lanes[4];
            wasm_v128_store(lanes, sum);
            memcpy(c + r * ldc, lanes, columns * sizeof(float));
        }
    };
    int64_t r = 0;
    for (; r + STEP <= rows; r += STEP) {
        v128_t        sum[STEP];
        const float * row[STEP];
        for (int i = 0; i < STEP; i++) {
            sum[i] = wasm_f32x4_const_splat(0);
            row[i] = b + (r + i) * ldb;
        }
        for (int64_t i = 0; i < k; i++) {
            const v128_t a = wasm_v128_load(a4 + 4 * i);
#pragma clang loop unroll(full)
            for (int j = 0; j < STEP; j++) {
                sum[j] = multiply_add(a, wasm_v128_load32_splat(row[j] + i), sum[j]);
            }
        }
        for (int i = 0; i < STEP; i++) {
            put(r + i, sum[i]);
        }
    }
    for (; r < rows; r++) {
        v128_t sum = wasm_f32x4_const_splat(0);
        for (int64_t i = 0; i < k; i++) {
            sum = multiply_add(wasm_v128_load(a4 + 4 * i), wasm_v128_load32_splat(b + r * ldb + i), sum);
        }
        put(r, sum);
    }
}

}  // namespace cloche

// For tests: how this machine's dot product behaves, and making the kernels behave as on another one.
extern "C" {
__attribute__((export_name("cloche_dot"))) int  cloche_dot(void) { return (int) cloche::dot_semantics(); }
__attribute__((export_name("cloche_set_dot"))) void cloche_set_dot(int dot) { cloche::set_dot_semantics((cloche::Dot) dot); }
}

// The C library's exp took an eighth of the time of a prompt. 2^y, the fraction of y by its series; error below 1e-8.
extern "C" __attribute__((export_name("expf"))) float expf(float x) {
    const double y        = __builtin_fmax(-200, __builtin_fmin(200, x * 1.4426950408889634));
    const double whole    = __builtin_rint(y);
    const double f        = x == x ? (y - whole) * 0.6931471805599453 : x;
    const double high     = 1.0 / 24 + f * (1.0 / 120 + f * (1.0 / 720 + f / 5040));
    const double fraction = 1 + f * (1 + f * (1.0 / 2 + f * (1.0 / 6 + f * high)));
    const int64_t bits    = (int64_t) (whole + 1023) << 52;
    double        power;
    memcpy(&power, &bits, sizeof(power));
    return (float) (fraction * power);
}

// Upstream's names for the same.
extern "C" {

void quantize_row_q8_0(const float * GGML_RESTRICT x, void * GGML_RESTRICT vy, int64_t k) {
    block_q8_0 * y = (block_q8_0 *) vy;
    for (int64_t b = 0; b < k / QK8_0; b++) {
        v128_t quants[2];
        y[b].d = GGML_CPU_FP32_TO_FP16(cloche::quantise(x + b * QK8_0, quants));
        wasm_v128_store(y[b].qs, quants[0]);
        wasm_v128_store(y[b].qs + 16, quants[1]);
    }
}

void ggml_quantize_mat_q8_0_4x4(const float * GGML_RESTRICT x, void * GGML_RESTRICT vy, int64_t k) {
    block_q8_0x4 * y = (block_q8_0x4 *) vy;
    for (int64_t b = 0; b < k / QK8_0; b++) {
        v128_t quants[4][2];
        for (int r = 0; r < 4; r++) {
            y[b].d[r] = GGML_CPU_FP32_TO_FP16(cloche::quantise(x + r * k + b * QK8_0, quants[r]));
        }
        for (int i = 0; i < 2; i++) {
            const v128_t low[]  = { wasm_i32x4_shuffle(quants[0][i], quants[1][i], 0, 4, 1, 5),
                                    wasm_i32x4_shuffle(quants[2][i], quants[3][i], 0, 4, 1, 5) };
            const v128_t high[] = { wasm_i32x4_shuffle(quants[0][i], quants[1][i], 2, 6, 3, 7),
                                    wasm_i32x4_shuffle(quants[2][i], quants[3][i], 2, 6, 3, 7) };
            wasm_v128_store(y[b].qs + 64 * i, wasm_i64x2_shuffle(low[0], low[1], 0, 2));
            wasm_v128_store(y[b].qs + 64 * i + 16, wasm_i64x2_shuffle(low[0], low[1], 1, 3));
            wasm_v128_store(y[b].qs + 64 * i + 32, wasm_i64x2_shuffle(high[0], high[1], 0, 2));
            wasm_v128_store(y[b].qs + 64 * i + 48, wasm_i64x2_shuffle(high[0], high[1], 1, 3));
        }
    }
}

void ggml_gemm_q8_0_4x4_q8_0(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int nr, int nc) {
    cloche::whole_gemm(cloche::multiply_q8_0, cloche::WeightType::q8_0, n, s, bs, (const block_q8_0x4 *) vx, vy, nr, nc);
}

void ggml_gemm_q4_0_4x4_q8_0(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int nr, int nc) {
    cloche::whole_gemm(cloche::multiply_q4_0, cloche::WeightType::q4_0, n, s, bs, (const block_q4_0x4 *) vx, vy, nr, nc);
}

void ggml_gemv_q8_0_4x4_q8_0(int n, float * GGML_RESTRICT s, size_t, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int, int nc) {
    cloche::whole_gemv(cloche::multiply_q8_0, cloche::WeightType::q8_0, n, s, (const block_q8_0x4 *) vx, vy, nc);
}

void ggml_gemv_q4_0_4x4_q8_0(int n, float * GGML_RESTRICT s, size_t, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int, int nc) {
    cloche::whole_gemv(cloche::multiply_q4_0, cloche::WeightType::q4_0, n, s, (const block_q4_0x4 *) vx, vy, nc);
}
}
