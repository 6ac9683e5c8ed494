// Matrix products of weights that upstream did not repack: the vision encoder's, and attention.
//
// Owns upstream's hook for whole products, `llamafile_sgemm`, in place of llamafile's own kernels, which know no
// WebAssembly. Four rows of weights at a time are brought into the kernels' layout on the way; that pays from a few rows
// of activations on, below which it declines and upstream goes on as usual.

#include "llamafile/sgemm.h"

#include "ggml-cpu-impl.h"
#include "kernels.h"
#include "simd-mappings.h"

#include <cstring>
#include <vector>

namespace {

constexpr int64_t WORTH_IT = 4;

void q8_0(int64_t first, int64_t last, int64_t m, int64_t n, int64_t blocks, const block_q8_0 * a, int64_t lda,
          const block_q8_0 * b, int64_t ldb, float * c, int64_t ldc) {
    static thread_local std::vector<cloche::Panel> panels;
    static thread_local std::vector<block_q8_0x4>  packed;
    const int64_t                                  row_groups = (n + 3) / 4;
    panels.resize(row_groups * blocks);
    packed.resize(blocks);
    for (int64_t g = 0; g < row_groups; g++) {
        const block_q8_0 * rows[4];
        for (int64_t r = 0; r < 4; r++) {
            rows[r] = 4 * g + r < n ? b + (4 * g + r) * ldb : nullptr;
        }
        cloche::fill_panels(panels.data() + g * blocks, rows, (int) blocks, cloche::offset_q8_0());
    }
    for (int64_t j = first; j < last; j += 4) {
        const int64_t columns = m - j < 4 ? m - j : 4;
        for (int64_t i = 0; i < blocks; i++) {
            block_q8_0x4 & to = packed[i];
            for (int64_t column = 0; column < 4; column++) {
                const block_q8_0 & from = a[(j + (column < columns ? column : 0)) * lda + i];
                to.d[column]            = from.d;
                for (int k = 0; k < 8; k++) {
                    memcpy(to.qs + 16 * k + 4 * column, from.qs + 4 * k, 4);
                }
            }
        }
        for (int64_t g = 0; g < row_groups; g++) {
            const int64_t rows = n - 4 * g < 4 ? n - 4 * g : 4;
            if (columns == 4) {
                cloche::multiply_q8_0((int) blocks, c + 4 * g * ldc + j, ldc, packed.data(),
                                      panels.data() + g * blocks, (int) rows, 1);
                continue;
            }
            float whole[16];
            cloche::multiply_q8_0((int) blocks, whole, 4, packed.data(), panels.data() + g * blocks, (int) rows, 1);
            for (int64_t r = 0; r < rows; r++) {
                memcpy(c + (4 * g + r) * ldc + j, whole + 4 * r, columns * sizeof(float));
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
        q8_0(first, last, m, n, k, (const block_q8_0 *) a, lda, (const block_q8_0 *) b, ldb, to, ldc);
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
