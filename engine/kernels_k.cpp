// Matrix kernels for upstream's K-quants of four and six bits (what Q4_K_M files hold), for its repacked layout 8x4.
//
// Owns the products of Q4_K and Q6_K weights with activations in Q8_K, and quantising those four rows at a time. It is
// compiled twice, with relaxed SIMD and without. A block of 256 weights consists of sub-blocks, each with a scale of its
// own. Weights are multiplied as they are stored, without a sign: four and six bits fit the seven that the relaxed dot
// product takes alike on every machine. What they are offset by (32 times the scale in Q6_K, the sub-block's minimum in
// Q4_K) comes in through sums of activations. All ways give the same sums, bit for bit.

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
constexpr int STREAMS = 4;  // of these, see kernels.cpp

// One or four rows of one block of 256 activations.
template <int ROWS> struct Rows {
    const int8_t *  quants;            // four of row 0, four of row 1, ...: as upstream lays them out
    const int16_t * sums;              // of each 16 quants, laid out alike
    float           scale[ROWS];
    int16_t         sums32[4][ROWS][2];  // of each 32, two of a row beside each other
    int16_t         wide[QK_K * ROWS];   // the quants, for the kernel without relaxed SIMD alone

    void fill(const float * scales, const int8_t * quants, const int16_t * sums, bool exact) {
        this->quants = quants;
        this->sums   = sums;
        memcpy(scale, scales, sizeof(scale));
        for (int i = 0; i < 4; i++) {
            for (int r = 0; r < ROWS; r++, sums += 4) {
                sums32[i][r][0] = (int16_t) (sums[0] + sums[1]);
                sums32[i][r][1] = (int16_t) (sums[2] + sums[3]);
            }
        }
        for (int i = 0; exact && i < QK_K * ROWS; i += 8) {
            wasm_v128_store(wide + i, wasm_i16x8_load8x8(quants + i));
        }
    }
};

// The numbers of two vectors of 16 bits beside each other, of one half of the columns.
inline v128_t in_pairs(v128_t a, v128_t b, int half) {
    return half ? wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15) : wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// A sum of one half of the columns, times the scales of all eight.
template <typename Sum> inline v128_t scaled(const Sum & sum, v128_t scales, int half) {
    return wasm_i32x4_mul(sum.value(), half ? wasm_i32x4_extend_high_i16x8(scales) : wasm_i32x4_extend_low_i16x8(scales));
}

// How many vectors of products of `Weights` are added up before they are multiplied with their scales.
template <typename Sum, typename Weights> constexpr int ADDED_UP = Weights::VECTORS;

#ifdef __wasm_relaxed_simd__
inline v128_t scaled(const ShortSum & sum, v128_t scales, int half) {
    return wasm_i32x4_dot_i16x8(sum.sum, in_pairs(scales, scales, half));
}

template <typename Weights> constexpr int ADDED_UP<ShortSum, Weights> = Weights::SHORT_VECTORS;
#endif

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
    static constexpr int PARTS = 4, SUB_BLOCKS = 2, VECTORS = 8;
    static constexpr int SHORT_VECTORS = 8;  // 8 * 2 * 15 * 127 is less than 2^15
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
        return wasm_v128_and(sub_block ? wasm_u16x8_shr(both, 4) : both, kept(wasm_i8x16_const_splat(15)));
    }
    v128_t scales(int sub_block) const {
        const v128_t all = factors[sub_block];
        return wasm_u16x8_extend_low_u8x16(wasm_i32x4_shuffle(all, all, 0, 2, 0, 2));
    }
    v128_t minima(int sub_block) const {
        const v128_t all = factors[sub_block];
        return wasm_u16x8_extend_low_u8x16(wasm_i32x4_shuffle(all, all, 1, 3, 1, 3));
    }
    template <int ROWS> static const void * sums(const Rows<ROWS> & rows, int part, int, int r) {
        return rows.sums32[part][r];
    }
    static constexpr const ggml_half * scales_of_minima(const Block & block) { return block.dmin; }
};

// 2 parts of eight sub-blocks of 4 vectors. Two sub-blocks have their upper two bits in the same bits of `qh`.
struct Q6K {
    using Block = block_q6_Kx8;
    static constexpr int PARTS = 2, SUB_BLOCKS = 8, VECTORS = 4;
    static constexpr int SHORT_VECTORS = 2;  // 2 * 2 * 63 * 127 is less than 2^15
    const int8_t * first;

    Q6K(const Block & block, int part) : first(block.scales + COLUMNS * SUB_BLOCKS * part) {
        fetch(block.ql + sizeof(block.ql) / PARTS * part, sizeof(block.ql) / PARTS);
        fetch(block.qh + sizeof(block.qh) / PARTS * part, sizeof(block.qh) / PARTS);
    }
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
        return wasm_v128_or(wasm_v128_and(low, kept(wasm_i8x16_const_splat(0x0f))),
                            wasm_v128_and(high, kept(wasm_i8x16_const_splat(0x30))));
    }
    v128_t scales(int sub_block) const { return wasm_i16x8_load8x8(first + COLUMNS * sub_block); }
    v128_t minima(int sub_block) const { return scales(sub_block); }
    template <int ROWS> static const void * sums(const Rows<ROWS> & rows, int part, int pair, int r) {
        return rows.sums + 4 * (ROWS * (2 * part + pair / 2) + r) + 2 * (pair % 2);
    }
    static constexpr const ggml_half * scales_of_minima(const Block &) { return nullptr; }
};

// The same with everything in vectors, ready to be used with many rows.
template <typename Packed> struct Unpacked {
    static constexpr int PARTS = Packed::PARTS, SUB_BLOCKS = Packed::SUB_BLOCKS, VECTORS = Packed::VECTORS;
    static constexpr int SHORT_VECTORS = Packed::SHORT_VECTORS;

    struct Block {
        v128_t weights[PARTS][SUB_BLOCKS][VECTORS][2];
        v128_t scales[PARTS][SUB_BLOCKS], minima[PARTS][SUB_BLOCKS];
        float  d[COLUMNS], dmin[COLUMNS];

        void unpack(const typename Packed::Block & from) {
            const ggml_half * more = Packed::scales_of_minima(from);
            for (int c = 0; c < COLUMNS; c += 4) {
                wasm_v128_store(d + c, floats(from.d + c));
                if (more) {
                    wasm_v128_store(dmin + c, floats(more + c));
                }
            }
            for (int part = 0; part < PARTS; part++) {
                const Packed packed(from, part);
#pragma clang loop unroll(full)
                for (int i = 0; i < SUB_BLOCKS; i++) {
                    for (int k = 0; k < VECTORS; k++) {
                        weights[part][i][k][0] = Packed::weights(from, part, i, k, 0);
                        weights[part][i][k][1] = Packed::weights(from, part, i, k, 1);
                    }
                    scales[part][i] = packed.scales(i);
                    minima[part][i] = packed.minima(i);
                }
            }
        }
    };
    const v128_t *all_scales, *all_minima;

    Unpacked(const Block & block, int part) : all_scales(block.scales[part]), all_minima(block.minima[part]) {}
    static v128_t weights(const Block & block, int part, int sub_block, int i, int half) {
        return block.weights[part][sub_block][i][half];
    }
    v128_t scales(int sub_block) const { return all_scales[sub_block]; }
    v128_t minima(int sub_block) const { return all_minima[sub_block]; }
    template <int ROWS> static const void * sums(const Rows<ROWS> & rows, int part, int pair, int r) {
        return Packed::sums(rows, part, pair, r);
    }
    static constexpr const float * scales_of_minima(const Block & block) {
        return std::is_same_v<Packed, Q4K> ? block.dmin : nullptr;
    }
};

// Adds the products of one block to total[h][r], those of the four columns of half h with row r.
template <typename Sum, int ROWS, typename Weights>
inline void multiply_block(const typename Weights::Block & block, const Rows<ROWS> & rows, v128_t total[2][ROWS]) {
    constexpr int STEP = ADDED_UP<Sum, Weights>;
    v128_t        sum[2][ROWS], minima[2][ROWS];
    for (int h = 0; h < 2; h++) {
        for (int r = 0; r < ROWS; r++) {
            sum[h][r] = minima[h][r] = wasm_i32x4_const_splat(0);
        }
    }
    for (int part = 0; part < Weights::PARTS; part++) {
        const Weights weights(block, part);
#pragma clang loop unroll(full)
        for (int i = 0; i < Weights::SUB_BLOCKS; i++) {
            const v128_t scales = weights.scales(i);
#pragma clang loop unroll(full)
            for (int from = 0; from < Weights::VECTORS; from += STEP) {
                Sum products[2][ROWS];
                for (int h = 0; h < 2; h++) {
                    for (int r = 0; r < ROWS; r++) {
                        products[h][r].start();
                    }
                }
#pragma clang loop unroll(full)
                for (int k = from; k < from + STEP; k++) {
#pragma clang loop unroll(full)
                    for (int h = 0; h < 2; h++) {
                        const v128_t w   = Weights::weights(block, part, i, k, h);
                        const int    at  = Weights::VECTORS * (Weights::SUB_BLOCKS * part + i) + k;
                        const auto   add = [&]<int... R>(std::integer_sequence<int, R...>) {
                            (products[h][R].add(activations<Sum, R>(rows, at), w), ...);
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
                    for (int r = 0; r < ROWS; r++) {
                        sum[h][r] = wasm_i32x4_add(sum[h][r], scaled(products[h][r], scales, h));
                    }
                }
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < Weights::SUB_BLOCKS; i += 2) {
            for (int h = 0; h < 2; h++) {
                const v128_t pairs = in_pairs(weights.minima(i), weights.minima(i + 1), h);
                for (int r = 0; r < ROWS; r++) {
                    const v128_t sums = wasm_v128_load32_splat(Weights::sums(rows, part, i / 2, r));
                    minima[h][r]      = wasm_i32x4_add(minima[h][r], wasm_i32x4_dot_i16x8(pairs, sums));
                }
            }
        }
    }
    const auto add = [&](const auto * scales, const v128_t from[2][ROWS]) {
        for (int h = 0; h < 2; h++) {
            const v128_t scale = floats(scales + 4 * h);
            for (int r = 0; r < ROWS; r++) {
                const v128_t both = wasm_f32x4_mul(scale, wasm_v128_load32_splat(rows.scale + r));
                total[h][r]       = multiply_add(wasm_f32x4_convert_i32x4(from[h][r]), both, total[h][r]);
            }
        }
    };
    const auto * own = Weights::scales_of_minima(block);
    for (int h = 0; h < 2; h++) {
        for (int r = 0; r < ROWS; r++) {
            if (own) {
                minima[h][r] = wasm_i32x4_neg(minima[h][r]);
            } else {
                sum[h][r] = wasm_i32x4_sub(sum[h][r], wasm_i32x4_shl(minima[h][r], 5));
            }
        }
    }
    add(block.d, sum);
    if (own) {
        add(own, minima);
    }
}

// s[r * stride + c] = rows r of activations times columns c of weights, for c < COLUMNS * groups and r < ROWS. `streams`
// (at most STREAMS, a divisor of `groups`) are multiplied together.
template <typename Sum, int ROWS, typename Weights>
void multiply(int blocks, float * s, size_t stride, const typename Weights::Block * block, const Rows<ROWS> * panel,
              int groups, int streams) {
    const int apart = groups / streams;
    for (int g = 0; g < apart; g++, s += COLUMNS) {
        v128_t total[STREAMS][2][ROWS];
        for (int i = 0; i < streams; i++) {
            for (int r = 0; r < ROWS; r++) {
                total[i][0][r] = total[i][1][r] = wasm_f32x4_const_splat(0);
            }
        }
        for (int b = 0; b < blocks; b++, block++) {
            for (int i = 0; i < streams; i++) {
                multiply_block<Sum, ROWS, Weights>(block[(size_t) i * apart * blocks], panel[b], total[i]);
            }
        }
        for (int i = 0; i < streams; i++) {
            for (int r = 0; r < ROWS; r++) {
                wasm_v128_store(s + r * stride + COLUMNS * i * apart, total[i][0][r]);
                wasm_v128_store(s + r * stride + COLUMNS * i * apart + 4, total[i][1][r]);
            }
        }
    }
}

template <typename Sum, typename Weights> void gemv(int n, float * s, const void * vx, const void * vy, int nc) {
    static thread_local std::vector<Rows<1>> panel;
    const auto *                             weights = (const typename Weights::Block *) vx;
    const block_q8_K *                       row     = (const block_q8_K *) vy;
    const int                                blocks  = n / QK_K;
    panel.resize(blocks);
    for (int b = 0; b < blocks; b++) {
        panel[b].fill(&row[b].d, row[b].qs, row[b].bsums, std::is_same_v<Sum, ExactSum>);
    }
    const int groups = nc / COLUMNS, rest = groups % STREAMS;
    multiply<Sum, 1, Weights>(blocks, s, 0, weights, panel.data(), groups - rest, STREAMS);
    multiply<Sum, 1, Weights>(blocks, s + (groups - rest) * COLUMNS, 0, weights + (size_t) (groups - rest) * blocks,
                              panel.data(), rest, 1);
}

// So many times four rows at once: enough to unpack weights for, and few enough to stay in a processor's cache.
constexpr int PANELS = 16;

template <typename Sum, typename Weights>
void gemm(int n, float * s, size_t stride, const void * vx, const void * vy, int nr, int nc) {
    struct Panels {
        std::vector<Rows<4>> rows;
        Source               source;
    };
    static thread_local std::vector<Panels>                            made;  // see whole_gemm in kernels.cpp
    static thread_local std::vector<typename Unpacked<Weights>::Block> unpacked;
    const auto *         weights = (const typename Weights::Block *) vx;
    const block_q8_Kx4 * rows    = (const block_q8_Kx4 *) vy;
    const int            blocks  = n / QK_K;
    unpacked.resize(blocks);
    made.resize(std::max(made.size(), (size_t) nr / (4 * PANELS) + 1));
    for (int p = 0; p < nr / 4; p += PANELS, s += 4 * PANELS * stride, rows += PANELS * blocks) {
        const int count  = std::min(nr / 4 - p, PANELS);
        Panels &  panels = made[meeting() ? p / PANELS : 0];
        if (!panels.source.is(rows, count * blocks)) {
            panels.rows.resize(count * blocks);
            for (int b = 0; b < count * blocks; b++) {
                panels.rows[b].fill(rows[b].d, rows[b].qs, rows[b].bsums, std::is_same_v<Sum, ExactSum>);
            }
        }
        for (int g = 0; g < nc / COLUMNS; g++) {
            for (int b = 0; b < blocks; b++) {
                unpacked[b].unpack(weights[(size_t) g * blocks + b]);
            }
            for (int i = 0; i < count; i++) {
                multiply<Sum, 4, Unpacked<Weights>>(blocks, s + 4 * i * stride + COLUMNS * g, stride, unpacked.data(),
                                                    panels.rows.data() + i * blocks, 1, 1);
            }
        }
    }
}

// Calls `work` with the kind of sums that suits this machine.
template <typename Work> void with_sums(Work work) {
#ifdef __wasm_relaxed_simd__
    switch (dot_semantics()) {
        case Dot::none: break;
        case Dot::seven_bits: return work(ShortSum{});
        default: return work(LongSum{});
    }
#endif
    work(ExactSum{});
}

template <typename Weights> void whole_gemv(int n, float * s, const void * vx, const void * vy, int nc) {
    with_sums([&](auto sum) { gemv<decltype(sum), Weights>(n, s, vx, vy, nc); });
}

template <typename Weights>
void whole_gemm(int n, float * s, size_t stride, const void * vx, const void * vy, int nr, int nc) {
    with_sums([&](auto sum) { gemm<decltype(sum), Weights>(n, s, stride, vx, vy, nr, nc); });
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
