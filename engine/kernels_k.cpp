// Matrix kernels for upstream's K-quants of four and six bits (what Q4_K_M files hold), for its repacked layout 8x4.
//
// Owns the products of Q4_K and Q6_K weights with activations in Q8_K, and quantising those four rows at a time. It is
// compiled twice, with relaxed SIMD and without. A block of 256 weights consists of sub-blocks, each with a scale of its
// own. Weights are multiplied as they are stored, without a sign: four and six bits fit the seven that the relaxed dot
// product takes alike on every machine. What they are offset by (32 in Q6_K, the sub-block's minimum in Q4_K) comes in
// through sums of activations. All ways give the same sums, bit for bit.

#include "kernels.h"
#include "quants.h"
#include "simd.h"

#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace cloche {
namespace {

constexpr int COLUMNS = 8;

// One or four rows of one block of 256 activations.
template <int ROWS> struct Rows {
    const int8_t * quants;                  // four of row 0, four of row 1, ...: as upstream lays them out
    float          scale[ROWS];
    int32_t        start[16][ROWS];         // -32 * the sum of each 16 quants of a row
    int16_t        minus_sums[4][ROWS][2];  // -(the sum of each 32), two of a row beside each other
    int16_t        wide[QK_K * ROWS];       // the quants, for the kernel without relaxed SIMD alone
};

template <int ROWS> void fill(Rows<ROWS> & to, const float * scale, const int8_t * quants, bool relaxed) {
    to.quants = quants;
    memcpy(to.scale, scale, sizeof(to.scale));
    for (int i = 0; i < 16; i++) {
        v128_t sum = wasm_i32x4_const_splat(0);
        for (int r = 0; r < ROWS; r++, quants += 16) {
            const v128_t some = wasm_v128_load(quants);
            sum = wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_extadd_pairwise_i8x16(some)));
            if (!relaxed) {
                wasm_v128_store(to.wide + 16 * (ROWS * i + r), wasm_i16x8_extend_low_i8x16(some));
                wasm_v128_store(to.wide + 16 * (ROWS * i + r) + 8, wasm_i16x8_extend_high_i8x16(some));
            }
        }
        int32_t sums[4];
        wasm_v128_store(sums, sum);
        if (ROWS == 1) {
            sums[0] += sums[1] + sums[2] + sums[3];
        }
        for (int r = 0; r < ROWS; r++) {
            to.start[i][r] = -32 * sums[r];
            int16_t & pair = to.minus_sums[i / 4][r][i / 2 % 2];
            pair           = (int16_t) ((i % 2 ? pair : 0) - sums[r]);
        }
    }
}

// LongSum and ShortSum (simd.h) for machines without relaxed SIMD.
struct ExactSum {
    v128_t first, low, high;

    void start(v128_t with) {
        first = with;
        low = high = wasm_i32x4_const_splat(0);
    }
    void add(v128_t a, v128_t weights) {
        low  = wasm_i32x4_add(low, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(weights), a));
        high = wasm_i32x4_add(high, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(weights), a));
    }
    void settle() {
        compute_now(low);
        compute_now(high);
    }
    v128_t value() const {
        return wasm_i32x4_add(first, wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6),
                                                    wasm_i32x4_shuffle(low, high, 1, 3, 5, 7)));
    }
};

// Four activations of row R, for each of four columns, as a kind of sums wants them.
template <typename Sum, int R, int ROWS> inline v128_t activations(const Rows<ROWS> & rows, int vector) {
    if constexpr (std::is_same_v<Sum, ExactSum>) {
        return wasm_v128_load64_splat(rows.wide + 4 * (ROWS * vector + R));
    } else if constexpr (ROWS == 4) {
        return lane<R>(wasm_v128_load(rows.quants + 16 * vector));
    } else {
        return wasm_v128_load32_splat(rows.quants + 4 * (ROWS * vector + R));
    }
}

// 4 parts of two sub-blocks of 8 vectors; a vector holds four weights of each column of a half.
struct Q4K {
    using Block = block_q4_Kx8;
    static constexpr int  PARTS = 4, SUB_BLOCKS = 2, VECTORS = 8;
    static constexpr bool MINIMA = true, FOUR_BITS = true;
    v128_t factors[2];  // of each sub-block: scales of one half, its minima, scales of the other, its minima

    // Six bits each, in 12 bytes: upstream's make_block_q4_Kx8 has packed them.
    Q4K(const Block & block, int part) {
        for (int i = 0; i < 2; i++) {
            const v128_t packed = wasm_v128_load(block.scales + 12 * (2 * part + i));
            const v128_t six    = wasm_v128_and(packed, wasm_i8x16_const_splat(0x3f));
            const v128_t last   = wasm_i32x4_shuffle(packed, wasm_u32x4_shr(packed, 4), 2, 6, 2, 6);
            const v128_t four   = wasm_v128_and(last, wasm_i8x16_const_splat(0x0f));
            const v128_t two    = wasm_v128_and(wasm_u32x4_shr(packed, 2), wasm_i8x16_const_splat(0x30));
            factors[i]          = wasm_i32x4_shuffle(six, wasm_v128_or(four, two), 0, 1, 4, 5);
        }
    }
    static v128_t weights(const Block & block, int part, int sub_block, int i, int half) {
        const v128_t both = wasm_v128_load(block.qs + 16 * (2 * (8 * part + i) + half));
        return wasm_v128_and(sub_block ? wasm_u16x8_shr(both, 4) : both, wasm_i8x16_const_splat(15));
    }
    v128_t scales(const Block &, int, int sub_block, int half) const {
        const v128_t wide = half ? wasm_u16x8_extend_high_u8x16(factors[sub_block])
                                 : wasm_u16x8_extend_low_u8x16(factors[sub_block]);
        return wasm_u32x4_extend_low_u16x8(wide);
    }
    // The two sub-blocks' minima beside each other, as 16 bits.
    v128_t minima(int half) const {
        const v128_t pairs = wasm_i8x16_shuffle(factors[0], factors[1], 4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14,
                                                30, 15, 31);
        return half ? wasm_u16x8_extend_high_u8x16(pairs) : wasm_u16x8_extend_low_u8x16(pairs);
    }
    template <int ROWS> static v128_t start(const Rows<ROWS> &, int, int) { return wasm_i32x4_const_splat(0); }
};

// 2 parts of eight sub-blocks of 4 vectors. Two sub-blocks have their upper two bits in the same bits of `qh`.
struct Q6K {
    using Block = block_q6_Kx8;
    static constexpr int  PARTS = 2, SUB_BLOCKS = 8, VECTORS = 4;
    static constexpr bool MINIMA = false, FOUR_BITS = false;

    Q6K(const Block &, int) {}
    static v128_t weights(const Block & block, int part, int sub_block, int i, int half) {
        const int    at   = 4 * (sub_block % 2) + i;
        const int    pair = sub_block / 2;
        const v128_t both = wasm_v128_load(block.ql + 16 * (2 * (16 * part + 8 * (pair % 2) + at) + half));
        const v128_t all  = wasm_v128_load(block.qh + 16 * (2 * (8 * part + at) + half));
        const v128_t low  = pair < 2 ? both : wasm_u16x8_shr(both, 4);
        const v128_t high = pair == 0   ? wasm_i16x8_shl(all, 4)
                            : pair == 1 ? wasm_i16x8_shl(all, 2)
                            : pair == 2 ? all
                                        : wasm_u16x8_shr(all, 2);
        return wasm_v128_or(wasm_v128_and(low, wasm_i8x16_const_splat(0x0f)),
                            wasm_v128_and(high, wasm_i8x16_const_splat(0x30)));
    }
    static v128_t scales(const Block & block, int part, int sub_block, int half) {
        const v128_t bytes = wasm_v128_load32_zero(block.scales + COLUMNS * (8 * part + sub_block) + 4 * half);
        return wasm_i32x4_extend_low_i16x8(wasm_i16x8_extend_low_i8x16(bytes));
    }
    template <int ROWS> static v128_t start(const Rows<ROWS> & rows, int sub_block, int r) {
        return wasm_v128_load32_splat(&rows.start[sub_block][r]);
    }
};

// The same with everything in vectors, ready to be used with many rows.
template <typename Packed> struct Unpacked {
    static constexpr int  PARTS = Packed::PARTS, SUB_BLOCKS = Packed::SUB_BLOCKS, VECTORS = Packed::VECTORS;
    static constexpr bool MINIMA = Packed::MINIMA, FOUR_BITS = Packed::FOUR_BITS;

    struct Block {
        v128_t    weights[PARTS][SUB_BLOCKS][VECTORS][2];
        v128_t    scales[PARTS][SUB_BLOCKS][2];
        v128_t    minima[PARTS][2];
        ggml_half d[COLUMNS], dmin[COLUMNS];

        void unpack(const typename Packed::Block & from) {
            memcpy(d, from.d, sizeof(d));
            if constexpr (MINIMA) {
                memcpy(dmin, from.dmin, sizeof(dmin));
            }
            for (int part = 0; part < PARTS; part++) {
                const Packed packed(from, part);
                for (int h = 0; h < 2; h++) {
#pragma clang loop unroll(full)
                    for (int i = 0; i < SUB_BLOCKS; i++) {
                        for (int k = 0; k < VECTORS; k++) {
                            weights[part][i][k][h] = Packed::weights(from, part, i, k, h);
                        }
                        scales[part][i][h] = packed.scales(from, part, i, h);
                    }
                    if constexpr (MINIMA) {
                        minima[part][h] = packed.minima(h);
                    }
                }
            }
        }
    };
    const v128_t * smallest;

    Unpacked(const Block & block, int part) : smallest(block.minima[part]) {}
    static v128_t weights(const Block & block, int part, int sub_block, int i, int half) {
        return block.weights[part][sub_block][i][half];
    }
    static v128_t scales(const Block & block, int part, int sub_block, int half) {
        return block.scales[part][sub_block][half];
    }
    v128_t minima(int half) const { return smallest[half]; }
    template <int ROWS> static v128_t start(const Rows<ROWS> & rows, int sub_block, int r) {
        return Packed::start(rows, sub_block, r);
    }
};

// s[r * stride + c] = rows r of activations times columns c of weights, for c < COLUMNS * groups and r < ROWS.
template <typename Sum, int ROWS, typename Weights>
void multiply(int blocks, float * s, size_t stride, const typename Weights::Block * block, const Rows<ROWS> * panel,
              int groups) {
    for (int g = 0; g < groups; g++, s += COLUMNS) {
        v128_t total[2][ROWS];
        for (int h = 0; h < 2; h++) {
            for (int r = 0; r < ROWS; r++) {
                total[h][r] = wasm_f32x4_const_splat(0);
            }
        }
        for (int b = 0; b < blocks; b++, block++) {
            const Rows<ROWS> & rows = panel[b];
            v128_t             sum[2][ROWS], minima[2][ROWS];
            for (int h = 0; h < 2; h++) {
                for (int r = 0; r < ROWS; r++) {
                    sum[h][r] = minima[h][r] = wasm_i32x4_const_splat(0);
                }
            }
            for (int part = 0; part < Weights::PARTS; part++) {
                const Weights weights(*block, part);
#pragma clang loop unroll(full)
                for (int i = 0; i < Weights::SUB_BLOCKS; i++) {
                    const int    sub_block = Weights::SUB_BLOCKS * part + i;
                    Sum          products[2][ROWS];
                    for (int h = 0; h < 2; h++) {
                        for (int r = 0; r < ROWS; r++) {
                            products[h][r].start(Weights::start(rows, sub_block, r));
                        }
                    }
#pragma clang loop unroll(full)
                    for (int k = 0; k < Weights::VECTORS; k++) {
#pragma clang loop unroll(full)
                        for (int h = 0; h < 2; h++) {
                            const v128_t w   = Weights::weights(*block, part, i, k, h);
                            const auto   add = [&]<int... R>(std::integer_sequence<int, R...>) {
                                (products[h][R].add(activations<Sum, R>(rows, Weights::VECTORS * sub_block + k), w), ...);
                            };
                            add(std::make_integer_sequence<int, ROWS>());
                        }
                        for (int h = 0; ROWS > 1 && h < 2; h++) {
                            for (int r = 0; r < ROWS; r++) {
                                products[h][r].settle();
                            }
                        }
                    }
                    for (int h = 0; h < 2; h++) {
                        const v128_t scales = weights.scales(*block, part, i, h);
                        for (int r = 0; r < ROWS; r++) {
                            sum[h][r] = wasm_i32x4_add(sum[h][r], wasm_i32x4_mul(products[h][r].value(), scales));
                        }
                    }
                }
                if constexpr (Weights::MINIMA) {
                    for (int h = 0; h < 2; h++) {
                        const v128_t pairs = weights.minima(h);
                        for (int r = 0; r < ROWS; r++) {
                            const v128_t sums = wasm_v128_load32_splat(rows.minus_sums[part][r]);
                            minima[h][r]      = wasm_i32x4_add(minima[h][r], wasm_i32x4_dot_i16x8(pairs, sums));
                        }
                    }
                }
            }
            const auto add = [&](v128_t to[2][ROWS], const ggml_half * scales, const v128_t from[2][ROWS]) {
                for (int h = 0; h < 2; h++) {
                    const v128_t scale = floats(scales + 4 * h);
                    for (int r = 0; r < ROWS; r++) {
                        const v128_t both = wasm_f32x4_mul(scale, wasm_v128_load32_splat(rows.scale + r));
                        to[h][r]          = multiply_add(wasm_f32x4_convert_i32x4(from[h][r]), both, to[h][r]);
                    }
                }
            };
            add(total, block->d, sum);
            if constexpr (Weights::MINIMA) {
                add(total, block->dmin, minima);
            }
        }
        for (int h = 0; h < 2; h++) {
            for (int r = 0; r < ROWS; r++) {
                wasm_v128_store(s + r * stride + 4 * h, total[h][r]);
            }
        }
    }
}

template <int ROWS, typename Weights>
void multiply(bool relaxed, int blocks, float * s, size_t stride, const typename Weights::Block * weights,
              const Rows<ROWS> * panel, int groups) {
#ifdef __wasm_relaxed_simd__
    if (relaxed && Weights::FOUR_BITS && dot_semantics() == Dot::seven_bits) {
        return multiply<ShortSum, ROWS, Weights>(blocks, s, stride, weights, panel, groups);
    }
    if (relaxed) {
        return multiply<LongSum, ROWS, Weights>(blocks, s, stride, weights, panel, groups);
    }
#endif
    (void) relaxed;
    multiply<ExactSum, ROWS, Weights>(blocks, s, stride, weights, panel, groups);
}

template <typename Weights> void whole_gemv(int n, float * s, const void * vx, const void * vy, int nc) {
    static thread_local std::vector<Rows<1>> panel;
    const auto *                             weights = (const typename Weights::Block *) vx;
    const block_q8_K *                       row     = (const block_q8_K *) vy;
    const int                                blocks  = n / QK_K;
    const bool                               relaxed = dot_semantics() != Dot::none;
    panel.resize(blocks);
    for (int b = 0; b < blocks; b++) {
        fill(panel[b], &row[b].d, row[b].qs, relaxed);
    }
    multiply<1, Weights>(relaxed, blocks, s, 0, weights, panel.data(), nc / COLUMNS);
}

// So many times four rows at once: enough to unpack weights for, and few enough to stay in a processor's cache.
constexpr int PANELS = 16;

template <typename Weights>
void whole_gemm(int n, float * s, size_t stride, const void * vx, const void * vy, int nr, int nc) {
    static thread_local std::vector<Rows<4>>                           panels;
    static thread_local std::vector<typename Unpacked<Weights>::Block> unpacked;
    const auto *         weights = (const typename Weights::Block *) vx;
    const block_q8_Kx4 * rows    = (const block_q8_Kx4 *) vy;
    const int            blocks  = n / QK_K;
    const bool           relaxed = dot_semantics() != Dot::none;
    unpacked.resize(blocks);
    for (int left = nr / 4; left > 0; left -= PANELS, s += 4 * PANELS * stride, rows += PANELS * blocks) {
        const int count = left < PANELS ? left : PANELS;
        panels.resize(count * blocks);
        for (int b = 0; b < count * blocks; b++) {
            fill(panels[b], rows[b].d, rows[b].qs, relaxed);
        }
        for (int g = 0; g < nc / COLUMNS; g++) {
            for (int b = 0; b < blocks; b++) {
                unpacked[b].unpack(weights[(size_t) g * blocks + b]);
            }
            for (int i = 0; i < count; i++) {
                multiply<4, Unpacked<Weights>>(relaxed, blocks, s + 4 * i * stride + COLUMNS * g, stride,
                                               unpacked.data(), panels.data() + i * blocks, 1);
            }
        }
    }
}

}  // namespace
}  // namespace cloche

// Upstream's names for the same.
extern "C" {

void ggml_quantize_mat_q8_K_4x4(const float * GGML_RESTRICT x, void * GGML_RESTRICT vy, int64_t k) {
    block_q8_Kx4 * y = (block_q8_Kx4 *) vy;
    for (int64_t b = 0; b < k / QK_K; b++) {
        for (int r = 0; r < 4; r++) {
            block_q8_K row = {};
            quantize_row_q8_K(x + r * k + b * QK_K, &row, QK_K);
            y[b].d[r] = row.d;
            for (int i = 0; i < QK_K / 4; i++) {
                memcpy(y[b].qs + 16 * i + 4 * r, row.qs + 4 * i, 4);
            }
            for (int i = 0; i < 16; i++) {
                y[b].bsums[16 * (i / 4) + 4 * r + i % 4] = row.bsums[i];
            }
        }
    }
}

void ggml_gemm_q4_K_8x4_q8_K(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int nr, int nc) {
    cloche::whole_gemm<cloche::Q4K>(n, s, bs, vx, vy, nr, nc);
}

void ggml_gemm_q6_K_8x4_q8_K(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int nr, int nc) {
    cloche::whole_gemm<cloche::Q6K>(n, s, bs, vx, vy, nr, nc);
}

void ggml_gemv_q4_K_8x4_q8_K(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int, int nc) {
    cloche::whole_gemv<cloche::Q4K>(n, s, vx, vy, nc);
}

void ggml_gemv_q6_K_8x4_q8_K(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx,
                             const void * GGML_RESTRICT vy, int, int nc) {
    cloche::whole_gemv<cloche::Q6K>(n, s, vx, vy, nc);
}
}
