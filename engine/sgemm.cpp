// Matrix products of weights that upstream did not repack: the vision encoder's, and attention.
//
// Owns upstream's hook for whole products, `llamafile_sgemm`, in place of llamafile's own kernels, which know no
// WebAssembly. A few rows of weights at a time are brought into the kernels' layout on the way; that pays from a few rows
// of activations on, below which it declines and upstream goes on as usual.

#include "llamafile/sgemm.h"

#include "ggml-cpu-impl.h"
#include "kernels.h"
#include "simd-mappings.h"

#include <cstring>
#include <vector>

#include <wasm_simd128.h>

namespace {

constexpr int64_t WORTH_IT = 4;
constexpr int64_t COLUMNS  = 4 * cloche::GROUPS;

// One block of each of four rows side by side, four quants of each in turn.
void pack(block_q8_0x4 & to, const block_q8_0 & a, const block_q8_0 & b, const block_q8_0 & c, const block_q8_0 & d) {
    to.d[0] = a.d;
    to.d[1] = b.d;
    to.d[2] = c.d;
    to.d[3] = d.d;
    for (int i = 0; i < QK8_0; i += 16) {
        const v128_t p = wasm_v128_load(a.qs + i), q = wasm_v128_load(b.qs + i);
        const v128_t r = wasm_v128_load(c.qs + i), s = wasm_v128_load(d.qs + i);
        const v128_t pq[] = { wasm_i32x4_shuffle(p, q, 0, 4, 1, 5), wasm_i32x4_shuffle(p, q, 2, 6, 3, 7) };
        const v128_t rs[] = { wasm_i32x4_shuffle(r, s, 0, 4, 1, 5), wasm_i32x4_shuffle(r, s, 2, 6, 3, 7) };
        for (int k = 0; k < 2; k++) {
            wasm_v128_store(to.qs + 4 * i + 32 * k, wasm_i32x4_shuffle(pq[k], rs[k], 0, 1, 4, 5));
            wasm_v128_store(to.qs + 4 * i + 32 * k + 16, wasm_i32x4_shuffle(pq[k], rs[k], 2, 3, 6, 7));
        }
    }
}

void q8_0(int64_t first, int64_t last, int64_t n, int64_t blocks, const block_q8_0 * a, int64_t lda,
          const block_q8_0 * b, int64_t ldb, float * c, int64_t ldc) {
    static thread_local cloche::Activations       activations;
    static thread_local std::vector<block_q8_0x4> packed;
    static thread_local std::vector<float>        partial;
    const int                                     near = cloche::rows_near(blocks);
    packed.resize(COLUMNS / 4 * blocks);
    for (int64_t r = 0; r < n; r += near) {
        const int rows = (int) std::min<int64_t>(n - r, near);
        activations.make_room(cloche::WeightType::q8_0, (rows + 3) / 4 * blocks);
        for (int64_t i = 0; i < rows; i += 4) {
            const block_q8_0 * four[4];
            for (int64_t k = 0; k < 4; k++) {
                four[k] = i + k < rows ? b + (r + i + k) * ldb : nullptr;
            }
            activations.fill(i / 4 * blocks, four, (int) blocks);
        }
        for (int64_t j = first; j < last; j += COLUMNS) {
            const int64_t columns = std::min(last - j, COLUMNS);
            const int     groups  = (int) (columns + 3) / 4;
            for (int64_t i = 0; i < groups * blocks; i++) {
                const block_q8_0 * four[4];
                for (int64_t k = 0; k < 4; k++) {
                    four[k] = a + std::min(j + i / blocks * 4 + k, last - 1) * lda + i % blocks;
                }
                pack(packed[i], *four[0], *four[1], *four[2], *four[3]);
            }
            float * to = c + r * ldc + j;
            if (columns % 4 == 0) {
                cloche::multiply_q8_0((int) blocks, to, ldc, packed.data(), activations, rows, groups);
                continue;
            }
            partial.resize(rows * COLUMNS);
            cloche::multiply_q8_0((int) blocks, partial.data(), COLUMNS, packed.data(), activations, rows, groups);
            for (int64_t i = 0; i < rows; i++) {
                memcpy(to + i * ldc, partial.data() + COLUMNS * i, columns * sizeof(float));
            }
        }
    }
}

inline float as_float(float value) {
    return value;
}

inline float as_float(ggml_fp16_t value) {
    return GGML_CPU_FP16_TO_FP32(value);
}

// Rows of half floats as floats, one after the other.
const float * unpacked(const ggml_fp16_t * b, int64_t ldb, int64_t n, int64_t k) {
    static thread_local std::vector<float> rows;
    rows.resize(n * k);
    for (int64_t r = 0; r < n; r++) {
        for (int64_t i = 0; i < k; i++) {
            rows[r * k + i] = as_float(b[r * ldb + i]);
        }
    }
    return rows.data();
}

template <typename Weight>
void floats(int64_t first, int64_t last, int64_t m, int64_t n, int64_t k, const Weight * a, int64_t lda, const float * b,
            int64_t ldb, float * c, int64_t ldc) {
    static thread_local std::vector<float> packed;
    packed.resize(4 * k);
    for (int64_t j = first; j < last; j += 4) {
        const int64_t columns = m - j < 4 ? m - j : 4;
        for (int64_t column = 0; column < 4; column++) {
            const Weight * from = a + (j + (column < columns ? column : 0)) * lda;
            for (int64_t i = 0; i < k; i++) {
                packed[4 * i + column] = as_float(from[i]);
            }
        }
        cloche::multiply_f32(k, c + j, ldc, packed.data(), b, ldb, n, (int) columns);
    }
}

}  // namespace

bool llamafile_sgemm(const struct ggml_compute_params * params, int64_t m, int64_t n, int64_t k, const void * a,
                     int64_t lda, const void * b, int64_t ldb, void * c, int64_t ldc, int a_type, int b_type,
                     int c_type) {
    if (n < WORTH_IT || c_type != GGML_TYPE_F32) {
        return false;
    }
    // Each thread has its own share of the weights' rows, in whole groups of four.
    const int64_t groups = (m + 3) / 4;
    const int64_t first  = 4 * (groups * params->ith / params->nth);
    const int64_t end    = 4 * (groups * (params->ith + 1) / params->nth);
    const int64_t last   = end < m ? end : m;
    float *       to     = (float *) c;
    if (a_type == GGML_TYPE_Q8_0 && b_type == GGML_TYPE_Q8_0) {
        q8_0(first, last, n, k, (const block_q8_0 *) a, lda, (const block_q8_0 *) b, ldb, to, ldc);
        return true;
    }
    if (a_type == GGML_TYPE_F32 && b_type == GGML_TYPE_F32) {
        floats(first, last, m, n, k, (const float *) a, lda, (const float *) b, ldb, to, ldc);
        return true;
    }
    if (a_type == GGML_TYPE_F16 && b_type == GGML_TYPE_F32) {
        floats(first, last, m, n, k, (const ggml_fp16_t *) a, lda, (const float *) b, ldb, to, ldc);
        return true;
    }
    if (a_type == GGML_TYPE_F16 && b_type == GGML_TYPE_F16) {
        floats(first, last, m, n, k, (const ggml_fp16_t *) a, lda, unpacked((const ggml_fp16_t *) b, ldb, n, k), k, to, ldc);
        return true;
    }
    return false;
}
